"""G.711: the telephone network's two 8-bit companding laws, as table look-ups.

Codes and levels are those of ITU-T G.711 (11/1988), tables 1 and 2, scaled to 16 bits: mu-law levels times four
(from 14 bits), A-law levels times eight (from 13 bits). A sample on a decision value goes to the louder code.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicebot.audio.pcm import Pcm

_Codes: TypeAlias = npt.NDArray[np.uint8]
_Wide: TypeAlias = npt.NDArray[np.int32]

_BIAS = 132
"""mu-law: 33 of 14 bits; added to the magnitude it makes every segment start at a power of two."""

_ULAW_CLIP = 32635
"""mu-law: the largest magnitude that still fits segment 7 once the bias is added."""


def decode(data: bytes) -> Pcm:
    """Mu-law codes, one byte a sample, to int16 samples of at most ±32124."""
    return _ULAW_LEVELS[np.frombuffer(data, np.uint8)]


def encode(pcm: Pcm) -> bytes:
    """Int16 samples to mu-law codes, one byte a sample; zero becomes 0xFF."""
    return _ULAW_CODES[pcm.view(np.uint16)].tobytes()


def decode_alaw(data: bytes) -> Pcm:
    """A-law codes, one byte a sample, to int16 samples of at most ±32256."""
    return _ALAW_LEVELS[np.frombuffer(data, np.uint8)]


def encode_alaw(pcm: Pcm) -> bytes:
    """Int16 samples to A-law codes, one byte a sample; zero becomes 0xD5."""
    return _ALAW_CODES[pcm.view(np.uint16)].tobytes()


def _every_sample() -> _Wide:
    """All int16 values, in the order of their unsigned bit patterns: the index of the encoding tables."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)


def _exponent(values: _Wide) -> _Wide:
    """Position of the highest set bit of each positive value."""
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int32)


def _ulaw_levels() -> Pcm:
    codes = ~np.arange(256, dtype=np.uint8)
    segment = ((codes >> 4) & 7).astype(np.int32)
    step = (codes & 15).astype(np.int32)
    magnitude = ((2 * step + 33) << (segment + 2)) - _BIAS
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


def _ulaw_codes() -> _Codes:
    samples = _every_sample()
    biased = np.minimum(np.abs(samples), _ULAW_CLIP) + _BIAS
    segment = _exponent(biased) - 7
    codes = segment << 4 | (biased >> (segment + 3)) & 15
    inverted: _Codes = ~np.where(samples < 0, codes | 0x80, codes).astype(np.uint8)
    return inverted


def _alaw_levels() -> Pcm:
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    segment = ((codes >> 4) & 7).astype(np.int32)
    step = (codes & 15).astype(np.int32)
    magnitude = np.where(segment == 0, (2 * step + 1) << 3, (2 * step + 33) << (np.maximum(segment, 1) + 2))
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_codes() -> _Codes:
    samples = _every_sample()
    magnitude = np.where(samples < 0, ~samples, samples)
    segment = np.maximum(_exponent(np.maximum(magnitude, 1)) - 7, 0)
    codes = segment << 4 | (magnitude >> (np.maximum(segment, 1) + 3)) & 15
    toggled: _Codes = (np.where(samples < 0, codes, codes | 0x80) ^ 0x55).astype(np.uint8)
    return toggled


_ULAW_LEVELS = _ulaw_levels()
_ULAW_CODES = _ulaw_codes()
_ALAW_LEVELS = _alaw_levels()
_ALAW_CODES = _alaw_codes()
