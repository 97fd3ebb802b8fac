"""Where the time of a caller's turn went, stage by stage: what terminal, page and metrics show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from voicebot.call.record import Timings

SHORTEST = 1e-6
"""Seconds to which times are kept; what takes less takes none."""


class Stage(Enum):
    """One leg of the way from the caller's last voice to the reply. Some go on side by side.

    NOTICE: until the voice detector's silence was perceived.
    GUESS: until the pause was long enough to ask the recogniser.
    QUEUE, DECODE: the recogniser's wait for its engine, and the engine's work.
    PAUSE: until the turn was over by the rules, while the two before went on.
    DECIDE: from there until the dialog knew what to say; longer where the text or the dialog was late.
    VOICE: until the first audio of the reply was there.
    SEND: until it left for the gateway.
    PLAY: until the gateway confirmed that all of it was played.
    """

    NOTICE = "notice"
    GUESS = "guess"
    QUEUE = "queue"
    DECODE = "decode"
    PAUSE = "pause"
    DECIDE = "decide"
    VOICE = "voice"
    SEND = "send"
    PLAY = "play"


@dataclass(frozen=True, slots=True)
class Leg:
    """`stage` lasted from `start` to `end`, seconds as in `Timings`."""

    stage: Stage
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


_ENDS = {
    Stage.NOTICE: ("vad_end", ("last_voice",)),
    Stage.GUESS: ("queued", ("vad_end", "last_voice")),
    Stage.QUEUE: ("decoding", ("queued",)),
    Stage.DECODE: ("recognised", ("decoding", "queued")),
    Stage.PAUSE: ("committed", ("vad_end", "last_voice")),
    Stage.DECIDE: ("understood", ("committed",)),
    Stage.VOICE: ("ready", ("understood", "committed")),
    Stage.SEND: ("answered", ("ready", "understood", "committed")),
    Stage.PLAY: ("confirmed", ("answered",)),
}


def legs(timings: Timings) -> tuple[Leg, ...]:
    """The stages that happened, in order; one whose beginning is unknown begins with the stage before it.

    What ended before it began, because clocks were read on either side of a beat, took no time.
    """
    found: list[Leg] = []
    for stage, (name, beginnings) in _ENDS.items():
        end: float | None = getattr(timings, name)
        starts = (getattr(timings, beginning) for beginning in beginnings)
        start: float | None = next((one for one in starts if one is not None), None)
        if start is not None and end is not None:
            found.append(Leg(stage, min(start, end), end))
    return tuple(found)


def answered_in(timings: Timings) -> float | None:
    """Seconds from the caller's last voice to the first audio of the reply, for keys from the end of the entry.

    None where nothing answered the turn.
    """
    began = timings.last_voice if timings.last_voice is not None else timings.committed
    return None if began is None or timings.answered is None else timings.answered - began
