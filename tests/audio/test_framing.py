"""Audio in pieces of any size becomes frames."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.support import sliced
from voicebot.audio import FRAME_SAMPLES, Framer


@given(st.lists(st.integers(0, 500), max_size=10))
def test_frames_are_the_audio_in_order(sizes: list[int]) -> None:
    """Whatever the pieces, the frames joined are the audio; only the last, incomplete frame is missing."""
    pcm = np.arange(1600 + 37).astype(np.int16)
    framer = Framer()
    frames = [frame for piece in sliced(pcm, sizes) for frame in framer.feed(piece)]
    assert all(len(frame) == FRAME_SAMPLES for frame in frames)
    assert (np.concatenate(frames) == pcm[:1600]).all()


def test_what_waits_is_not_the_callers_buffer() -> None:
    """A gateway may reuse its buffer after feeding it."""
    framer = Framer(4)
    buffer = np.array([1, 2], np.int16)
    framer.feed(buffer)
    buffer[:] = 9
    assert [frame.tolist() for frame in framer.feed(np.array([3, 4], np.int16))] == [[1, 2, 3, 4]]
