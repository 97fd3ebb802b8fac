from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.errors import SynthesizerError
from voicebot.tts.wave_stream import SpeechReader


def _read(body: bytes, piece: int) -> None:
    reader = SpeechReader()
    for start in range(0, len(body), piece):
        assert not len(reader.feed(body[start : start + piece]))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"ID3\x04" + bytes(64), "MP3"),
        (bytes.fromhex("fffb9064") + bytes(64), "MP3"),
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
