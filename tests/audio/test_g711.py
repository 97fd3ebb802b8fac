"""The mu-law of the telephone network, code by code."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import g711

ALL_CODES = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def _level(code: int) -> int:
    """ITU-T G.711 table 2a/2b: bits are sent inverted; segments double in step size, from 2 of 14 bits."""
    bits = code ^ 0xFF
    segment, step = bits >> 4 & 7, bits & 15
    magnitude = ((33 + 2 * step << segment) - 33) * 4
    return -magnitude if bits & 0x80 else magnitude


def test_every_code_has_the_level_of_the_standard() -> None:
    """All 256 codes decode to the values of ITU-T G.711."""
    assert g711.decode(ALL_CODES).tolist() == [_level(code) for code in range(256)]


def test_landmarks() -> None:
    """The loudest codes, the quietest and both zeros are where every G.711 document puts them."""
    assert g711.decode(b"\x80\x00\xff\x7f\xfe\x7e").tolist() == [32124, -32124, 0, 0, 8, -8]
    assert g711.encode(np.array([0, 32767, -32768, 1000, -1000], np.int16)) == b"\xff\x80\x00\xce\x4e"


def test_codes_survive_decoding_and_encoding() -> None:
    """Encoding a decoded code gives it back; only the negative zero becomes the positive one."""
    again = g711.encode(g711.decode(ALL_CODES))
    assert again == ALL_CODES.replace(b"\x7f", b"\xff")


def test_encoding_keeps_the_order_of_samples() -> None:
    """Over all int16 values, a louder sample never becomes a quieter one."""
    levels = g711.decode(g711.encode(EVERY_SAMPLE)).astype(int)
    assert (np.diff(levels) >= 0).all()


def _decision(segment: int, step: int) -> int:
    """The smallest magnitude of this step: the decision values of ITU-T G.711 table 2, in 16 bits."""
    return ((32 + 2 * step << segment) - 33) * 4


def test_codes_change_exactly_at_the_decision_values() -> None:
    """A sample on a decision value takes the louder code, one less the quieter one, for all 127 steps."""
    for bits in range(1, 128):
        sample = _decision(bits >> 4, bits & 15)
        codes = g711.encode(np.array([sample - 1, sample], np.int16))
        assert codes == bytes([0xFF ^ (bits - 1), 0xFF ^ bits])


@given(st.binary(max_size=400))
def test_any_bytes_are_audio(data: bytes) -> None:
    """Every byte is one sample, and what comes off the line may be sent on unchanged to the ear."""
    pcm = g711.decode(data)
    assert len(pcm) == len(data)
    assert (g711.decode(g711.encode(pcm)) == pcm).all()
