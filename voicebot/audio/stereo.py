"""Both sides of a call on one time line: the caller left, the bot right."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicebot.audio.pcm import SAMPLE_RATE, Pcm

Stereo: TypeAlias = npt.NDArray[np.int16]
"""Samples by two: caller, bot; int16 at `SAMPLE_RATE`."""

JITTER = 0.1
"""Seconds a frame may be early or late and still join on to the one before it; beyond that it is a gap."""

CALLER, BOT = 0, 1


class StereoTrack:
    """Puts what arrives and what is played in its place. Pure; holds only what may still change.

    Times are seconds since the track began. What lies before a `take` is settled: later audio for it is dropped.
    """

    def __init__(self) -> None:
        self._pending = np.zeros((0, 2), np.int16)
        self._taken = 0
        self._heard_to = 0

    def caller(self, pcm: Pcm, now: float) -> None:
        """Audio of the caller whose last sample arrived at `now`; frames that come in a row stay in a row."""
        start = round(now * SAMPLE_RATE) - len(pcm)
        if abs(start - self._heard_to) <= JITTER * SAMPLE_RATE:
            start = self._heard_to
        start = max(start, self._heard_to)
        self._put(CALLER, pcm, start)
        self._heard_to = start + len(pcm)

    def bot(self, pcm: Pcm, starts: float) -> None:
        """Audio the caller will hear from `starts` on."""
        self._put(BOT, pcm, round(starts * SAMPLE_RATE))

    def cut(self, now: float) -> None:
        """The bot fell silent at `now`: what was to be heard after it will not be."""
        self._pending[max(0, round(now * SAMPLE_RATE) - self._taken) :, BOT] = 0

    def take(self, until: float) -> Stereo:
        """Everything up to `until`, silence where nobody spoke. shape: (samples, 2)."""
        samples = max(0, round(until * SAMPLE_RATE) - self._taken)
        self._reach(self._taken + samples)
        taken, self._pending = self._pending[:samples], self._pending[samples:]
        self._taken += samples
        self._heard_to = max(self._heard_to, self._taken)
        return taken

    @property
    def ends(self) -> float:
        """Seconds up to the last sample put anywhere."""
        return (self._taken + len(self._pending)) / SAMPLE_RATE

    def _put(self, side: int, pcm: Pcm, start: int) -> None:
        place = start - self._taken
        if place < 0:
            pcm, place = pcm[-place:], 0
        self._reach(self._taken + place + len(pcm))
        self._pending[place : place + len(pcm), side] = pcm

    def _reach(self, end: int) -> None:
        missing = end - self._taken - len(self._pending)
        if missing > 0:
            self._pending = np.concatenate((self._pending, np.zeros((missing, 2), np.int16)))
