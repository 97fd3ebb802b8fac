"""Our own voice in the caller's audio: told by its likeness to what was played, faint as it may be."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from voicebot.audio.pcm import FRAME_SAMPLES, SAMPLE_RATE, Pcm

WINDOW = 15
"""Frames of the caller's audio that are compared: 0.3 s. In less, two voices of like pitch look alike."""

LATEST = 0.8
"""Seconds by which an echo may come later than we reckon it is played: networks and their buffers, both ways."""

EARLIEST = 0.1
"""Seconds by which it may come earlier."""

ALIKE = 0.7
"""Correlation (0..1) from which the caller's audio is ours: an echo has 0.8 to 0.97, another voice up to 0.55."""

STILL = 0.45
"""The same while it was ours just before: a lost frame tears what is compared in two."""

EVERY = 2
"""Frames after which it is compared anew."""

_STEP = 1600
"""Samples of which a transform's length is a multiple: such lengths have small prime factors only."""


class EchoGuard:
    """Compares the audio of one caller with what was played to him. `at`, `now`: seconds on one clock."""

    def __init__(self) -> None:
        self._played: deque[tuple[float, Pcm]] = deque()
        self._heard: deque[Pcm] = deque(maxlen=WINDOW)
        self._since = 0
        self._echo = False

    def played(self, pcm: Pcm, at: float) -> None:
        """`pcm` is played from `at` on, as far as we know."""
        self._played.append((at, pcm))

    def silenced(self, now: float) -> None:
        """What was to be played after `now` never will be."""
        kept = [(at, pcm[: max(0, round((now - at) * SAMPLE_RATE))]) for at, pcm in self._played if at < now]
        self._played = deque(kept)

    def hear(self, frame: Pcm, now: float, voice: bool) -> bool:
        """Whether the caller's audio up to `frame`, which arrived at `now`, is an echo.

        voice: whether it is taken for voice; else it is not even compared.
        """
        self._heard.append(frame)
        oldest = now - LATEST - (WINDOW + 1) * FRAME_SAMPLES / SAMPLE_RATE
        while self._played and self._played[0][0] + len(self._played[0][1]) / SAMPLE_RATE < oldest:
            self._played.popleft()
        if not voice or not self._played:
            self._echo, self._since = False, 0
            return False
        if self._since == 0:
            self._echo = self._likeness(now) >= (STILL if self._echo else ALIKE)
        self._since = (self._since + 1) % EVERY
        return self._echo

    def _likeness(self, now: float) -> float:
        """The greatest correlation of the caller's audio with any stretch of what was played about then."""
        heard = np.concatenate(self._heard).astype(np.float32)
        ours = self._ours(now, len(heard))
        if len(ours) < len(heard):
            return 0.0
        sums = np.zeros(len(ours) + 1, np.int64)
        np.cumsum(np.square(ours, dtype=np.int64), out=sums[1:])
        power = (sums[len(heard) :] - sums[: -len(heard)]).astype(np.float32)
        energy, loudest = float(heard @ heard), float(power.max())
        if not energy or not loudest:
            return 0.0
        size = -(-len(ours) // _STEP) * _STEP
        spectrum = np.fft.rfft(ours.astype(np.float32), size) * np.conj(np.fft.rfft(heard, size))
        crossed = np.fft.irfft(spectrum, size)[: len(power)]
        # Where next to nothing was played nothing can come back.
        likeness = np.divide(crossed * crossed, power, out=np.zeros_like(power), where=power > 0.05 * loudest)
        return math.sqrt(float(likeness.max()) / energy)

    def _ours(self, now: float, length: int) -> Pcm:
        """All that was played of which `length` samples may be heard now, and `length` samples around it."""
        around = length / SAMPLE_RATE
        begins = max(now - LATEST, self._played[0][0]) - around
        latest, last = self._played[-1]
        ends = min(now + EARLIEST, latest + len(last) / SAMPLE_RATE + around)
        ours = np.zeros(max(0, round((ends - begins) * SAMPLE_RATE)), np.int16)
        for at, pcm in self._played:
            place = round((at - begins) * SAMPLE_RATE)
            start, end = max(0, place), min(len(ours), place + len(pcm))
            if start < end:
                ours[start:end] = pcm[start - place : end - place]
        return ours
