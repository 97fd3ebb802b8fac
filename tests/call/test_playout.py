"""What the caller has heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.playout import Heard, PlayClock


def test_flush_reports_only_what_was_played() -> None:
    """A flush half-way through a sentence leaves half of it heard, for ever."""
    clock = PlayClock()
    clock.sent(1, 2.0, now=10.0, last=True)
    clock.flushed(now=11.0)
    assert clock.heard(1, now=20.0) == Heard(seconds=1.0, complete=False)


def test_a_sentence_waits_for_the_one_before() -> None:
    """Audio sent ahead is heard only after everything sent earlier."""
    clock = PlayClock()
    clock.sent(1, 2.0, now=0.0, last=True)
    clock.sent(2, 1.0, now=0.0, last=True)
    assert clock.started(2) == 2.0
    assert clock.heard(2, now=2.5) == Heard(0.5, complete=False)
    assert clock.heard(2, now=3.0) == Heard(1.0, complete=True)


def test_an_empty_buffer_is_silence() -> None:
    """While the gateway waits for the next chunk nothing is heard, and nothing is made up afterwards."""
    clock = PlayClock()
    clock.sent(1, 1.0, now=0.0)
    clock.sent(1, 1.0, now=3.0, last=True)
    assert clock.heard(1, now=2.0) == Heard(1.0, complete=False)
    assert clock.heard(1, now=3.5) == Heard(1.5, complete=False)
    assert clock.ended(1) == 4.0


def test_a_sentence_is_not_over_before_all_of_it_was_sent() -> None:
    """Having played everything so far is not having played everything."""
    clock = PlayClock()
    clock.sent(1, 1.0, now=0.0)
    assert not clock.heard(1, now=5.0).complete
    clock.sent(1, 0.0, now=5.0, last=True)
    assert clock.heard(1, now=5.0) == Heard(1.0, complete=True)
    assert clock.ended(1) == 1.0


def test_a_closing_message_without_audio_does_not_delay_the_end() -> None:
    """The end of a sentence is its last sample, not the message that says it was the last."""
    clock = PlayClock()
    clock.sent(1, 1.0, now=0.0)
    clock.sent(2, 5.0, now=0.0)
    clock.sent(1, 0.0, now=0.5, last=True)
    assert clock.heard(1, now=1.0).complete


def test_a_flush_forgets_what_was_never_heard() -> None:
    """A sentence that waited behind another when the flush came was not heard at all."""
    clock = PlayClock()
    clock.sent(1, 2.0, now=0.0, last=True)
    clock.sent(2, 2.0, now=0.0, last=True)
    clock.flushed(now=1.0)
    assert clock.heard(2, now=9.0) == Heard(0.0, complete=False)
    assert clock.started(2) is None
    assert clock.ended(2) is None
    assert clock.sent_seconds(2) == 0.0


def test_a_flush_after_the_end_changes_nothing() -> None:
    """What was heard to its end stays heard."""
    clock = PlayClock()
    clock.sent(1, 1.0, now=0.0, last=True)
    clock.flushed(now=2.0)
    assert clock.heard(1, now=2.0) == Heard(1.0, complete=True)


def test_after_a_flush_playback_begins_at_once() -> None:
    """The next sentence does not wait for audio that was thrown away."""
    clock = PlayClock()
    clock.sent(1, 30.0, now=0.0)
    clock.flushed(now=1.0)
    clock.sent(2, 1.0, now=1.0, last=True)
    assert clock.heard(2, now=2.0).complete


def test_a_mark_only_confirms() -> None:
    """A gateway that confirms early does not make the caller hear faster."""
    clock = PlayClock()
    clock.sent(1, 2.0, now=0.0, last=True)
    clock.confirmed(1)
    clock.confirmed(7)
    assert clock.is_confirmed(1)
    assert not clock.is_confirmed(7)
    assert clock.heard(1, now=1.0) == Heard(1.0, complete=False)


def test_a_forgotten_sentence_is_unknown() -> None:
    """A call of an hour keeps only the sentences it still asks about."""
    clock = PlayClock()
    clock.sent(1, 1.0, now=0.0, last=True)
    clock.forget(1)
    assert clock.heard(1, now=5.0) == Heard(0.0, complete=False)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.floats(0, 3), st.floats(0, 3), st.booleans()), min_size=1, max_size=20
    )
)
def test_nobody_hears_more_than_was_sent_or_than_time_allows(steps: list[tuple[int, float, float, bool]]) -> None:
    """However audio is sent and flushed, heard seconds fit into the time passed and the audio sent."""
    clock = PlayClock()
    now, sent = 0.0, 0.0
    for utterance, seconds, pause, flush in steps:
        now += pause
        clock.sent(utterance, seconds, now)
        sent += seconds
        if flush:
            clock.flushed(now)
        heard = sum(clock.heard(one, now).seconds for one in range(1, 5))
        assert heard <= min(now, sent) + 1e-6
    assert sum(clock.heard(one, now + 100).seconds for one in range(1, 5)) <= sent + 1e-6


@pytest.mark.parametrize("lateness", [0.0, 0.02, 0.2])
def test_steady_sending_is_one_stretch(lateness: float) -> None:
    """Chunks sent ahead of the ear are heard without a gap, whenever exactly they were sent."""
    clock = PlayClock()
    for chunk in range(10):
        clock.sent(1, 0.1, now=max(0.0, chunk * 0.1 - 0.3 + lateness), last=chunk == 9)
    heard = clock.heard(1, now=1.0)
    assert heard.complete
    assert heard.seconds == pytest.approx(1.0)
