"""Where the time of a call's turns went, drawn for its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from voicebot.call.record import Speaker, TurnEntry
from voicebot.call.stages import SHORTEST, Leg, Stage, answered_in, legs

WIDTH, ROW, NARROWEST = 1000, 8, 4
"""Units of the drawing: its width, the height of a stage, and the width of one that took no time to speak of."""

WORDS = {
    Stage.NOTICE: "silence noticed",
    Stage.GUESS: "pause before the guess",
    Stage.QUEUE: "waited for the recogniser",
    Stage.DECODE: "recognised",
    Stage.PAUSE: "pause until the turn was over",
    Stage.DECIDE: "decided",
    Stage.VOICE: "voice made",
    Stage.SEND: "sent",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage: where it lies in the drawing, and what it was in words."""

    stage: str
    x: int
    y: int
    width: int
    words: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One turn of the caller.

    at: seconds since the call began. waited: seconds until its answer, if there was one.
    """

    at: float
    words: str
    waited: float | None
    reason: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """Units of the drawing."""
        return ROW * max(1, len(self.bars))


def waterfalls(turns: Iterable[TurnEntry]) -> tuple[Waterfall, ...]:
    """A drawing for each turn of the caller of which times were kept."""
    return tuple(_waterfall(turn) for turn in turns if turn.speaker is Speaker.CALLER and _drawn(turn))


def _waterfall(turn: TurnEntry) -> Waterfall:
    drawn = _drawn(turn)
    origin = min(leg.start for leg in drawn)
    seconds = max(leg.end for leg in drawn) - origin
    scale = WIDTH / seconds if seconds > SHORTEST else 0.0
    bars = []
    for row, leg in enumerate(drawn):
        x = min(round((leg.start - origin) * scale), WIDTH - NARROWEST)
        width = max(NARROWEST, round(leg.seconds * scale))
        bars.append(Bar(leg.stage.value, x, row * ROW, width, f"{WORDS[leg.stage]}: {leg.seconds:.3f} s"))
    return Waterfall(
        turn.started,
        turn.text or f"keys {turn.keys}",
        answered_in(turn.timings),
        turn.reason.value.replace("_", " ") if turn.reason is not None else "",
        tuple(bars),
    )


def _drawn(turn: TurnEntry) -> list[Leg]:
    return [leg for leg in legs(turn.timings) if leg.stage in WORDS]
