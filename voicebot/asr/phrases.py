"""Cutting an utterance where the caller paused or, if it must be, where he spoke most quietly."""

from __future__ import annotations

from typing import NamedTuple

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


class Stretch(NamedTuple):
    """Part of an utterance. start: samples of the utterance before it."""

    start: int
    pcm: Pcm


def phrases(pcm: Pcm) -> list[Stretch]:
    """The stretches of sound in `pcm` that pauses separate, each with a little quiet around it, in order.

    In noise louder than the voice nothing can be told apart, and the whole utterance is one phrase.
    """
    sound = np.flatnonzero(_is_sound(_power(pcm)))
    if not len(sound):
        return [Stretch(0, pcm)]
    runs = np.split(sound, np.flatnonzero(np.diff(sound) > _PAUSE / FRAME_SECONDS) + 1)
    around = int(_AROUND / FRAME_SECONDS)
    found = []
    for run in runs:
        if (run[-1] - run[0] + 1) * FRAME_SECONDS > _SHORTEST:
            start = max(0, int(run[0]) - around) * FRAME_SAMPLES
            found.append(Stretch(start, pcm[start : (int(run[-1]) + 1 + around) * FRAME_SAMPLES]))
    return found or [Stretch(0, pcm)]


def windows(stretch: Stretch, longest: float) -> list[Stretch]:
    """`stretch` in pieces of at most `longest` seconds, cut where the last third of each piece is quietest."""
    limit = int(longest * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
    begin, pcm = stretch.start, stretch.pcm
    pieces = []
    while len(pcm) > limit:
        start = limit * 2 // 3 // FRAME_SAMPLES * FRAME_SAMPLES
        cut = start + int(np.argmin(_power(pcm[start:limit]))) * FRAME_SAMPLES + FRAME_SAMPLES // 2
        pieces.append(Stretch(begin, pcm[:cut]))
        begin, pcm = begin + cut, pcm[cut:]
    pieces.append(Stretch(begin, pcm))
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
