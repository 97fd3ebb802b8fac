"""Recognitions waiting for a worker: what a caller waits for first, then whoever must have an answer soonest."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from dataclasses import dataclass

from voicebot.asr.port import Speech, Transcript


@dataclass(frozen=True, slots=True)
class Job:
    """One recognition and where its answer goes.

    deadline: seconds, monotonic; nobody waits for the answer after it.
    dropped: set when nobody waits any more.
    """

    speech: Speech
    deadline: float
    answer: asyncio.Future[Transcript]
    dropped: threading.Event


class JobQueue:
    """Hands jobs to worker threads: `FINAL` before `GUESS`, then the earliest deadline, then first come."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, Job]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job) -> None:
        """Line `job` up. Never waits."""
        with self._changed:
            heapq.heappush(self._heap, (job.speech.kind, job.deadline, next(self._order), job))
            self._changed.notify()

    def take(self) -> Job | None:
        """The next job somebody still waits for; blocks until there is one, None once the queue is closed."""
        with self._changed:
            while True:
                if self._closed:
                    return None
                while self._heap:
                    job = heapq.heappop(self._heap)[-1]
                    if not job.dropped.is_set():
                        return job
                self._changed.wait()

    def close(self) -> list[Job]:
        """Release every waiting worker; returns the jobs that were never begun."""
        with self._changed:
            self._closed = True
            left = [entry[-1] for entry in self._heap if not entry[-1].dropped.is_set()]
            self._heap.clear()
            self._changed.notify_all()
            return left
