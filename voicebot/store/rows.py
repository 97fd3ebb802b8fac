"""Between table rows and the types everybody else sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row

from voicebot.call.record import (
    Disposition,
    EndEntry,
    Speaker,
    Timings,
    TransferOutcome,
    TroubleEntry,
    TurnEnd,
    TurnEntry,
)
from voicebot.store.views import (
    CallRow,
    CallState,
    Delivery,
    DeliveryState,
    Recording,
    TransferView,
    WrapUp,
    WrapUpDisposition,
)

PRESUMED_SUMMARY = "The call broke off before the bot could sum it up."


def turn_values(turn: TurnEntry) -> dict[str, Any]:
    """The columns of `turns` for one entry; times that did not happen are left out."""
    return {
        "number": turn.number,
        "speaker": turn.speaker.value,
        "text": turn.text,
        "started": turn.started,
        "ended": turn.ended,
        "interrupted": turn.interrupted,
        "keys": turn.keys,
        "intent": turn.intent,
        "confidence": turn.confidence,
        "slots": dict(turn.slots),
        "rejected": turn.rejected,
        "timings": {name: value for name, value in asdict(turn.timings).items() if value is not None},
        "reason": turn.reason.value if turn.reason is not None else None,
    }


def turn(row: Row[Any]) -> TurnEntry:
    """One row of `turns`. Timings and reasons this version does not know are left out."""
    known = {field.name for field in fields(Timings)}
    return TurnEntry(
        number=row.number,
        speaker=Speaker(row.speaker),
        text=row.text,
        started=row.started,
        ended=row.ended,
        interrupted=row.interrupted,
        keys=row.keys,
        intent=row.intent,
        confidence=row.confidence,
        slots=row.slots,
        rejected=row.rejected,
        timings=Timings(**{name: value for name, value in row.timings.items() if name in known}),
        reason=next((end for end in TurnEnd if end.value == row.reason), None),
    )


def trouble(row: Row[Any]) -> TroubleEntry:
    """One row of `troubles`."""
    return TroubleEntry(at=row.at, part=row.part, error=row.error)


def transfer(row: Row[Any]) -> TransferView:
    """One row of `transfers`."""
    return TransferView(
        target=row.target, outcome=TransferOutcome(row.outcome), sip_status=row.sip_status, at=row.at
    )


def call(row: Row[Any]) -> CallRow:
    """One row of `calls`."""
    return CallRow(
        call_id=row.call_id,
        caller=row.caller,
        called=row.called,
        gateway=row.gateway,
        dialog=row.dialog,
        node=row.node,
        state=CallState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        disposition=None if row.disposition is None else Disposition(row.disposition),
        reason=row.reason,
        intent=row.intent,
        confidence=row.confidence,
        summary=row.summary,
        slots=row.slots,
        over=row.over,
    )


def delivery(row: Row[Any]) -> Delivery:
    """One row of `deliveries`."""
    return Delivery(
        id=row.id,
        call_id=row.call_id,
        target=row.target,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        leased_until=row.leased_until,
        last_error=row.last_error,
        external_id=row.external_id,
        progress=row.progress,
        ambiguous=row.ambiguous,
        wrap_up=row.wrap_up,
    )


def wrap_up(row: Row[Any]) -> WrapUp:
    """One row of `wrap_ups`."""
    return WrapUp(
        id=row.id,
        call_id=row.call_id,
        agent=row.agent,
        notes=row.notes,
        disposition=None if row.disposition is None else WrapUpDisposition(row.disposition),
        version=row.version,
        begun_at=row.begun_at,
        saved_at=row.saved_at,
        hold_until=row.hold_until,
        finished_at=row.finished_at,
    )


def presumed_end(row: Row[Any], turns: Iterable[TurnEntry], reason: str, rescued: bool) -> EndEntry:
    """The end of a call whose own process did not live to tell, from the turns it left.

    row: of `calls`. Intent and confidence are those of the last caller turn that was understood.
    rescued: the gateway's safety net reached a person all the same.
    """
    intent: str | None = row.intent
    confidence: float = row.confidence
    slots: Mapping[str, str] = row.slots
    at = 0.0
    for entry in turns:
        at = max(at, entry.ended)
        slots = {**slots, **entry.slots}
        if entry.speaker is Speaker.CALLER and entry.intent is not None:
            intent, confidence = entry.intent, entry.confidence or 0.0
    known = "" if intent is None else f" Last understood: {intent}."
    filled = ", ".join(f"{name} {value}" for name, value in slots.items())
    return EndEntry(
        at=at,
        disposition=Disposition.TRANSFERRED if rescued else Disposition.ABANDONED,
        reason=reason,
        intent=intent,
        confidence=confidence,
        slots=slots,
        summary=f"{PRESUMED_SUMMARY}{known}" + (f" Given: {filled}." if filled else ""),
    )


def end_values(row: Row[Any], entry: EndEntry) -> dict[str, Any]:
    """The columns of `calls` that `entry` sets.

    A caller who came back has had two conversations with us: what the later one did not touch stays from the
    earlier, and their summaries follow each other. An end that was only presumed is replaced.
    """
    earlier = row.summary if row.streams > 1 and not row.presumed else ""
    summary = entry.summary if entry.summary.startswith(earlier) else f"{earlier} {entry.summary}".rstrip()
    return {
        "disposition": entry.disposition.value,
        "reason": entry.reason,
        "intent": row.intent if entry.intent is None else entry.intent,
        "confidence": row.confidence if entry.intent is None else entry.confidence,
        "summary": summary,
        "slots": {**row.slots, **entry.slots},
    }


def recording(row: Row[Any]) -> Recording:
    """A recording from its row."""
    return Recording(row.id, row.call_id, row.path, row.seconds, row.made_at)
