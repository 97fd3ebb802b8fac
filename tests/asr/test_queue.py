"""The order in which waiting recognitions are taken, and which go together."""

from __future__ import annotations

import asyncio
import threading

from hypothesis import given
from hypothesis import strategies as st

from tests.asr.support import numbered, piece
from voicebot.asr.port import JobKind
from voicebot.asr.queue import Job, JobQueue, Task


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
