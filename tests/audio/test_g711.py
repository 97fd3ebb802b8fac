"""The two companding laws of the telephone network, code by code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import Pcm, g711

ALL_CODES = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)

Encode = Callable[[Pcm], bytes]
Decode = Callable[[bytes], Pcm]


def _ulaw_level(code: int) -> int:
    """ITU-T G.711 table 2a/2b: bits are sent inverted; segments double in step size, from 2 of 14 bits."""
    bits = code ^ 0xFF
    segment, step = bits >> 4 & 7, bits & 15
    magnitude = ((33 + 2 * step << segment) - 33) * 4
    return -magnitude if bits & 0x80 else magnitude


def _alaw_level(code: int) -> int:
    """ITU-T G.711 table 1a/1b: even bits are sent inverted; the first two segments share a step size."""
    bits = code ^ 0x55
    segment, step = bits >> 4 & 7, bits & 15
    magnitude = 2 * step + 1 if segment == 0 else 33 + 2 * step << segment - 1
    return magnitude * 8 if bits & 0x80 else -magnitude * 8


@pytest.mark.parametrize(("decode", "level"), [(g711.decode, _ulaw_level), (g711.decode_alaw, _alaw_level)])
def test_every_code_has_the_level_of_the_standard(decode: Decode, level: Callable[[int], int]) -> None:
    """All 256 codes decode to the values of ITU-T G.711."""
    assert decode(ALL_CODES).tolist() == [level(code) for code in range(256)]


def test_landmarks_of_mu_law() -> None:
    """The loudest codes, the quietest and both zeros are where every G.711 document puts them."""
    assert g711.decode(b"\x80\x00\xff\x7f\xfe\x7e").tolist() == [32124, -32124, 0, 0, 8, -8]
    assert g711.encode(np.array([0, 32767, -32768, 1000, -1000], np.int16)) == b"\xff\x80\x00\xce\x4e"


def test_landmarks_of_a_law() -> None:
    """A-law has no zero: silence is the smallest positive level, 0xD5."""
    assert g711.decode_alaw(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32256, -32256]
    assert g711.encode_alaw(np.array([0, 32767, -32768], np.int16)) == b"\xd5\xaa\x2a"


def test_mu_law_codes_survive_decoding_and_encoding() -> None:
    """Encoding a decoded code gives it back; only the negative zero becomes the positive one."""
    again = g711.encode(g711.decode(ALL_CODES))
    assert again == ALL_CODES.replace(b"\x7f", b"\xff")


def test_a_law_codes_survive_decoding_and_encoding() -> None:
    """Encoding a decoded code gives it back, without exception."""
    assert g711.encode_alaw(g711.decode_alaw(ALL_CODES)) == ALL_CODES


@pytest.mark.parametrize(("encode", "decode"), [(g711.encode, g711.decode), (g711.encode_alaw, g711.decode_alaw)])
def test_encoding_keeps_the_order_of_samples(encode: Encode, decode: Decode) -> None:
    """Over all int16 values, a louder sample never becomes a quieter one."""
    levels = decode(encode(EVERY_SAMPLE)).astype(int)
    assert (np.diff(levels) >= 0).all()


def _ulaw_decision(segment: int, step: int) -> int:
    """The smallest magnitude of this step: the decision values of ITU-T G.711 table 2, in 16 bits."""
    return ((32 + 2 * step << segment) - 33) * 4


def _alaw_decision(segment: int, step: int) -> int:
    """The smallest magnitude of this step: the decision values of ITU-T G.711 table 1, in 16 bits."""
    return (2 * step if segment == 0 else 32 + 2 * step << segment - 1) * 8


@pytest.mark.parametrize(
    ("encode", "decision", "silence"),
    [(g711.encode, _ulaw_decision, 0xFF), (g711.encode_alaw, _alaw_decision, 0xD5)],
)
def test_codes_change_exactly_at_the_decision_values(
    encode: Encode, decision: Callable[[int, int], int], silence: int
) -> None:
    """A sample on a decision value takes the louder code, one less the quieter one, for all 127 steps."""
    for bits in range(1, 128):
        sample = decision(bits >> 4, bits & 15)
        codes = encode(np.array([sample - 1, sample], np.int16))
        assert codes == bytes([silence ^ (bits - 1), silence ^ bits])


@given(st.binary(max_size=400))
def test_any_bytes_are_audio(data: bytes) -> None:
    """Every byte is one sample, and what comes off the line may be sent on unchanged to the ear."""
    pcm = g711.decode(data)
    assert len(pcm) == len(data)
    assert (g711.decode(g711.encode(pcm)) == pcm).all()
