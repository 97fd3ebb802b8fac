from __future__ import annotations

import asyncio
import threading
import time

import pytest

from voicebot.tts.worker import Stopped, Worker

DEADLINE = 5.0


def test_work_runs_one_piece_at_a_time_on_one_thread() -> None:
    """Twenty pieces asked for at once run in order, all on the same thread, which is not the loop's."""
    threads: set[str] = set()
    order: list[int] = []

    def piece(number: int) -> int:
        threads.add(threading.current_thread().name)
        order.append(number)
        return number * 2

    async def ask() -> list[int]:
        worker = Worker("test-worker")
        try:
            return await asyncio.gather(
                *(worker.run(lambda _stopped, n=n: piece(n)) for n in range(20))  # type: ignore[misc]
            )
        finally:
            worker.close()

    assert asyncio.run(ask()) == [number * 2 for number in range(20)]
    assert order == list(range(20))
    assert threads == {"test-worker"}


def test_an_error_of_the_work_reaches_who_asked() -> None:
    """What the work raises is raised where it was awaited, and the thread lives on."""

    def fail(_stopped: Stopped) -> None:
        raise ValueError("no")

    async def ask() -> str:
        worker = Worker("test-worker")
        with pytest.raises(ValueError, match="no"):
            await worker.run(fail)
        return await worker.run(lambda _stopped: "alive")

    assert asyncio.run(ask()) == "alive"


def test_cancelling_tells_running_work_to_stop_and_drops_waiting_work() -> None:
    """The work in hand sees that it is stopped; the piece queued behind it never begins."""
    started, stopped_seen, queued_ran = threading.Event(), threading.Event(), threading.Event()

    def until_stopped(stopped: Stopped) -> None:
        started.set()
        deadline = time.monotonic() + DEADLINE
        while not stopped() and time.monotonic() < deadline:
            threading.Event().wait(0.001)
        if stopped():
            stopped_seen.set()

    async def ask() -> None:
        worker = Worker("test-worker")
        running = asyncio.create_task(worker.run(until_stopped))
        waiting = asyncio.create_task(worker.run(lambda _stopped: queued_ran.set()))
        await asyncio.to_thread(started.wait, DEADLINE)
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        assert await worker.run(lambda _stopped: "next") == "next"

    asyncio.run(ask())
    assert stopped_seen.is_set()
    assert not queued_ran.is_set()


def test_a_blocking_caller_gives_up_after_its_timeout() -> None:
    """Work that hangs does not hold the caller longer than it asked for."""
    release = threading.Event()
    worker = Worker("test-worker")
    with pytest.raises(TimeoutError):
        worker.call(lambda _stopped: release.wait(DEADLINE), 0.02)
    release.set()
    assert worker.call(lambda _stopped: 7, DEADLINE) == 7


def test_work_a_blocking_caller_gave_up_is_stopped() -> None:
    """Where it runs it is told so, and where it still waits behind other work it never begins."""
    release, queued_ran, goes_on = threading.Event(), threading.Event(), threading.Event()

    def hang(stopped: Stopped) -> None:
        release.wait(DEADLINE)
        if not stopped():
            goes_on.set()

    worker = Worker("test-worker")
    for work in (hang, lambda _stopped: queued_ran.set()):
        with pytest.raises(TimeoutError):
            worker.call(work, 0.02)
    release.set()
    assert worker.call(lambda _stopped: "next", DEADLINE) == "next"
    assert not goes_on.is_set()
    assert not queued_ran.is_set()


def test_closing_ends_the_thread_and_later_work_has_a_new_one() -> None:
    """An engine that is not wanted any more keeps no thread; one that is wanted again gets another."""
    worker = Worker("test-worker")
    first = worker.call(lambda _stopped: threading.current_thread(), DEADLINE)
    worker.close()
    first.join(DEADLINE)
    assert not first.is_alive()
    assert worker.call(lambda _stopped: threading.current_thread(), DEADLINE) is not first
    worker.close()
