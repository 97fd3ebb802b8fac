"""The life of an engine: smaller batches when memory runs out, loaded again when it breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from voicebot.asr.engine import Engine
from voicebot.errors import RecognizerError

log = structlog.get_logger()

_PAUSE = 1.0
"""Seconds between two tries to load a model that will not; twice as many after each, up to `_LONGEST_PAUSE`."""

_LONGEST_PAUSE = 30.0

_MISTRUST = 3
"""Batches a new engine fails running, none having gone well, from which it is to blame and not their audio."""

_FAREWELL = 0.5
"""Seconds `close` waits for whoever is loading; he then closes what he has loaded."""

_TRUST = 50
"""Full batches that must go well before a larger one is tried after a shortage of memory."""

_MOST_TRUST = 64 * _TRUST
"""The same when larger ones have failed again and again."""

_SHORTAGE = ("out of memory", "bad_alloc", "alloc_failed", "memoryallocation")
"""How CUDA, cuBLAS and C++ say that memory ran out; CTranslate2 hands it on as a RuntimeError."""


class EngineKeeper:
    """Lends the engine to worker threads and hears from them how it did.

    batch: most pieces decoded together. It is halved by a shortage of memory, which may be another program's and
    pass, and grows by a quarter when full batches go well; each further shortage doubles how many it takes.
    reload: makes the engine anew; without it a broken one is kept. Where it fails it is called again and again,
    also when nobody asks: a node that is sent no calls while it cannot hear would never hear again.
    """

    def __init__(self, engine: Engine, batch: int, reload: Callable[[], Engine] | None = None) -> None:
        self.description = engine.description
        self.batch = batch
        self._engine: Engine | None = engine
        self._reload = reload
        self._lock = threading.Lock()
        self._proven = True
        self._failures = 0
        self._next_try = 0.0
        self._closed = threading.Event()
        self._most = batch
        self._full = 0
        self._trust = _TRUST

    @property
    def down(self) -> bool:
        """Whether there is no engine because it could not be loaded again."""
        return self._engine is None

    def engine(self) -> Engine:
        """The engine, loaded if it has to be, which takes its time. Raises RecognizerError if it cannot be."""
        with self._lock:
            if self._engine is None:
                engine = self._load()
                if self._closed.is_set():
                    engine.close()
                    raise RecognizerError("the recogniser has been closed")
                self._engine = engine
            return self._engine

    def proved(self, engine: Engine, pieces: int) -> None:
        """`engine` decoded so many pieces together."""
        if engine is self._engine:
            self._proven = True
            self._failures = 0
        if pieces < self.batch or self.batch >= self._most:
            return
        with self._lock:
            self._full += 1
            if self._full < self._trust:
                return
            self._full = 0
            self.batch = min(self._most, self.batch + max(1, self.batch // 4))
        log.info("recognizer.larger_batches", batch=self.batch)

    def short_of_memory(self, pieces: int) -> bool:
        """A batch of `pieces` did not fit; whether a smaller one can be tried."""
        with self._lock:
            if pieces == 1:
                return False
            if self.batch < self._most:
                self._trust = min(_MOST_TRUST, 2 * self._trust)
            self.batch = min(self.batch, pieces // 2)
            self._full = 0
        log.warning("recognizer.smaller_batches", batch=self.batch)
        return True

    def broke(self, engine: Engine) -> None:
        """`engine` failed: load another, unless this one is new itself and may have met bad audio."""
        with self._lock:
            if engine is not self._engine or self._reload is None:
                return
            self._failures += 1
            if not self._proven and self._failures < _MISTRUST:
                return
            self._engine = None
            try:
                engine.close()
            except Exception as error:
                log.warning("recognizer.close_failed", error=type(error).__name__)
        try:
            self.engine()
        except RecognizerError:
            threading.Thread(target=self._mend, name="recognizer-mend", daemon=True).start()

    def close(self) -> None:
        """Give the engine's memory back, and load none any more."""
        self._closed.set()
        if not self._lock.acquire(timeout=_FAREWELL):
            return
        try:
            if self._engine is not None:
                self._engine.close()
        finally:
            self._lock.release()

    def _mend(self) -> None:
        pause = _PAUSE
        while not self._closed.wait(pause):
            try:
                self.engine()
            except RecognizerError:
                pause = min(_LONGEST_PAUSE, 2 * pause)
            else:
                return

    def _load(self) -> Engine:
        assert self._reload is not None
        if self._closed.is_set() or time.monotonic() < self._next_try:
            raise RecognizerError("the speech model broke and could not be loaded again")
        began = time.monotonic()
        try:
            engine = self._reload()
        except Exception as error:
            self._next_try = time.monotonic() + _PAUSE
            log.error("recognizer.reload_failed", error=type(error).__name__, detail=str(error))
            raise RecognizerError(f"the speech model broke and could not be loaded again: {error}") from error
        self._proven = False
        self._failures = 0
        log.warning("recognizer.reloaded", seconds=round(time.monotonic() - began, 2))
        return engine


def is_shortage(error: Exception) -> bool:
    """Whether `error` says that memory ran out, on the CPU or on a GPU."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in said for sign in _SHORTAGE)
