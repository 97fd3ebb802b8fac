"""Cutting an utterance where the caller paused or, if it must be, where he spoke most quietly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm

_PAUSE = 0.4
"""Seconds of quiet between two phrases; stop consonants and commas are shorter."""

_AROUND = 0.2
"""Seconds of quiet kept around a phrase: its first and last sounds may be quieter than the rest."""

_SHORTEST = 0.08
"""Seconds of sound below which it is a click."""

_OVER_FLOOR = 4.0
"""Power of sound relative to the background (6 dB)."""

_UNDER_PEAK = (10**-3.0, 10**-1.2)
"""Least and greatest power from which a frame counts as sound: 30 and 12 dB below the loudest frames."""


def phrases(pcm: Pcm) -> list[Pcm]:
    """The stretches of sound in `pcm` that pauses separate, each with a little quiet around it, in order.

    In noise louder than the voice nothing can be told apart, and the whole utterance is one phrase.
    """
    sound = np.flatnonzero(_is_sound(_power(pcm)))
    if not len(sound):
        return [pcm]
    runs = np.split(sound, np.flatnonzero(np.diff(sound) > _PAUSE / FRAME_SECONDS) + 1)
    around = int(_AROUND / FRAME_SECONDS)
    found = [
        pcm[max(0, run[0] - around) * FRAME_SAMPLES : (run[-1] + 1 + around) * FRAME_SAMPLES]
        for run in runs
        if (run[-1] - run[0] + 1) * FRAME_SECONDS > _SHORTEST
    ]
    return found or [pcm]


def windows(pcm: Pcm, longest: float) -> list[Pcm]:
    """`pcm` in pieces of at most `longest` seconds, cut where the last third of each piece is quietest."""
    limit = int(longest * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
    pieces = []
    while len(pcm) > limit:
        start = limit * 2 // 3 // FRAME_SAMPLES * FRAME_SAMPLES
        cut = start + int(np.argmin(_power(pcm[start:limit]))) * FRAME_SAMPLES + FRAME_SAMPLES // 2
        pieces.append(pcm[:cut])
        pcm = pcm[cut:]
    pieces.append(pcm)
    return pieces


def _power(pcm: Pcm) -> npt.NDArray[np.float32]:
    """Mean square of each whole frame."""
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(np.float32)
    power: npt.NDArray[np.float32] = np.mean(frames * frames, axis=1)
    return power


def _is_sound(power: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    if len(power) < 3:
        return np.ones(len(power), np.bool_)
    smooth = np.convolve(power, np.ones(3) / 3, "same")
    floor, peak = np.percentile(smooth, 10), np.percentile(smooth, 95)
    least, greatest = peak * _UNDER_PEAK[0], peak * _UNDER_PEAK[1]
    sound: npt.NDArray[np.bool_] = smooth > max(least, min(floor * _OVER_FLOOR, greatest))
    return sound
