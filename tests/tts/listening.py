"""What the tests of the voice share: hearing a stream to its end, and how loud a sound is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from voicebot.audio import Pcm, silence


async def hear(stream: AsyncGenerator[Pcm, None]) -> Pcm:
    """Everything `stream` gives, in one piece."""
    heard = [silence(0)]
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            assert chunk.dtype == np.int16
            assert len(chunk)
            heard.append(chunk)
    return np.concatenate(heard)


_WINDOW = 20
_LAGS = range(-3, 4)


def likeness(one: Pcm, other: Pcm) -> float:
    """How alike two sounds are in the course of their energies in twelve bands; 1 for the same take.

    The mean over windows of 400 ms of the best correlation within 60 ms: flutter makes two takes of a sentence of
    espeak-ng differ by some samples here and there.
    """
    first, second = _bands(one), _bands(other)
    best: list[float] = []
    for start in range(0, len(first) - _WINDOW, _WINDOW):
        window = first[start : start + _WINDOW].ravel()
        others = [second[max(0, start + lag) :][:_WINDOW].ravel() for lag in _LAGS]
        best.append(max((_correlation(window, part) for part in others if len(part) == len(window)), default=0.0))
    return float(np.mean(best))


def _correlation(one: np.typing.NDArray[np.float64], other: np.typing.NDArray[np.float64]) -> float:
    if not one.std() or not other.std():
        return float(one.std() == other.std())
    return float(np.corrcoef(one, other)[0, 1])


def _bands(pcm: Pcm) -> np.typing.NDArray[np.float64]:
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    power = np.abs(np.fft.rfft(frames * np.hanning(160))) ** 2
    bands: np.typing.NDArray[np.float64] = np.log10(power[:, 1:73].reshape(len(frames), 12, 6).sum(axis=2) + 1000)
    return bands
