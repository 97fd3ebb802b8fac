"""One measurement: a fresh server process, a fresh process of callers, and what came of them."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.media_plane import callers, house
from benchmarks.media_plane.figures import CallerFigures, Ready, ServerFigures, ServerTotals, Step
from benchmarks.report import percentile
from voicebot.call.rules import Rules

ANSWER_SECONDS = 60.0
"""A process that says nothing for this long has failed."""

SCRIPTED_SECONDS = Rules().min_pause
"""What a reply waits for by the rules, however fast the server is: the pause that ends a turn. Recognition (a
guess after 0.15 s, answered after another 0.15 s) is over by then."""

LATE_GOAL, LATE_FLOOR = 0.010, 0.020
CALLERS_LATE = 0.005
"""A client whose own beat is later than this (p99) measures itself."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What one step showed."""

    step: Step
    server: ServerFigures
    totals: ServerTotals
    callers: CallerFigures

    @property
    def cpu(self) -> float:
        """Share of the core the server used."""
        return self.server.cpu / self.server.wall

    @property
    def missing(self) -> int:
        """Frames sent that never reached a call."""
        return self.callers.frames - self.totals.frames

    @property
    def late(self) -> float:
        """p99 of the ticker's lateness, seconds."""
        return percentile(self.server.lateness, 99)

    @property
    def callers_late(self) -> float:
        """p99 of the callers' own lateness, seconds."""
        return percentile(self.callers.lateness, 99)

    @property
    def sound(self) -> bool:
        """Whether every frame arrived and every call lived on and was answered."""
        return not (self.missing or self.callers.lost or self.callers.unanswered or self.totals.complaints)

    def holds(self, lateness: float) -> bool:
        """Whether the calls were held with this lateness (p99) at most."""
        return self.sound and self.late <= lateness


def measure(step: Step) -> Result:
    """Run one step; takes `step.seconds` and about ten more. Raises RuntimeError when a process fails."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="media-plane-")))
        server = stack.enter_context(_child("server", house.run, step, folder))
        ready = _answer(server, Ready)
        load = stack.enter_context(_child("callers", callers.run, ready))
        _answer(load, type(None))
        time.sleep(step.settle)
        server.send("begin")
        _answer(server, type(None))
        load.send("begin")
        time.sleep(step.seconds)
        server.send("end")
        served = _answer(server, ServerFigures)
        load.send("end")
        called = _answer(load, CallerFigures)
        server.send("stop")
        return Result(step, served, _answer(server, ServerTotals), called)


@contextmanager
def _child(name: str, target: Any, *args: object) -> Iterator[Connection]:
    """A fresh interpreter that runs `target(pipe, *args)`; ended here if it has not ended by itself."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *args), name=name)
    process.start()
    theirs.close()
    try:
        yield ours
        process.join(ANSWER_SECONDS)
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


def _answer(pipe: Connection, kind: type[T]) -> T:
    try:
        answer = pipe.recv() if pipe.poll(ANSWER_SECONDS) else "nothing"
    except EOFError:
        raise RuntimeError(f"a process ended before it sent {kind.__name__}; its own error is above") from None
    if not isinstance(answer, kind):
        raise RuntimeError(f"expected {kind.__name__} within {ANSWER_SECONDS:g} s, got {answer!r}")
    return answer
