from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm
from voicebot.audio.stereo import BOT, CALLER, StereoTrack


def tone(samples: int, value: int) -> Pcm:
    return np.full(samples, value, np.int16)


def test_each_side_has_its_channel_and_its_time() -> None:
    """The caller is left where the audio arrived, the bot right where it is heard."""
    track = StereoTrack()
    track.caller(tone(800, 5), now=0.4)
    track.bot(tone(800, 7), starts=0.5)
    taken = track.take(1.0)
    assert taken.shape == (SAMPLE_RATE, 2)
    assert np.flatnonzero(taken[:, CALLER]).tolist() == list(range(2400, 3200))
    assert np.flatnonzero(taken[:, BOT]).tolist() == list(range(4000, 4800))


def test_jitter_leaves_no_holes() -> None:
    """Frames that come a little early or late follow each other without gaps or overlaps."""
    track = StereoTrack()
    for place, late in enumerate((0.0, 0.03, 0.05, 0.01, 0.0, 0.06)):
        track.caller(tone(FRAME_SAMPLES, place + 1), now=(place + 1) * FRAME_SECONDS + late)
    left = track.take(6 * FRAME_SECONDS)[:, CALLER]
    assert left.tolist() == [place + 1 for place in range(6) for _ in range(FRAME_SAMPLES)]


def test_a_pause_without_frames_is_silence() -> None:
    """A gateway that sends nothing while the caller is mute does not move what comes after."""
    track = StereoTrack()
    track.caller(tone(FRAME_SAMPLES, 1), now=0.02)
    track.caller(tone(FRAME_SAMPLES, 2), now=3.0)
    left = track.take(3.0)[:, CALLER]
    assert left[-FRAME_SAMPLES:].tolist() == [2] * FRAME_SAMPLES
    assert not left[FRAME_SAMPLES:-FRAME_SAMPLES].any()


def test_a_flush_takes_back_what_was_not_heard() -> None:
    """Audio that was sent ahead of the ear and flushed is not in the recording."""
    track = StereoTrack()
    track.bot(tone(8000, 9), starts=0.0)
    track.cut(0.25)
    track.bot(tone(800, 4), starts=0.5)
    right = track.take(1.0)[:, BOT]
    assert right[:2000].tolist() == [9] * 2000
    assert not right[2000:4000].any()
    assert right[4000:4800].tolist() == [4] * 800


def test_audio_for_what_is_settled_is_dropped() -> None:
    """What comes after its place was written cannot change it, nor push the rest away."""
    track = StereoTrack()
    assert len(track.take(1.0)) == SAMPLE_RATE
    track.bot(tone(1600, 3), starts=0.9)
    assert track.take(1.2)[:, BOT].tolist() == [3] * 800 + [0] * 800


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3), st.integers(1, 4000), st.booleans()), max_size=30))
def test_what_is_taken_is_as_long_as_the_time_that_passed(
    steps: list[tuple[bool, float, int, bool]],
) -> None:
    """Whatever arrives, and whenever, the recording neither stretches nor shrinks."""
    track = StereoTrack()
    now, taken = 0.0, 0
    for from_caller, pause, samples, take in steps:
        now += pause
        if from_caller:
            track.caller(tone(samples, 1), now)
        else:
            track.bot(tone(samples, 1), now)
        if take:
            taken += len(track.take(now))
            assert taken == round(now * SAMPLE_RATE)
    taken += len(track.take(track.ends))
    assert taken == round(track.ends * SAMPLE_RATE)
