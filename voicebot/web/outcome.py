"""What became of a dial or of waiting in a queue, from the words and codes jambonz uses for it."""

from __future__ import annotations

from voicebot.call.record import TransferOutcome
from voicebot.dialog.types import Comeback
from voicebot.store.offers import OfferState
from voicebot.web.incoming import Hook

BUSY_CODES = (486, 600)
DECLINED_CODES = (603, 607)
NO_ANSWER_CODES = (408, 480, 487)
PROVISIONAL = ("trying", "ringing", "early-media")

COMEBACKS = {
    TransferOutcome.BUSY: Comeback.BUSY,
    TransferOutcome.DECLINED: Comeback.DECLINED,
    TransferOutcome.NO_ANSWER: Comeback.NO_ANSWER,
    TransferOutcome.MACHINE: Comeback.MACHINE,
    TransferOutcome.FAILED: Comeback.FAILED,
}


SETTLED = {
    TransferOutcome.ACCEPTED: OfferState.ACCEPTED,
    TransferOutcome.DECLINED: OfferState.DECLINED,
    TransferOutcome.NO_ANSWER: OfferState.NO_ANSWER,
    TransferOutcome.BUSY: OfferState.BUSY,
    TransferOutcome.MACHINE: OfferState.MACHINE,
    TransferOutcome.FAILED: OfferState.FAILED,
    TransferOutcome.ABANDONED: OfferState.ABANDONED,
}

QUEUE_RESULTS = {
    "bridged": TransferOutcome.ACCEPTED,
    "leave": TransferOutcome.NO_ANSWER,
    "hangup": TransferOutcome.ABANDONED,
}


def queued(hook: Hook) -> TransferOutcome:
    """How the waiting of this `actionHook` ended; anything but being connected, leaving or hanging up failed."""
    result = QUEUE_RESULTS.get(hook.queue_result, TransferOutcome.FAILED)
    return TransferOutcome.ABANDONED if hook.over and result is not TransferOutcome.ACCEPTED else result


def outcome(hook: Hook, answer: TransferOutcome | None = None) -> TransferOutcome:
    """How the dial of this `actionHook` went.

    answer: what the person who answered said by pressing a key, or by pressing none.

    A leg was bridged if and only if `dial_call_status` is `completed` and `dial_sip_status` is 200: a person
    who answered, heard the whisper and hung up leaves `completed` without a code. After a ring timeout
    jambonz 0.9 shows the last provisional status instead of `no-answer`. An empty pair means that no leg
    could be created.
    """
    if hook.dial_status == "completed" and hook.dial_sip_status == 200:
        return TransferOutcome.ACCEPTED
    if hook.over:
        return TransferOutcome.ABANDONED
    return _refusal(hook.dial_status, hook.dial_sip_status, answer)


def _refusal(status: str, code: int | None, answer: TransferOutcome | None) -> TransferOutcome:
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
            # Answered, but not taken; without a word from them they left while they were told who is calling.
            told = answer is not None and answer is not TransferOutcome.ACCEPTED
            return answer if answer is not None and told else TransferOutcome.DECLINED
        case _ if status in PROVISIONAL:
            return TransferOutcome.NO_ANSWER
        case _:
            return TransferOutcome.FAILED
