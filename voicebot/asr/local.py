"""A recogniser in this process: one loaded model, worker threads, an ordered queue in front of them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time

import structlog

from voicebot.asr import guard
from voicebot.asr.engine import Engine
from voicebot.asr.port import Speech, Transcript
from voicebot.asr.queue import Job, JobQueue
from voicebot.audio import seconds
from voicebot.errors import RecognizerError, RecognizerTimeout

log = structlog.get_logger()

SHORTEST = 0.1
"""Seconds below which nothing can have been said; a spoken "no" is three times as long."""

_FAREWELL = 5.0
"""Seconds `aclose` waits for decodes under way; the threads do not keep the process alive beyond that."""


class LocalRecognizer:
    """Lines utterances up for the engine's worker threads, and doubts what comes back.

    workers: decodes at once; the engine must have been loaded for as many.
    timeout: seconds from asking to giving up, waiting included.
    """

    def __init__(self, engine: Engine, workers: int, timeout: float) -> None:
        self._engine = engine
        self._timeout = timeout
        self._jobs = JobQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"recognizer-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        return self._engine.description

    async def recognize(self, speech: Speech) -> Transcript:
        """Hear `speech`; raises RecognizerError, or RecognizerTimeout after the timeout."""
        if seconds(speech.pcm) < SHORTEST:
            return Transcript("", confidence=0.0, no_speech=1.0)
        if self._closed:
            raise RecognizerError("the recogniser has been closed")
        loop = asyncio.get_running_loop()
        job = Job(speech, time.monotonic() + self._timeout, loop.create_future(), threading.Event())
        self._jobs.put(job)
        try:
            async with asyncio.timeout(self._timeout):
                return await job.answer
        except TimeoutError:
            raise RecognizerTimeout(f"no transcript within {self._timeout:g} s") from None
        finally:
            job.dropped.set()

    async def aclose(self) -> None:
        """Stop the workers; whoever still waits gets a RecognizerError."""
        self._closed = True
        for job in self._jobs.close():
            if not job.answer.done():
                job.answer.set_exception(RecognizerError("the recogniser was closed before it came to this"))
        until = time.monotonic() + _FAREWELL
        for thread in self._threads:
            await asyncio.to_thread(thread.join, max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.take()) is not None:
            began = time.monotonic()
            try:
                transcript = self._hear(job.speech, began)
            except Exception as error:
                log.warning("recognizer.failed", error=type(error).__name__, detail=str(error))
                _deliver(job, _failure(error))
            else:
                _deliver(job, transcript)

    def _hear(self, speech: Speech, began: float) -> Transcript:
        heard = self._engine.hear(speech)
        reason = guard.doubt(heard, seconds(speech.pcm), speech.hints.prompt) if heard.text else ""
        return Transcript(
            text="" if reason else heard.text,
            confidence=math.exp(min(0.0, heard.avg_logprob)) if heard.text and not reason else 0.0,
            no_speech=heard.no_speech,
            rejected=reason,
            decode_seconds=time.monotonic() - began,
        )


def _failure(error: Exception) -> RecognizerError:
    if isinstance(error, RecognizerError):
        return error
    failure = RecognizerError(f"the speech model failed: {error}")
    failure.__cause__ = error
    return failure


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
