"""How long a turn would wait, by the clock of the test."""

from __future__ import annotations

import math

import pytest

from voicebot.asr.meter import Meter, Went


def _after(*took: float) -> Meter:
    """A meter that has seen batches of these lengths, one after the other."""
    meter = Meter()
    for seconds in took:
        meter.began(0.0)
        meter.ended(0.0, seconds)
    return meter


def test_an_idle_model_is_waited_for_by_nobody() -> None:
    """With a worker free and nothing in the queue a turn begins at once."""
    assert Meter().wait(0, workers=1, now=5.0) == 0.0
    assert _after(0.3).wait(0, workers=1, now=5.0) == 0.0


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_every_batch_ahead_costs_its_time(batches: int) -> None:
    """Behind n batches of 0.3 s, and half of the one under way, a turn waits so long."""
    meter = _after(0.3)
    meter.began(10.0)
    assert meter.wait(batches, workers=1, now=10.1) == pytest.approx(0.2 + 0.3 * batches)


def test_two_workers_halve_the_queue() -> None:
    """While one of two workers is free nobody waits for the other, and the queue goes twice as fast."""
    meter = _after(0.4)
    meter.began(10.0)
    assert meter.wait(0, workers=2, now=10.1) == 0.0
    meter.began(10.1)
    assert meter.wait(2, workers=2, now=10.2) == pytest.approx(0.2 + 0.4)


def test_a_batch_that_hangs_makes_the_wait_grow() -> None:
    """A batch of usually 0.2 s that has taken 3 s may take 3 s more."""
    meter = _after(0.2)
    meter.began(10.0)
    assert meter.wait(0, workers=1, now=13.0) == pytest.approx(2.8)


def test_the_mean_follows_what_batches_take_now() -> None:
    """Twenty batches of 0.5 s after one of 0.1 s: the mean is nearly there; a failed one does not count."""
    meter = _after(0.1, *[0.5] * 20)
    assert 0.49 < meter.seconds < 0.5
    before = meter.seconds
    meter.began(10.0)
    meter.ended(10.0, 60.0, Went.FAILED)
    assert meter.seconds == before


def test_a_model_that_always_fails_is_given_no_work_for_a_while() -> None:
    """Two failures may be bad audio; after the third in a row nobody comes for 5 s; one success ends it."""
    meter = _after(0.2)
    waits = []
    for now in (10.0, 11.0, 12.0):
        meter.began(now)
        meter.ended(now, now, Went.FAILED)
        waits.append(meter.wait(0, workers=1, now=now))
    assert waits == [0.0, 0.0, math.inf]
    assert meter.wait(0, workers=1, now=16.9) == math.inf
    assert meter.wait(0, workers=1, now=17.1) == 0.0
    meter.began(17.2)
    meter.ended(17.2, 17.4)
    meter.began(17.5)
    meter.ended(17.5, 17.6, Went.FAILED)
    assert meter.wait(0, workers=1, now=17.6) == 0.0


def test_batches_that_go_again_in_parts_are_no_failures() -> None:
    """However often a batch had to be halved, the model is there; and what that took is not what a batch takes."""
    meter = _after(0.2)
    for now in (10.0, 10.1, 10.2, 10.3):
        meter.began(now)
        meter.ended(now, now + 5.0, Went.IN_PARTS)
    assert meter.wait(0, workers=1, now=10.4) == 0.0
    assert meter.seconds == 0.2
