"""How a call ended, in the words of the record."""

from __future__ import annotations

from voicebot.call.record import Disposition, EndEntry
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import HangUp, Promise, Transfer

_OWED = {Promise.CALLBACK: Disposition.CALLBACK, Promise.VOICEMAIL: Disposition.VOICEMAIL}


def outcome(plan: Transfer | HangUp, conversation: Conversation) -> tuple[Disposition, str]:
    """The disposition of a call that left with `plan`, and the reason."""
    match plan:
        case Transfer(reason=reason):
            return Disposition.TRANSFERRED, reason.value
        case HangUp(reason):
            return _owed(conversation, Disposition.COMPLETED), reason


def hung_up(conversation: Conversation) -> tuple[Disposition, str]:
    """The disposition of a call that the caller ended, and the reason."""
    helped = Disposition.COMPLETED if conversation.settled else Disposition.ABANDONED
    return _owed(conversation, helped), "hung_up"


def _owed(conversation: Conversation, otherwise: Disposition) -> Disposition:
    promise = conversation.promise
    return otherwise if promise is None else _OWED[promise]


def last_entry(now: float, disposition: Disposition, reason: str, conversation: Conversation) -> EndEntry:
    """The entry that closes the record, with what the whole call was about."""
    meaning = conversation.meaning
    return EndEntry(
        now, disposition, reason, meaning.intent, meaning.confidence, dict(meaning.slots), conversation.summary
    )
