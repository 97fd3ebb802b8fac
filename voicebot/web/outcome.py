"""What became of a dial, from the words and codes jambonz uses for it."""

from __future__ import annotations

from voicebot.call.record import TransferOutcome
from voicebot.dialog.types import Comeback
from voicebot.web.incoming import Hook

BUSY_CODES = (486, 600)
DECLINED_CODES = (603, 607)
NO_ANSWER_CODES = (408, 480, 487)
PROVISIONAL = ("trying", "ringing", "early-media")

COMEBACKS = {
    TransferOutcome.BUSY: Comeback.BUSY,
    TransferOutcome.DECLINED: Comeback.DECLINED,
    TransferOutcome.NO_ANSWER: Comeback.NO_ANSWER,
    TransferOutcome.FAILED: Comeback.FAILED,
}


def outcome(hook: Hook) -> TransferOutcome:
    """How the dial of this `actionHook` went.

    A leg was bridged if and only if `dial_call_status` is `completed` and `dial_sip_status` is 200: a person
    who answered, heard the whisper and hung up leaves `completed` without a code. After a ring timeout
    jambonz 0.9 shows the last provisional status instead of `no-answer`. An empty pair means that no leg
    could be created.
    """
    if hook.dial_status == "completed" and hook.dial_sip_status == 200:
        return TransferOutcome.ACCEPTED
    if hook.over:
        return TransferOutcome.ABANDONED
    return _refusal(hook.dial_status, hook.dial_sip_status)


def _refusal(status: str, code: int | None) -> TransferOutcome:
    if code in BUSY_CODES:
        return TransferOutcome.BUSY
    if code in DECLINED_CODES:
        return TransferOutcome.DECLINED
    if code in NO_ANSWER_CODES:
        return TransferOutcome.NO_ANSWER
    if code is not None and code >= 300:
        return TransferOutcome.FAILED
    match status:
        case "busy":
            return TransferOutcome.BUSY
        case "no-answer":
            return TransferOutcome.NO_ANSWER
        case "in-progress" | "completed":
            # Answered, but left while it was being told who is calling.
            return TransferOutcome.DECLINED
        case _ if status in PROVISIONAL:
            return TransferOutcome.NO_ANSWER
        case _:
            return TransferOutcome.FAILED
