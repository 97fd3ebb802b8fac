"""Writes of all calls to the database: in order, off the event loop, not given up while the process lives."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import structlog

from voicebot.errors import StoreError, Unstorable

log = structlog.get_logger()

Write = Callable[[], None]
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


class Journal:
    """One writer thread. A write that fails is tried again until it succeeds, so order and content survive
    a database that is locked, full or restarting; calls go on meanwhile. What can never succeed is dropped."""

    def __init__(self) -> None:
        self._writes: queue.Queue[Write | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Writes waiting."""
        return self._writes.qsize()

    def write(self, write: Write) -> None:
        """Have `write` performed after all writes given before. `write` may raise StoreError."""
        self._writes.put(write)

    def close(self, timeout: float) -> bool:
        """Perform what is waiting, at most for `timeout` seconds; whether everything was written."""
        self._writes.put(None)
        self._thread.join(timeout)
        self._stopping.set()
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (write := self._writes.get()) is not None:
            self._perform(write)

    def _perform(self, write: Write) -> None:
        tries = 0
        while not self._stopping.is_set():
            try:
                write()
                return
            except Unstorable as error:
                # It would hold up the records of all other calls for ever.
                log.error("journal.write_refused", error=str(error))
                return
            except StoreError as error:
                pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                log.error("journal.retry", tries=tries, pause=pause, backlog=self.backlog, error=str(error))
                time.sleep(pause)
            except Exception:
                log.exception("journal.write_dropped")
                return
