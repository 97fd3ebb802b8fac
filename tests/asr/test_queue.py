"""The order in which waiting recognitions are taken, and which go together."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asr.support import numbered, piece
from voicebot.asr.port import JobKind
from voicebot.asr.queue import Job, JobQueue, Task
from voicebot.audio import Pcm


def _job(number: int, kind: JobKind = JobKind.FINAL, deadline: float = 1.0) -> Job:
    loop = asyncio.new_event_loop()
    try:
        return Job(numbered(number, kind), deadline, loop.create_future(), kind)
    finally:
        loop.close()


def _put(queue: JobQueue, job: Job, length: int = 1) -> Job:
    assert queue.put(job, {0: piece(_number(job), length)})
    return job


def _number(job: Job) -> int:
    return int(job.speech.pcm[0])


def _numbers(batch: list[Task] | None) -> list[int]:
    assert batch is not None
    return [_number(task.job) for task in batch]


@given(
    st.lists(st.tuples(st.sampled_from(JobKind), st.integers(0, 5)), min_size=1, max_size=12), st.integers(1, 5)
)
def test_turns_go_before_guesses_then_the_nearest_deadline(waiting: list[tuple[JobKind, int]], most: int) -> None:
    """Whatever the batch, every turn is taken before any guess, nearest deadline first, then first come first."""
    queue = JobQueue()
    for number, (kind, deadline) in enumerate(waiting):
        _put(queue, _job(number, kind, float(deadline)))
    taken: list[int] = []
    while len(taken) < len(waiting):
        batch = _numbers(queue.take(most))
        assert len(batch) == min(most, len(waiting) - len(taken))
        taken += batch
    assert taken == sorted(range(len(waiting)), key=lambda number: (*waiting[number], number))


def test_nothing_is_handed_out_while_the_engine_rests() -> None:
    """Whoever can wait is taken when the rest is over, the best first; nobody before."""
    queue = JobQueue()
    until = time.monotonic() + 0.05
    _put(queue, _job(1, JobKind.GUESS, until + 10))
    assert queue.rest(until) == []
    _put(queue, _job(2, JobKind.FINAL, until + 10))
    assert _numbers(queue.take(1)) == [2]
    assert time.monotonic() >= until
    assert _numbers(queue.take(1)) == [1]


def test_who_cannot_wait_for_the_end_of_a_rest_is_taken_out() -> None:
    """Such a job comes back at once, and a shorter rest asked for later does not end the longer one."""
    queue = JobQueue()
    until = time.monotonic() + 60
    late = _put(queue, _job(1, deadline=until - 1))
    _put(queue, _job(2, deadline=until + 1))
    assert queue.rest(until) == [late]
    assert queue.rest(until - 30) == []
    assert queue.rests_until == until
    assert len(queue) == 1


def test_a_rest_ends_when_the_queue_is_closed() -> None:
    """No worker waits for the end of a rest once there is nothing more to do for it."""
    queue = JobQueue()
    job = _put(queue, _job(1, deadline=time.monotonic() + 120))
    queue.rest(time.monotonic() + 60)
    taken: list[list[Task] | None] = []
    worker = threading.Thread(target=lambda: taken.append(queue.take(1)))
    worker.start()
    assert queue.close() == [job]
    worker.join(10)
    assert taken == [None]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5)), min_size=1, max_size=12), st.integers(1, 5))
def test_a_batch_has_one_shape_and_leaves_nobody_behind(waiting: list[tuple[int, int]], most: int) -> None:
    """The best piece of all is always in the batch, the others share its shape, and all are taken in the end."""
    queue = JobQueue()
    left = {
        number: _put(queue, _job(number, deadline=float(deadline)), length)
        for number, (length, deadline) in enumerate(waiting)
    }
    while left:
        batch = _numbers(queue.take(most))
        assert batch[0] == min(left, key=lambda number: (left[number].deadline, number))
        assert len({waiting[number][0] for number in batch}) == 1
        for number in batch:
            del left[number]
    assert len(queue) == 0


def test_a_dropped_job_is_never_taken() -> None:
    """What nobody waits for costs no decode."""
    queue = JobQueue()
    _put(queue, _job(1)).dropped.set()
    _put(queue, _job(2))
    assert len(queue) == 1
    assert _numbers(queue.take(8)) == [2]


def test_a_job_that_failed_with_others_is_taken_alone() -> None:
    """It goes in its turn, and neither takes others along nor joins them."""
    queue = JobQueue()
    for number, deadline in ((1, 1.0), (2, 2.0), (3, 3.0)):
        _put(queue, _job(number, deadline=deadline)).alone = number == 2
    assert _numbers(queue.take(8)) == [1, 3]
    assert _numbers(queue.take(8)) == [2]


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=12), st.integers(1, 5))
def test_the_batches_ahead_are_those_that_are_taken(waiting: list[tuple[int, bool]], most: int) -> None:
    """Whatever fits together with whatever, the reckoning is what happens, less one where a batch has room."""
    queue = JobQueue()
    for number, (length, alone) in enumerate(waiting):
        _put(queue, _job(number, deadline=float(number)), length).alone = alone
    ahead = queue.batches(most)
    crowds = {length: sum(one == (length, False) for one in waiting) for length in (1, 2, 3)}
    taken = 0
    while len(queue):
        queue.take(most)
        taken += 1
    assert ahead == taken - any(crowd % most for crowd in crowds.values())


@pytest.mark.parametrize(("waiting", "batches"), [(0, 0), (7, 0), (8, 1), (24, 3)])
def test_only_full_batches_are_ahead_of_one_who_fits(waiting: int, batches: int) -> None:
    """Seven of eight leave room for another; with eight a newcomer is in the next batch."""
    queue = JobQueue()
    for number in range(waiting):
        _put(queue, _job(number))
    assert queue.batches(8) == batches


def test_what_nobody_wants_does_not_pile_up_while_the_model_hangs() -> None:
    """Nobody takes anything, callers give up and ask again: their audio does not stay in memory."""
    queue = JobQueue()
    given_up: list[weakref.ref[Pcm]] = []
    for number in range(5):
        job = _put(queue, _job(number))
        job.dropped.set()
        given_up.append(weakref.ref(job.speech.pcm))
    del job
    _put(queue, _job(6))
    gc.collect()
    assert [audio() for audio in given_up] == [None] * 5


def test_closing_releases_those_who_wait() -> None:
    """A worker waiting for work goes home when the queue closes, and jobs left behind are handed back."""
    queue = JobQueue()
    taken: list[list[Task] | None] = []
    worker = threading.Thread(target=lambda: taken.append(queue.take(1)))
    worker.start()
    assert queue.close() == []
    worker.join(5)
    assert taken == [None]

    left = JobQueue()
    job = _job(7, JobKind.GUESS)
    left.put(job, {0: piece(7), 1: piece(7)})
    assert left.close() == [job]
    assert left.take(1) is None
    assert not left.put(job, {0: piece(7)})
