"""The caller's turns beside what the server made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.turn_latency.script import Line
from voicebot.call.record import Speaker, Timings, TurnEntry
from voicebot.testing.caller import Turn

EARLY = 0.3
"""How long before the caller began an entry may have begun and still be of this turn (clocks, pre-roll)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing a caller said.

    latency: seconds at the caller's ear, from the last voiced frame to the first sound; None when there was no
        reply or the bot was talking. entries: what the server noted for it, words or not.
    """

    line: Line
    latency: float | None
    entries: tuple[TurnEntry, ...]

    @property
    def cut(self) -> bool:
        """Whether the server took it for several turns."""
        return len(self._worded) > 1

    @property
    def understood(self) -> bool:
        """Whether it was one turn with the intent it should have."""
        return [entry.intent for entry in self._worded] == [self.line.intent]

    @property
    def heard(self) -> str:
        """The text as the server heard it."""
        return " | ".join(entry.text for entry in self._worded)

    @property
    def stages(self) -> dict[str, float] | None:
        """Where the time went, in seconds, for a turn that was answered without anything in between.

        The rest, up to the latency at the ear, is what the voice detector takes to see the end of the voice, the
        socket, and the callers' 20 ms.
        """
        if self.latency is None or len(self._worded) != 1:
            return None
        times = self._worded[0].timings
        parts = _stages(times)
        if parts is None or times.answered is None or times.last_voice is None:
            return None
        return {**parts, "outside": self.latency - (times.answered - times.last_voice)}

    @property
    def _worded(self) -> list[TurnEntry]:
        return [entry for entry in self.entries if entry.text and not entry.rejected]


def _stages(times: Timings) -> dict[str, float] | None:
    voice, queued, recognised = times.last_voice, times.queued, times.recognised
    committed, answered, decode = times.committed, times.answered, times.decode_seconds
    if None in (voice, queued, recognised, committed, answered):
        return None
    assert voice is not None
    assert queued is not None
    assert recognised is not None
    assert committed is not None
    assert answered is not None
    return {
        "pause before guess": queued - voice,
        "recogniser": recognised - queued,
        "of it decoding": decode if decode is not None else float("nan"),
        "rest of the pause": committed - recognised,
        "reply": answered - committed,
    }


def matched(
    lines: Sequence[Line], turns: Sequence[Turn], entries: Sequence[TurnEntry], offset: float
) -> list[Measured]:
    """Every turn of the caller with the entries of the record that began during it.

    offset: the caller's clock when the server's record begins, seconds.
    """
    measured = []
    for number, (line, turn) in enumerate(zip(lines, turns, strict=False)):
        begins = turn.started_at - EARLY
        ends = turns[number + 1].started_at - EARLY if number + 1 < len(turns) else float("inf")
        own = [
            entry
            for entry in entries
            if entry.speaker is Speaker.CALLER and begins <= entry.started + offset < ends
        ]
        measured.append(Measured(line, turn.latency, tuple(own)))
    return measured
