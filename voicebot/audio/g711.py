"""G.711 mu-law: what gateways send and take in 8 bits a sample, as table look-ups.

Codes and levels are those of ITU-T G.711 (11/1988), table 2, scaled from 14 to 16 bits: levels times four. A
sample on a decision value goes to the louder code.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicebot.audio.pcm import Pcm

_Codes: TypeAlias = npt.NDArray[np.uint8]

_BIAS = 132
"""33 of 14 bits; added to the magnitude it makes every segment start at a power of two."""

_CLIP = 32635
"""The largest magnitude that still fits segment 7 once the bias is added."""


def decode(data: bytes) -> Pcm:
    """Mu-law codes, one byte a sample, to int16 samples of at most ±32124."""
    return _LEVELS[np.frombuffer(data, np.uint8)]


def encode(pcm: Pcm) -> bytes:
    """Int16 samples to mu-law codes, one byte a sample; zero becomes 0xFF."""
    return _CODES[pcm.view(np.uint16)].tobytes()


def _levels() -> Pcm:
    codes = ~np.arange(256, dtype=np.uint8)
    segment = ((codes >> 4) & 7).astype(np.int32)
    step = (codes & 15).astype(np.int32)
    magnitude = ((2 * step + 33) << (segment + 2)) - _BIAS
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


def _codes() -> _Codes:
    # All int16 values, in the order of their unsigned bit patterns.
    samples = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)
    biased = np.minimum(np.abs(samples), _CLIP) + _BIAS
    highest_bit = (np.frexp(biased.astype(np.float64))[1] - 1).astype(np.int32)
    segment = highest_bit - 7
    codes = segment << 4 | (biased >> (segment + 3)) & 15
    inverted: _Codes = ~np.where(samples < 0, codes | 0x80, codes).astype(np.uint8)
    return inverted


_LEVELS = _levels()
_CODES = _codes()
