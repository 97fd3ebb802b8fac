"""A CRM that keeps what it was told and fails when asked to."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.crm.port import Attempt, CallNote, Crm


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery as it came."""

    note: CallNote
    attempt: Attempt


class FakeCrm(Crm):
    """A CRM in memory.

    failures: raised by the next deliveries, one each, in order.
    told: every delivery, failed or not. written: the notes taken, by their ids.
    """

    def __init__(self, name: str = "fake") -> None:
        self._name = name
        self.failures: list[BaseException] = []
        self.told: list[Told] = []
        self.written: dict[str, CallNote] = {}

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Take the note, or raise the next failure."""
        self.told.append(Told(note, attempt))
        if self.failures:
            raise self.failures.pop(0)
        identity = f"note-{len(self.written) + 1}"
        self.written[identity] = note
        return identity

    def erase(self, external_id: str) -> bool:
        """Let go of a note, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        return self.written.pop(external_id, None) is not None

    def check(self) -> str:
        """Always usable."""
        return f"{self._name}: keeps notes in memory"
