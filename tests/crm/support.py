"""What the tests of every connector need: a clock, an outbox of one row, and a worker's patience."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.crm.test_note import NOTE
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.errors import CrmError, CrmUnavailable


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Ledger:
    """What the outbox keeps for one delivery: progress, and whether an attempt left doubt."""

    repeat: bool = False
    progress: dict[str, str] = field(default_factory=dict)

    def attempt(self) -> Attempt:
        return Attempt(repeat=self.repeat, progress=dict(self.progress), save=self._save)

    def _save(self, progress: Mapping[str, str]) -> None:
        self.progress.update(progress)


def deliver_until_done(
    crm: Crm, note: CallNote = NOTE, ledger: Ledger | None = None, tries: int = 5
) -> tuple[str, list[CrmError]]:
    """Deliver as the worker does, keeping doubt and progress between attempts; the id, and the errors."""
    ledger = ledger or Ledger()
    errors: list[CrmError] = []
    for _ in range(tries):
        try:
            return crm.deliver(note, ledger.attempt()), errors
        except CrmError as error:
            errors.append(error)
            ledger.repeat |= isinstance(error, CrmUnavailable) and error.ambiguous
    raise AssertionError(errors)
