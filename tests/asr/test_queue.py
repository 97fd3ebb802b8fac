"""The order in which waiting recognitions are taken."""

from __future__ import annotations

import asyncio
import threading

from hypothesis import given
from hypothesis import strategies as st

from tests.asr.support import numbered
from voicebot.asr.port import JobKind
from voicebot.asr.queue import Job, JobQueue


def _job(number: int, kind: JobKind, deadline: float) -> Job:
    loop = asyncio.new_event_loop()
    try:
        return Job(numbered(number, kind), deadline, loop.create_future(), threading.Event())
    finally:
        loop.close()


def _number(job: Job | None) -> int:
    assert job is not None
    return int(job.speech.pcm[0])


@given(st.lists(st.tuples(st.sampled_from(JobKind), st.integers(0, 5)), min_size=1, max_size=12))
def test_turns_go_before_guesses_then_the_nearest_deadline(waiting: list[tuple[JobKind, int]]) -> None:
    """Every finished turn is taken before any guess, nearest deadline first, then first come first served."""
    queue = JobQueue()
    for number, (kind, deadline) in enumerate(waiting):
        queue.put(_job(number, kind, float(deadline)))
    taken = [_number(queue.take()) for _ in waiting]
    assert taken == sorted(range(len(waiting)), key=lambda number: (*waiting[number], number))


def test_a_dropped_job_is_never_taken() -> None:
    """What nobody waits for costs no decode."""
    queue = JobQueue()
    jobs = [_job(number, JobKind.FINAL, 1.0) for number in (1, 2)]
    for job in jobs:
        queue.put(job)
    jobs[0].dropped.set()
    assert _number(queue.take()) == 2


def test_closing_releases_those_who_wait() -> None:
    """A worker waiting for work goes home when the queue closes, and jobs left behind are handed back."""
    queue = JobQueue()
    taken: list[Job | None] = []
    worker = threading.Thread(target=lambda: taken.append(queue.take()))
    worker.start()
    assert queue.close() == []
    worker.join(5)
    assert taken == [None]

    left = JobQueue()
    left.put(_job(7, JobKind.GUESS, 1.0))
    assert [_number(job) for job in left.close()] == [7]
    assert left.take() is None
