"""The caller's voice in virtual time, and the line that carries it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm
from voicebot.call.events import Frame

TICKS = round(1 / FRAME_SECONDS)
"""Frames a second."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the line does to the caller's frames. Patterns repeat for ever, one item a frame.

    loss: truthy items are frames that never arrive.
    delay: frames by which each is late; order is kept, so a late frame glues those behind it to itself.
    mute: no frames at all while the caller is silent.
    """

    loss: tuple[int, ...] = (0,)
    delay: tuple[int, ...] = (0,)
    mute: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of caller voice, and what the recogniser makes of it after `delay` seconds (None: never).

    start, frames: ticks. rejected: why the recogniser threw its text away, or "".
    error: the recogniser fails with this instead.
    """

    start: int
    frames: int
    text: str
    confidence: float
    delay: float | None
    rejected: str
    error: str


@dataclass(slots=True)
class CallerVoice:
    """Makes frames of what is `said`, whose samples tell a recogniser which of it they are."""

    said: list[Said] = field(default_factory=list)
    _on_the_way: deque[tuple[int, Frame]] = field(default_factory=deque)

    def frames(self, tick: int, network: Network) -> Iterator[Frame]:
        """What arrives in this `tick`, which is asked for once each, in order."""
        place = tick - 1
        frame, voiced = self._frame(place)
        lost = network.loss[place % len(network.loss)] or (network.mute and not voiced)
        if not lost:
            due = tick + network.delay[place % len(network.delay)]
            if self._on_the_way:
                due = max(due, self._on_the_way[-1][0])
            self._on_the_way.append((due, frame))
        while self._on_the_way and self._on_the_way[0][0] <= tick:
            yield self._on_the_way.popleft()[1]

    def _frame(self, place: int) -> tuple[Frame, bool]:
        """A frame, and whether there is voice in it; then it begins with what is said (by number) and where."""
        pcm = np.zeros(FRAME_SAMPLES, np.int16)
        for number, said in enumerate(self.said, 1):
            if said.start <= place < said.start + said.frames:
                pcm[0], pcm[1] = number, place - said.start
                return Frame(pcm, 0.95), True
        return Frame(pcm, 0.02), False

    def heard_in(self, pcm: Pcm) -> list[tuple[Said, float]]:
        """Which of the words are in the frames of `pcm`, and how much (0..1) of each."""
        frames = pcm.reshape(-1, FRAME_SAMPLES)
        numbers = sorted({int(number) for number in frames[:, 0]} - {0})
        return [
            (said, float((frames[:, 0] == number).sum()) / said.frames)
            for number in numbers
            for said in [self.said[number - 1]]
        ]
