"""The legs between the times of a turn."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.record import Timings
from voicebot.call.stages import Stage, answered_in, legs

WHOLE = Timings(
    last_voice=10.0,
    vad_end=10.02,
    queued=10.15,
    decoding=10.16,
    recognised=10.26,
    committed=10.4,
    understood=10.41,
    ready=10.45,
    answered=10.46,
    confirmed=12.0,
    decode_seconds=0.1,
)


def test_every_stage_of_a_whole_turn_is_shown() -> None:
    """With all times known there is one leg for each stage, in order, from the time before to its own."""
    assert [(leg.stage, leg.start, leg.end) for leg in legs(WHOLE)] == [
        (Stage.NOTICE, 10.0, 10.02),
        (Stage.GUESS, 10.02, 10.15),
        (Stage.QUEUE, 10.15, 10.16),
        (Stage.DECODE, 10.16, 10.26),
        (Stage.PAUSE, 10.02, 10.4),
        (Stage.DECIDE, 10.4, 10.41),
        (Stage.VOICE, 10.41, 10.45),
        (Stage.SEND, 10.45, 10.46),
        (Stage.PLAY, 10.46, 12.0),
    ]


def test_a_record_of_fewer_times_leaves_no_gap() -> None:
    """Where a time was not kept, the next stage begins with the one before it."""
    found = legs(Timings(last_voice=1.0, queued=1.2, recognised=1.3, committed=1.4, answered=1.5))
    assert [(leg.stage, leg.start, leg.end) for leg in found] == [
        (Stage.GUESS, 1.0, 1.2),
        (Stage.DECODE, 1.2, 1.3),
        (Stage.PAUSE, 1.0, 1.4),
        (Stage.SEND, 1.4, 1.5),
    ]


def test_the_wait_is_counted_from_the_last_voice_or_the_last_key() -> None:
    """Keys have no last voice: their wait begins when the entry was over; without a reply there is none."""
    assert answered_in(WHOLE) == pytest.approx(0.46)
    assert answered_in(Timings(committed=3.0, answered=3.25)) == pytest.approx(0.25)
    assert answered_in(Timings(last_voice=3.0, committed=3.4)) is None


@given(st.builds(Timings, *[st.none() | st.floats(0, 1e4)] * len(fields(Timings))))
def test_no_leg_lasts_less_than_nothing(timings: Timings) -> None:
    """Whatever was kept, each stage comes at most once and ends no earlier than it begins."""
    found = legs(timings)
    assert all(leg.seconds >= 0 for leg in found)
    assert len({leg.stage for leg in found}) == len(found)
