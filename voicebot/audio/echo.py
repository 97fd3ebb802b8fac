"""Our own voice in the caller's audio: told by its likeness to what was played, faint as it may be."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

_HEARD = WINDOW * FRAME_SAMPLES
_STRETCH = 2400
"""Places in what was played that are compared by one transform, whose length has small prime factors only."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What was played from one multiple of `_STRETCH` on, and as much after it as is compared with its places.

    power: sum of squares of the `_HEARD` samples from each place on.
    """

    spectrum: npt.NDArray[np.complexfloating]
    power: npt.NDArray[np.float32]


class EchoGuard:
    """Compares the audio of one caller with what was played to him. `at`, `now`: seconds on one clock."""

    def __init__(self) -> None:
        self._played: deque[tuple[float, Pcm]] = deque()
        self._heard = deque([np.zeros(FRAME_SAMPLES, np.int16)] * WINDOW, WINDOW)
        self._stretches: dict[int, _Stretch] = {}
        self._since = 0
        self._echo = False

    def played(self, pcm: Pcm, at: float) -> None:
        """`pcm` is played from `at` on, as far as we know."""
        self._played.append((at, pcm))
        self._reckon_anew(at)

    def silenced(self, now: float) -> None:
        """What was to be played after `now` never will be."""
        kept = [(at, pcm[: max(0, round((now - at) * SAMPLE_RATE))]) for at, pcm in self._played if at < now]
        self._played = deque(kept)
        self._reckon_anew(now)

    def hear(self, frame: Pcm, now: float, voice: bool) -> bool:
        """Whether the caller's audio up to `frame`, which arrived at `now`, is an echo.

        voice: whether it is taken for voice; else it is not even compared.
        """
        self._heard.append(frame)
        oldest = now - LATEST - (WINDOW + 1) * FRAME_SAMPLES / SAMPLE_RATE
        while self._played and self._played[0][0] + len(self._played[0][1]) / SAMPLE_RATE < oldest:
            self._played.popleft()
        if not self._played:
            self._stretches.clear()
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
        energy = float(heard @ heard)
        first, last = self._places(now)
        if not energy or last < first:
            return 0.0
        numbers = range(first // _STRETCH, last // _STRETCH + 1)
        # A stretch is compared about thirty times, and transformed once: that halves what a comparison costs.
        self._stretches = {each: self._stretches.get(each) or self._stretch(each) for each in numbers}
        stretches = self._stretches.values()
        within = slice(first - numbers[0] * _STRETCH, last + 1 - numbers[0] * _STRETCH)
        power = np.concatenate([each.power for each in stretches])[within]
        loudest = float(power.max())
        if not loudest:
            return 0.0
        size = _STRETCH + _HEARD
        spectra = np.stack([each.spectrum for each in stretches]) * np.conj(np.fft.rfft(heard, size))
        crossed = np.fft.irfft(spectra, size)[:, :_STRETCH].ravel()[within]
        # Where next to nothing was played nothing can come back.
        likeness = np.divide(crossed * crossed, power, out=np.zeros_like(power), where=power > 0.05 * loudest)
        return math.sqrt(float(likeness.max()) / energy)

    def _places(self, now: float) -> tuple[int, int]:
        """The first and the last sample of the clock at which what is heard now may have begun to be played."""
        around = _HEARD / SAMPLE_RATE
        begins = max(now - LATEST, self._played[0][0]) - around
        latest, last = self._played[-1]
        ends = min(now + EARLIEST, latest + len(last) / SAMPLE_RATE + around)
        return round(begins * SAMPLE_RATE), round(ends * SAMPLE_RATE) - _HEARD

    def _stretch(self, number: int) -> _Stretch:
        ours = np.zeros(_STRETCH + _HEARD, np.int16)
        for at, pcm in self._played:
            place = round(at * SAMPLE_RATE) - number * _STRETCH
            start, end = max(0, place), min(len(ours), place + len(pcm))
            if start < end:
                ours[start:end] = pcm[start - place : end - place]
        sums = np.zeros(len(ours) + 1, np.int64)
        np.cumsum(np.square(ours, dtype=np.int64), out=sums[1:])
        power = (sums[_HEARD:] - sums[:-_HEARD])[:_STRETCH]
        return _Stretch(np.fft.rfft(ours.astype(np.float32)), power.astype(np.float32))

    def _reckon_anew(self, at: float) -> None:
        """What is played from `at` on has changed."""
        unchanged = round(at * SAMPLE_RATE) - _STRETCH - _HEARD
        kept = {each: stretch for each, stretch in self._stretches.items() if each * _STRETCH <= unchanged}
        self._stretches = kept
