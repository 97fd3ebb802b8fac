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
"""Seconds between two tries to load a model that will not."""

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
    reload: makes the engine anew; without it a broken one is kept.
    """

    def __init__(self, engine: Engine, batch: int, reload: Callable[[], Engine] | None = None) -> None:
        self.description = engine.description
        self.batch = batch
        self._engine: Engine | None = engine
        self._reload = reload
        self._lock = threading.Lock()
        self._proven = True
        self._next_try = 0.0
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
                self._engine = self._load()
            return self._engine

    def proved(self, engine: Engine, pieces: int) -> None:
        """`engine` decoded so many pieces together."""
        if engine is self._engine:
            self._proven = True
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
        """`engine` failed: load another, unless this one is new itself; then the audio is to blame."""
        with self._lock:
            if engine is not self._engine or not self._proven or self._reload is None:
                return
            self._engine = None
            try:
                engine.close()
            except Exception as error:
                log.warning("recognizer.close_failed", error=type(error).__name__)
        try:
            self.engine()
        except RecognizerError:
            return

    def close(self) -> None:
        """Give the engine's memory back."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()

    def _load(self) -> Engine:
        assert self._reload is not None
        if time.monotonic() < self._next_try:
            raise RecognizerError("the speech model broke and could not be loaded again")
        began = time.monotonic()
        try:
            engine = self._reload()
        except Exception as error:
            self._next_try = time.monotonic() + _PAUSE
            log.error("recognizer.reload_failed", error=type(error).__name__, detail=str(error))
            raise RecognizerError(f"the speech model broke and could not be loaded again: {error}") from error
        self._proven = False
        log.warning("recognizer.reloaded", seconds=round(time.monotonic() - began, 2))
        return engine


def is_shortage(error: Exception) -> bool:
    """Whether `error` says that memory ran out, on the CPU or on a GPU."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in said for sign in _SHORTAGE)
