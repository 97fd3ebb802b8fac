"""How a call ended, in the words of the record."""

from __future__ import annotations

from voicebot.call.record import Disposition, EndEntry
from voicebot.dialog.types import Conversation, HangUp, Transfer


def outcome(plan: Transfer | HangUp) -> tuple[Disposition, str]:
    """The disposition of a call that left with `plan`, and the reason."""
    match plan:
        case Transfer(reason=reason):
            return Disposition.TRANSFERRED, reason.value
        case HangUp(reason):
            return Disposition.COMPLETED, reason


def last_entry(now: float, disposition: Disposition, reason: str, conversation: Conversation) -> EndEntry:
    """The entry that closes the record, with what the whole call was about."""
    meaning = conversation.meaning
    return EndEntry(
        now, disposition, reason, meaning.intent, meaning.confidence, dict(meaning.slots), conversation.summary
    )
