"""The recogniser around an engine: one queue for all calls, their utterances batched in front of the model."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue

import structlog

from voicebot.asr import guard
from voicebot.asr.engine import Busy, Engine, Heard, Piece
from voicebot.asr.keeper import EngineKeeper, is_shortage
from voicebot.asr.meter import Meter, Went
from voicebot.asr.metrics import HearingMetrics, Outcome
from voicebot.asr.port import JobKind, Speech, Transcript
from voicebot.asr.queue import Job, JobQueue, Task
from voicebot.audio import seconds
from voicebot.errors import RecognizerError, RecognizerTimeout

log = structlog.get_logger()

SHORTEST = 0.1
"""Seconds below which nothing can have been said; a spoken "no" is three times as long."""

_FEATURE_THREADS = 2
"""Threads that turn audio into features: a millisecond or two each, so that the model never waits for them."""

_FAREWELL = 5.0
"""Seconds `aclose` waits for decodes under way; the threads do not keep the process alive beyond that."""


class LocalRecognizer:
    """Whenever the model is free it takes the best utterances that wait, together; it never waits for more.

    workers: batches at once; the engine must have been loaded for as many. batch: most pieces decoded together.
    timeout: seconds from asking to giving up, waiting included. reload: makes the engine anew after it broke.
    """

    def __init__(
        self,
        engine: Engine,
        workers: int,
        timeout: float,
        batch: int = 8,
        reload: Callable[[], Engine] | None = None,
    ) -> None:
        self._keeper = EngineKeeper(engine, batch, reload)
        self._timeout = timeout
        self._queue = JobQueue()
        self._meter = Meter()
        self._lock = threading.Lock()
        self._waiting: dict[int, Job] = {}
        self._closed = False
        self.metrics = HearingMetrics(lambda: self.load, lambda: self.waiting, lambda: self.batch)
        """For the registry of `/metrics`."""
        self._asked: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"recognizer-{number}", daemon=True)
            for number in range(workers)
        ]
        # No pool of the standard library: the process would not end while a thread of it waits for a model.
        features = [
            threading.Thread(target=self._prepare_all, name=f"features-{number}", daemon=True)
            for number in range(_FEATURE_THREADS)
        ]
        for thread in (*self._threads, *features):
            thread.start()

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        return self._keeper.description

    @property
    def waiting(self) -> int:
        """Pieces that are ready for the model and wait for it."""
        return len(self._queue)

    @property
    def batch(self) -> int:
        """Most pieces decoded together at present."""
        return self._keeper.batch

    @property
    def load(self) -> float:
        """Seconds a turn that came now would wait; infinite while the model is being loaded again in vain."""
        if self._closed or self._keeper.down:
            return math.inf
        now = time.monotonic()
        rest = max(0.0, self._queue.rests_until - now)
        with self._lock:
            return rest + self._meter.wait(self._queue.batches(self.batch), len(self._threads), now)

    async def recognize(self, speech: Speech) -> Transcript:
        """Hear `speech`; raises RecognizerError, or RecognizerTimeout after the timeout."""
        if seconds(speech.pcm) < SHORTEST:
            return Transcript("", confidence=0.0, no_speech=1.0)
        if self._closed:
            raise RecognizerError("the recogniser has been closed")
        loop = asyncio.get_running_loop()
        job = Job(speech, time.monotonic() + self._timeout, loop.create_future(), speech.kind)
        self._waiting[id(speech)] = job
        self._asked.put(job)
        outcome = Outcome.FAILED
        try:
            async with asyncio.timeout(self._timeout):
                heard = await job.answer
            outcome = _outcome(heard)
            return heard
        except TimeoutError:
            outcome = Outcome.LATE
            raise RecognizerTimeout(f"no transcript within {self._timeout:g} s") from None
        except RecognizerError as error:
            # A server's own time-out may come first by a hair; to whoever waits it is the same.
            if time.monotonic() < job.deadline:
                raise
            outcome = Outcome.LATE
            raise RecognizerTimeout(f"no transcript within {self._timeout:g} s") from error
        except asyncio.CancelledError:
            outcome = Outcome.DROPPED
            raise
        finally:
            self.metrics.ended(outcome)
            job.dropped.set()
            if self._waiting.get(id(speech)) is job:
                del self._waiting[id(speech)]

    def promote(self, speech: Speech) -> None:
        """A guess that has become a turn goes with the turns from now on."""
        if (job := self._waiting.get(id(speech))) is not None:
            job.kind = JobKind.FINAL

    async def aclose(self) -> None:
        """Stop the workers; whoever still waits gets a RecognizerError."""
        self._closed = True
        for _ in range(_FEATURE_THREADS):
            self._asked.put(None)
        for job in self._queue.close():
            _refuse(job)
        until = time.monotonic() + _FAREWELL
        for thread in self._threads:
            await asyncio.to_thread(thread.join, max(0.0, until - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
            self._keeper.close()

    def _prepare_all(self) -> None:
        while (job := self._asked.get()) is not None:
            try:
                self._prepare(job)
            except Exception as error:
                _deliver(job, _failure(error))

    def _prepare(self, job: Job) -> None:
        if job.dropped.is_set():
            return
        try:
            job.pieces = self._keeper.engine().prepare(job.speech)
        except Exception as error:
            self._fail(job, error)
            return
        self._queue_up(job, dict(enumerate(job.pieces)))

    def _queue_up(self, job: Job, pieces: Mapping[int, Piece]) -> None:
        if self._queue.rests_until >= job.deadline:
            self._fail(job, _resting(self._queue.rests_until))
        elif not self._queue.put(job, pieces):
            _refuse(job)

    def _work(self) -> None:
        while (tasks := self._queue.take(self.batch)) is not None:
            began = time.monotonic()
            with self._lock:
                self._meter.began(began)
            went = Went.FAILED
            try:
                went = self._decode(tasks)
            except Exception as error:
                # Not even the failure could be dealt with; the thread must live, or nobody is heard any more.
                for task in tasks:
                    _deliver(task.job, _failure(error))
            finally:
                now = time.monotonic()
                with self._lock:
                    self._meter.ended(began, now, went)

    def _decode(self, tasks: Sequence[Task]) -> Went:
        began = time.monotonic()
        engine: Engine | None = None
        try:
            engine = self._keeper.engine()
            for task in tasks:
                if task.job.began is None:
                    task.job.began = began
                    self.metrics.waited(began - task.job.asked)
            outcomes = engine.decode([task.piece for task in tasks])
            took = time.monotonic() - began
            self.metrics.decoded(len(tasks), took)
            for task, outcome in zip(tasks, outcomes, strict=True):
                self._heard(engine, task, outcome, took)
        except Exception as error:
            return self._again(tasks, engine, error)
        self._keeper.proved(engine, len(tasks))
        return Went.WELL

    def _heard(self, engine: Engine, task: Task, outcome: Heard | Piece, took: float) -> None:
        job = task.job
        job.busy += took
        if isinstance(outcome, Piece):
            if outcome.best is None or time.monotonic() + 2 * took < job.deadline:
                self._queue_up(job, {task.place: outcome})
                return
            outcome = outcome.best
        self._settle(engine, task, outcome)

    def _settle(self, engine: Engine, task: Task, outcome: Heard) -> None:
        job = task.job
        with self._lock:
            job.heard[task.place] = outcome
            complete = len(job.heard) == len(job.pieces)
        if complete:
            heard = engine.join([job.heard[place] for place in range(len(job.pieces))])
            _deliver(job, _believed(heard, job))

    def _again(self, tasks: Sequence[Task], engine: Engine | None, error: Exception) -> Went:
        """The batch failed: in smaller batches or one by one it may not; who has failed alone fails for good.

        What was only to be heard better is taken as it was heard.
        """
        if engine is not None and is_shortage(error) and self._keeper.short_of_memory(len(tasks)):
            for task in tasks:
                self._queue_up(task.job, {task.place: task.piece})
            return Went.IN_PARTS
        if engine is not None:
            for task in tasks:
                if task.piece.best is not None:
                    self._settle(engine, task, task.piece.best)
            tasks = [task for task in tasks if task.piece.best is None]
        if isinstance(error, Busy) and self._rests(tasks, error):
            return Went.FAILED
        final = isinstance(error, RecognizerError)
        if engine is not None and not final:
            self._keeper.broke(engine)
        for task in tasks:
            if final or task.job.alone or time.monotonic() >= task.job.deadline:
                self._fail(task.job, error)
            else:
                log.info("recognizer.retried", error=type(error).__name__, batch=len(tasks))
                task.job.alone = True
                self._queue_up(task.job, {task.place: task.piece})
        return Went.FAILED

    def _rests(self, tasks: Sequence[Task], busy: Busy) -> bool:
        """Leave the engine alone as long as it asks, if these can wait for it or have asked twice.

        It is not believed at once where that would cost somebody his turn: of several servers behind one address
        another may have time.
        """
        until = time.monotonic() + busy.seconds
        if any(until >= task.job.deadline and not task.job.alone for task in tasks):
            return False
        log.warning("recognizer.rests", seconds=round(busy.seconds, 1), detail=str(busy))
        for job in self._queue.rest(until):
            self._fail(job, _resting(until))
        for task in tasks:
            self._queue_up(task.job, {task.place: task.piece})
        return True

    def _fail(self, job: Job, error: Exception) -> None:
        log.warning("recognizer.failed", error=type(error).__name__, detail=str(error))
        job.dropped.set()
        _deliver(job, _failure(error))


def _believed(heard: Heard, job: Job) -> Transcript:
    speech = job.speech
    reason = guard.doubt(heard, seconds(speech.pcm), speech.hints.prompt) if heard.text else ""
    text = "" if reason else heard.text
    return Transcript(
        text=text,
        confidence=math.exp(min(0.0, heard.avg_logprob)) if text else 0.0,
        no_speech=heard.no_speech,
        rejected=reason,
        decode_seconds=job.busy,
        wait_seconds=max(0.0, job.began - job.asked) if job.began is not None else 0.0,
        words=heard.words if text else (),
        doubted=heard.text if reason else "",
    )


def _outcome(heard: Transcript) -> Outcome:
    if heard.rejected:
        return Outcome.REJECTED
    return Outcome.HEARD if heard.text else Outcome.NOTHING


def _failure(error: Exception) -> RecognizerError:
    if isinstance(error, RecognizerError):
        return error
    failure = RecognizerError(f"the speech model failed: {error}")
    failure.__cause__ = error
    return failure


def _resting(until: float) -> RecognizerError:
    return RecognizerError(
        f"the server asked to be left alone for {max(0.0, until - time.monotonic()):.0f} s more"
    )


def _refuse(job: Job) -> None:
    _deliver(job, RecognizerError("the recogniser was closed before it came to this"))


def _deliver(job: Job, outcome: Transcript | RecognizerError) -> None:
    """Hand the outcome to the job's event loop; a loop that has ended wants nothing any more."""

    def settle() -> None:
        if job.answer.done():
            return
        if isinstance(outcome, RecognizerError):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)

    with contextlib.suppress(RuntimeError):
        job.answer.get_loop().call_soon_threadsafe(settle)
