"""Our own voice in the caller's audio: told by its likeness to what was played, faint as it may be."""

from __future__ import annotations

from collections import deque

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

_SIZE = 1 << 14


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
        heard = np.concatenate(self._heard).astype(np.float64)
        begins = now - len(heard) / SAMPLE_RATE - LATEST
        ours = self._between(begins, round((LATEST + EARLIEST) * SAMPLE_RATE) + len(heard))
        power = np.concatenate(([0.0], np.cumsum(ours * ours)))
        power = power[len(heard) :] - power[: -len(heard)]
        # Where next to nothing was played nothing can come back.
        loud = power > 0.05 * float(power.max())
        if not power.max() or not heard.any():
            return 0.0
        crossed = np.fft.irfft(np.fft.rfft(ours, _SIZE) * np.conj(np.fft.rfft(heard, _SIZE)), _SIZE)
        likeness = np.abs(crossed[: len(power)][loud]) / np.sqrt(power[loud] * float(heard @ heard))
        return float(likeness.max())

    def _between(self, begins: float, length: int) -> npt.NDArray[np.float64]:
        ours = np.zeros(length)
        for at, pcm in self._played:
            place = round((at - begins) * SAMPLE_RATE)
            first, last = max(0, place), min(length, place + len(pcm))
            if first < last:
                ours[first:last] = pcm[first - place : last - place]
        return ours
