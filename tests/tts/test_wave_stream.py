from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicebot.errors import SynthesizerError
from voicebot.tts.wave_stream import SpeechReader

SAMPLES = np.arange(-50, 50, dtype="<i2")


def _chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    """size: what the header claims, if not the truth."""
    return name + struct.pack("<I", len(content) if size is None else size) + content + bytes(len(content) % 2)


def _format(code: int = 1, channels: int = 1, rate: int = 22050, bits: int = 16, more: bytes = b"") -> bytes:
    width = channels * bits // 8
    return _chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * width, width, bits) + more)


def _wav(*parts: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + b"".join(parts)


def _heard(reader: SpeechReader, body: bytes, piece: int = 1000) -> list[int]:
    heard: list[int] = []
    for start in range(0, len(body), piece):
        heard += reader.feed(body[start : start + piece]).tolist()
    return heard


def _read(body: bytes, piece: int) -> None:
    reader = SpeechReader()
    for start in range(0, len(body), piece):
        assert not len(reader.feed(body[start : start + piece]))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"ID3\x04" + bytes(64), "MP3"),
        (bytes.fromhex("fffb9064") + bytes(64), "MP3"),
        (bytes.fromhex("fff384c4") + bytes(64), "MP3"),
        (b"OggS" + bytes(64), "Ogg"),
        (b"fLaC" + bytes(64), "FLAC"),
        (b"\x1aE\xdf\xa3" + bytes(64), "WebM"),
        (b'{"error": {"message": "no such voice"}}', "text"),
        (b'{\n  "error": 1\n}', "text"),
        (b"<?xml version='1.0'?>", "text"),
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 100])
def test_what_is_no_samples_is_refused_whatever_it_is_called(body: bytes, kind: str, piece: int) -> None:
    """Compressed audio and error texts are named and never played, however the network cuts them."""
    with pytest.raises(SynthesizerError, match=f"sent {kind} where samples should be.*VOICEBOT_VOICE_FORMAT"):
        _read(body, piece)


@given(
    st.lists(st.integers(-1000, 8000), min_size=4, max_size=40),
    st.lists(st.integers(1, 9), min_size=1, max_size=20),
)
@example([-1200, 0, 0, 0], [8])
def test_samples_come_out_as_they_went_in(samples: list[int], pieces: list[int]) -> None:
    """Raw samples of a voice that begins softly are all there, however they are cut."""
    body = np.array(samples, "<i2").tobytes()
    reader = SpeechReader()
    heard: list[int] = []
    at = 0
    for size in (*pieces, len(body)):
        heard += reader.feed(body[at : at + size]).tolist()
        at += size
    reader.finish()
    assert heard == samples


def test_a_body_too_short_to_be_heard_is_no_audio() -> None:
    """Three samples are not a sentence."""
    reader = SpeechReader()
    reader.feed(bytes(6))
    with pytest.raises(SynthesizerError, match="no audio in it"):
        reader.finish()


@pytest.mark.parametrize("size", [None, 0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_wav_gives_its_samples_and_their_rate(size: int | None, piece: int) -> None:
    """What lies before the samples is passed over, and a length that is a placeholder is not believed."""
    reader = SpeechReader()
    body = _wav(_chunk(b"JUNK", b"odd"), _format(), _chunk(b"data", SAMPLES.tobytes(), size))
    assert _heard(reader, body, piece) == SAMPLES.tolist()
    reader.finish()
    assert reader.rate == 22050


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_what_lies_behind_the_samples_is_not_heard(piece: int) -> None:
    """A list of titles would be a click."""
    reader = SpeechReader()
    body = _wav(_format(), _chunk(b"data", SAMPLES.tobytes()), _chunk(b"LIST", b"INFOISFT by somebody"))
    assert _heard(reader, body, piece) == SAMPLES.tolist()
    reader.finish()


def test_both_channels_are_heard_as_one() -> None:
    """Their mean; the extensible form of the header, which some writers use for it, says the same."""
    body = _wav(_format(0xFFFE, 2, 48000, more=bytes(24)), _chunk(b"data", struct.pack("<4h", 100, 300, -8, 8)))
    assert _heard(SpeechReader(), body) == [200, 0]


def test_a_wav_that_breaks_off_is_no_whole_sentence() -> None:
    """Fewer samples than its header announced: half a sentence may mean something else."""
    reader = SpeechReader()
    _heard(reader, _wav(_format(), _chunk(b"data", SAMPLES.tobytes()))[:-10])
    with pytest.raises(SynthesizerError, match="broke off"):
        reader.finish()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_wav(_format(bits=8)), "8 bits"),
        (_wav(_format(channels=3)), "3 channels"),
        (_wav(_format(code=3)), "code 3"),
        (_wav(_format(rate=4000)), "4000 Hz"),
        (_wav(_chunk(b"fmt ", bytes(8))), "cut short"),
        (_wav(_chunk(b"data", SAMPLES.tobytes())), "does not say what is in it"),
        (_wav(_format(), _chunk(b"JUNK", bytes(70_000))), "no samples where they should be"),
    ],
)
def test_a_wav_of_another_kind_is_refused_with_the_reason(body: bytes, message: str) -> None:
    """Played as 16-bit samples it would be noise."""
    with pytest.raises(SynthesizerError, match=message):
        _heard(SpeechReader(), body)
