"""Utterances waiting for the model: what a caller waits for first, then whoever must have an answer soonest."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voicebot.asr.engine import Heard, Piece
from voicebot.asr.port import JobKind, Speech, Transcript


@dataclass(slots=True, eq=False)
class Job:
    """One recognition and where its answer goes.

    deadline: seconds, monotonic; nobody waits for the answer after it.
    kind: begins as the speech's, and may be raised.
    asked: when it was asked for; began: when the model first worked on it, None before. Seconds, monotonic.
    dropped: set when nobody waits any more.
    pieces: what the model is to hear. heard: what it heard, by place; complete when as many.
    busy: seconds the model worked on it.
    alone: whether a batch with it failed before, so that it may fail no other.
    """

    speech: Speech
    deadline: float
    answer: asyncio.Future[Transcript]
    kind: JobKind
    asked: float = field(default_factory=time.monotonic)
    began: float | None = None
    dropped: threading.Event = field(default_factory=threading.Event)
    pieces: Sequence[Piece] = ()
    heard: dict[int, Heard] = field(default_factory=dict)
    busy: float = 0.0
    alone: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One piece of a job. place: which."""

    job: Job
    place: int
    piece: Piece
    number: int

    @property
    def rank(self) -> tuple[int, float, int]:
        """A lower one goes first."""
        return (self.job.kind, self.job.deadline, self.number)


class JobQueue:
    """Hands batches to worker threads: `FINAL` before `GUESS`, then the earliest deadline, then first come.

    rests_until: seconds, monotonic; nothing is handed out before.
    """

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False
        self.rests_until = -math.inf

    def __len__(self) -> int:
        """Pieces that wait and that somebody wants."""
        with self._changed:
            return len(self._wanted())

    def batches(self, most: int) -> int:
        """How many batches of up to `most` pieces go before a piece that came now; it joins one that has room."""
        with self._changed:
            wanted = self._wanted()
        apart = sum(task.job.alone for task in wanted)
        crowds = Counter(task.piece.shape for task in wanted if not task.job.alone).values()
        room = any(crowd % most for crowd in crowds)
        return apart + sum(-(-crowd // most) for crowd in crowds) - room

    def put(self, job: Job, pieces: Mapping[int, Piece]) -> bool:
        """Line pieces of `job` up by their places; False when the queue is closed. Never waits.

        What nobody wants any more goes, so that it does not pile up in front of a model that hangs.
        """
        with self._changed:
            if self._closed:
                return False
            self._tasks = self._wanted()
            for place, piece in pieces.items():
                self._count += 1
                self._tasks.append(Task(job, place, piece, self._count))
            self._changed.notify(len(pieces))
            return True

    def rest(self, until: float) -> list[Job]:
        """Hand nothing out before `until`; returns the jobs that cannot wait so long, which are taken out."""
        with self._changed:
            self.rests_until = max(self.rests_until, until)
            late = dict.fromkeys(task.job for task in self._wanted() if task.job.deadline <= until)
            self._tasks = [task for task in self._wanted() if task.job not in late]
            return list(late)

    def take(self, most: int) -> list[Task] | None:
        """The best piece and, up to `most` in all, the best others that can be decoded with it.

        Waits only while there is nothing at all to do or the engine rests; None once the queue is closed.
        """
        with self._changed:
            while not self._closed:
                self._tasks = sorted(self._wanted(), key=lambda task: task.rank)
                rest = self.rests_until - time.monotonic()
                if self._tasks and rest <= 0:
                    batch = _batch(self._tasks, most)
                    self._tasks = [task for task in self._tasks if task not in batch]
                    return batch
                self._changed.wait(rest if self._tasks else None)
            return None

    def close(self) -> list[Job]:
        """Release every waiting worker; returns the jobs that are left without an answer."""
        with self._changed:
            self._closed = True
            left = dict.fromkeys(task.job for task in self._wanted())
            self._tasks.clear()
            self._changed.notify_all()
            return list(left)

    def _wanted(self) -> list[Task]:
        return [task for task in self._tasks if not task.job.dropped.is_set()]


def _batch(ranked: Sequence[Task], most: int) -> list[Task]:
    first = ranked[0]
    if first.job.alone:
        return [first]
    fitting = (task for task in ranked if task.piece.shape == first.piece.shape and not task.job.alone)
    return [task for task, _ in zip(fitting, range(most), strict=False)]
