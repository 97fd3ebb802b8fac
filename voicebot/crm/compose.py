"""Turns the record of a call into what a CRM is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voicebot.call.record import Speaker, TransferOutcome, TurnEntry
from voicebot.crm.insight import Insight
from voicebot.crm.port import CallNote, NoteRecording, NoteTurn, NoteWrapUp
from voicebot.store.views import CallRow, CallView, TransferView, WrapUp

_SPEAKERS = {Speaker.CALLER: "Caller", Speaker.BOT: "Bot"}
_OUTCOMES = {
    TransferOutcome.ACCEPTED: "answered",
    TransferOutcome.DECLINED: "declined",
    TransferOutcome.NO_ANSWER: "no answer",
    TransferOutcome.BUSY: "busy",
    TransferOutcome.MACHINE: "answering machine",
    TransferOutcome.FAILED: "failed",
    TransferOutcome.ABANDONED: "caller hung up while waiting",
}


Mapped = Mapping[str, Mapping[str, str]]
"""By object (`contact`, `call`), the property's name to the value's, as `CrmPlan.fields` has it for one CRM."""


def compose(
    view: CallView, mapped: Mapped | None = None, wrap_up: int = 0, insight: Insight | None = None
) -> CallNote:
    """The note about the call as it is recorded now; what the recogniser invented is left out.

    mapped: which values the CRM in question takes as properties.
    insight: what a language model made of the call; its summary takes the place of the dialog's.
    wrap_up: id of the one the note is about, where that came too late for the call's own; see `Delivery`.
    """
    note = _late(view, wrap_up) if wrap_up else _note(view)
    if insight is not None:
        note = replace(
            note,
            summary=insight.summary,
            result=insight.outcome,
            sentiment=insight.sentiment,
            action_items=insight.action_items,
        )
    if not mapped:
        return note
    known = {**note.slots, **{f"call.{name}": value for name, value in _values(note).items()}}
    contact, fields = (
        {
            name: known[value].strip()
            for name, value in mapped.get(part, {}).items()
            if known.get(value, "").strip()
        }
        for part in ("contact", "call")
    )
    return replace(note, contact=contact, fields=fields)


def _values(note: CallNote) -> dict[str, str]:
    """What `call.` gives to a field mapping; see `voicebot.dialog.crm_plan.CALL_FIELDS`."""
    return {
        "id": note.call_id,
        "caller": note.caller,
        "called": note.called,
        "started_at": note.started_at.isoformat(timespec="seconds"),
        "seconds": str(round(note.duration)),
        "intent": note.intent or "",
        "confidence": f"{note.confidence:.2f}",
        "summary": note.summary,
        "outcome": note.outcome,
        "result": note.result,
        "sentiment": note.sentiment,
        "action_items": "; ".join(note.action_items),
    }


def _note(view: CallView) -> CallNote:
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
        wrap_ups=tuple(_wrap_up(each) for each in view.wrap_ups if not each.empty),
        recordings=tuple(NoteRecording(each.path, each.seconds) for each in view.recordings),
    )


def _late(view: CallView, wrap_up: int) -> CallNote:
    written = tuple(_wrap_up(each) for each in view.wrap_ups if each.id == wrap_up)
    call_id = f"{view.row.call_id}-wrap-up-{wrap_up}"
    return replace(
        _note(view),
        call_id=call_id,
        turns=(),
        slots={},
        wrap_ups=written,
        late=True,
        about=view.row.call_id,
        recordings=(),
    )


def _wrap_up(wrap_up: WrapUp) -> NoteWrapUp:
    ended = wrap_up.disposition.value.replace("_", " ") if wrap_up.disposition else ""
    return NoteWrapUp(wrap_up.agent, ended, wrap_up.notes)


def _outcome(row: CallRow, transfers: tuple[TransferView, ...]) -> str:
    parts = [f"{row.outcome} ({row.reason})" if row.reason else row.outcome]
    parts += [f"transfer to {transfer.target}: {_OUTCOMES[transfer.outcome]}" for transfer in transfers]
    return "; ".join(parts)


def _turn(turn: TurnEntry) -> NoteTurn:
    pressed = f"[keys {turn.keys}]" if turn.keys else ""
    broken = "[interrupted]" if turn.interrupted else ""
    text = " ".join(part for part in (turn.text, pressed, broken) if part)
    return NoteTurn(speaker=_SPEAKERS[turn.speaker], text=text)
