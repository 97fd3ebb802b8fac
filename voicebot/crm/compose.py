"""Turns the record of a call into what a CRM is told about it."""

from __future__ import annotations

from voicebot.call.record import Speaker, TransferOutcome, TurnEntry
from voicebot.crm.port import CallNote, NoteTurn
from voicebot.store.views import CallRow, CallView, TransferView

_SPEAKERS = {Speaker.CALLER: "Caller", Speaker.BOT: "Bot"}
_OUTCOMES = {
    TransferOutcome.ACCEPTED: "answered",
    TransferOutcome.DECLINED: "declined",
    TransferOutcome.NO_ANSWER: "no answer",
    TransferOutcome.BUSY: "busy",
    TransferOutcome.FAILED: "failed",
    TransferOutcome.ABANDONED: "caller hung up while waiting",
}


def compose(view: CallView) -> CallNote:
    """The note about the call as it is recorded now; what the recogniser invented is left out."""
    row = view.row
    ended = row.ended_at or row.started_at
    return CallNote(
        call_id=row.call_id,
        caller=row.caller,
        called=row.called,
        started_at=row.started_at,
        duration=max((ended - row.started_at).total_seconds(), 0.0),
        intent=row.intent,
        confidence=row.confidence,
        summary=row.summary,
        outcome=_outcome(row, view.transfers),
        slots=row.slots,
        turns=tuple(_turn(turn) for turn in view.turns if not turn.rejected and (turn.text or turn.keys)),
    )


def _outcome(row: CallRow, transfers: tuple[TransferView, ...]) -> str:
    ending = row.disposition.value if row.disposition else row.state.value
    parts = [f"{ending} ({row.reason})" if row.reason else ending]
    parts += [f"transfer to {transfer.target}: {_OUTCOMES[transfer.outcome]}" for transfer in transfers]
    return "; ".join(parts)


def _turn(turn: TurnEntry) -> NoteTurn:
    pressed = f"[keys {turn.keys}]" if turn.keys else ""
    broken = "[interrupted]" if turn.interrupted else ""
    text = " ".join(part for part in (turn.text, pressed, broken) if part)
    return NoteTurn(speaker=_SPEAKERS[turn.speaker], text=text)
