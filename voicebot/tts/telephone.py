"""From an engine's samples to the telephone: rate, loudness, and no dead air at the ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.audio import SAMPLE_RATE, Pcm, at_level, resample

CHUNK_SAMPLES = SAMPLE_RATE // 10
"""Samples in a chunk handed on: 100 ms."""

_FRAME = SAMPLE_RATE // 100
_MARGIN = 3
_FADE = np.sin(np.linspace(0, np.pi / 2, SAMPLE_RATE // 500, endpoint=False)) ** 2
"""2 ms: an engine that begins at once begins with a step, one with an echo is cut off in it; both would tick."""
_SILENCE_DB = 35.0
_HEADROOM = 0.5


def telephone(samples: npt.NDArray[Any], rate: int) -> Pcm:
    """`samples` (int16, or float of any scale; mono at `rate` Hz) as telephone audio of even loudness.

    Silence at the ends is cut to 30 ms, so that gaps between sentences are ours to choose; silence alone gives
    no samples. A sentence goes through one resampling: a streaming one would hold back up to 114 ms.
    """
    return fade_out(fade_in(at_level(_voiced(resample(_as_int16(samples), rate, SAMPLE_RATE)))))


def fade_in(pcm: Pcm) -> Pcm:
    """`pcm` with its first 2 ms rising from nothing."""
    faded = pcm.copy()
    edge = faded[: len(_FADE)]
    edge[:] = np.rint(edge * _FADE[: len(edge)])
    return faded


def fade_out(pcm: Pcm) -> Pcm:
    """`pcm` with its last 2 ms falling to nothing."""
    return fade_in(pcm[::-1])[::-1]


def chunks(pcm: Pcm) -> Iterator[Pcm]:
    """`pcm` in pieces of CHUNK_SAMPLES; the last may be shorter."""
    for start in range(0, len(pcm), CHUNK_SAMPLES):
        yield pcm[start : start + CHUNK_SAMPLES]


def _as_int16(samples: npt.NDArray[Any]) -> Pcm:
    """Float samples are brought to half of full scale first: quiet ones keep detail, loud ones do not clip."""
    if samples.dtype == np.int16:
        return samples
    finite = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(np.abs(finite).max(initial=0.0))
    if peak < 1e-5:
        return np.zeros(len(finite), np.int16)
    scaled: Pcm = np.rint(finite * np.float32(_HEADROOM * 32767 / peak)).astype(np.int16)
    return scaled


def _voiced(pcm: Pcm) -> Pcm:
    """From the first to the last 10 ms frame within 35 dB of the loudest, with 30 ms left at either end."""
    count = -(-len(pcm) // _FRAME)
    padded = np.zeros(count * _FRAME)
    padded[: len(pcm)] = pcm
    power = (padded.reshape(count, _FRAME) ** 2).mean(axis=1)
    if not power.any():
        return pcm[:0]
    voiced = np.flatnonzero(power > power.max() * 10 ** (-_SILENCE_DB / 10))
    start = max(0, int(voiced[0]) - _MARGIN) * _FRAME
    return pcm[start : (int(voiced[-1]) + 1 + _MARGIN) * _FRAME]
