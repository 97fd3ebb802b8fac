"""Virtual time and entries of an ordinary call, for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from voicebot.call.record import Disposition, EndEntry, Speaker, Timings, TurnEntry
from voicebot.store import Records
from voicebot.store.views import WrapUp

EPOCH = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A time of day that moves only when told."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        """Let `seconds` go by."""
        self.now += timedelta(seconds=seconds)


def url(folder: Path) -> str:
    """The URL of a SQLite file in `folder`."""
    return f"sqlite:///{folder / 'voicebot.db'}"


def start(records: Records, call_id: str = "call-1", node: str = "media-1") -> None:
    """An ordinary call begins."""
    records.start(call_id, "+14155550100", "+14155550199", "jambonz", "shop", node)


def written(records: Records, call_id: str, agent: str) -> WrapUp | None:
    """What `agent` wrote about the call, or None."""
    view = records.call(call_id)
    assert view is not None
    return next((each for each in view.wrap_ups if each.agent == agent), None)


def said(number: int, text: str, intent: str | None = None, **slots: str) -> TurnEntry:
    """A caller's turn of one second, two seconds after the one before."""
    return TurnEntry(
        number=number,
        speaker=Speaker.CALLER,
        text=text,
        started=number * 2.0,
        ended=number * 2.0 + 1.0,
        intent=intent,
        confidence=None if intent is None else 0.9,
        slots=slots,
        timings=Timings(last_voice=number * 2.0 + 1.0, decode_seconds=0.125),
    )


def ended(
    disposition: Disposition = Disposition.COMPLETED,
    reason: str = "goodbye",
    intent: str | None = "order_status",
    summary: str = "Asked for order 1234.",
    **slots: str,
) -> EndEntry:
    """The end of an ordinary call."""
    return EndEntry(
        at=30.0,
        disposition=disposition,
        reason=reason,
        intent=intent,
        confidence=0.0 if intent is None else 0.8,
        slots=slots,
        summary=summary,
    )
