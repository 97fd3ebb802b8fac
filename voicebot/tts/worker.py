"""One thread that owns one engine, so that nothing heavy runs on the event loop and nothing runs twice at once."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Stopped: TypeAlias = Callable[[], bool]
"""Asked by running work from time to time: True once nobody wants its result any more."""


class Worker:
    """Runs work one piece at a time, in the order it was asked for, on a thread of its own.

    The thread is a daemon: an engine that hangs in native code must not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def run(self, work: Callable[[Stopped], T]) -> T:
        """The result of `work`; cancelling the task drops work not begun and tells running work to stop."""
        stop = threading.Event()
        try:
            return await asyncio.wrap_future(self._submit(work, stop))
        finally:
            stop.set()

    def call(self, work: Callable[[Stopped], T], timeout: float) -> T:
        """The result of `work` for a caller outside the event loop; TimeoutError after `timeout` seconds."""
        stop = threading.Event()
        try:
            return self._submit(work, stop).result(timeout)
        finally:
            stop.set()

    def close(self) -> None:
        """Let the thread end after what is queued."""
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread = None

    def _submit(self, work: Callable[[Stopped], T], stop: threading.Event) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._thread is None:
                self._queue = queue.SimpleQueue()
                self._thread = threading.Thread(target=_serve, args=(self._queue,), name=self._name, daemon=True)
                self._thread.start()
            self._queue.put(lambda: _settle(future, work, stop))
        return future


def _serve(jobs: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (job := jobs.get()) is not None:
        job()
        # What the work held (a stream, a response) must not live until the next one.
        del job


def _settle(future: Future[Any], work: Callable[[Stopped], Any], stop: threading.Event) -> None:
    if stop.is_set():
        future.cancel()
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work(stop.is_set)
    except BaseException as error:  # the waiting side decides what any failure means
        future.set_exception(error)
    else:
        future.set_result(result)
