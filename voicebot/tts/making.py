"""A sentence while an engine makes it, for all who want it at that time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import numpy as np

from voicebot.audio import Pcm, silence
from voicebot.errors import SynthesizerError
from voicebot.tts.port import Synthesizer


class Making:
    """One sentence on its way out of the engine, and everybody who waits for it.

    listeners: how many wait. complete: whether all of it was made. finished: called when it is over, either way.
    """

    def __init__(self, finished: Callable[[Making], None]) -> None:
        self.listeners = 0
        self.complete = False
        self._finished = finished
        self._made: list[Pcm] = []
        self._error: Exception | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, engine: Synthesizer, sentence: str) -> None:
        """Have `engine` say `sentence`, in a task of its own."""
        self._task = asyncio.create_task(self._run(engine, sentence))
        self._task.add_done_callback(lambda _task: self._finished(self))

    async def listen(self) -> AsyncGenerator[Pcm, None]:
        """What was made so far, then the rest as it comes; raises what the engine raised."""
        self.listeners += 1
        heard = 0
        try:
            while True:
                while heard < len(self._made):
                    heard += 1
                    yield self._made[heard - 1]
                if self._error is not None:
                    raise self._error
                if self.complete:
                    return
                await self._news.wait()
        finally:
            self.listeners -= 1

    def audio(self) -> Pcm:
        """All that was made, read-only."""
        pcm = np.concatenate([silence(0), *self._made])
        pcm.setflags(write=False)
        return pcm

    async def stop(self) -> None:
        """Break off, and wait until the engine has; who still listens gets a SynthesizerError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if not self.complete and self._error is None:
            self._error = SynthesizerError("the voice was closed before the end of the sentence")
            self._tell()

    async def _run(self, engine: Synthesizer, sentence: str) -> None:
        try:
            async with aclosing(engine.stream(sentence)) as audio:
                async for chunk in audio:
                    # Shared by all who listen and by the cache.
                    chunk.setflags(write=False)
                    self._made.append(chunk)
                    self._tell()
            self.complete = True
        except Exception as error:  # raised again in every listener
            self._error = error
        finally:
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
