"""Sentences already spoken, kept in memory, so that a known reply begins at once."""

from __future__ import annotations

import asyncio
import unicodedata
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import structlog

from voicebot.audio import Pcm, silence
from voicebot.errors import SynthesizerError
from voicebot.tts.port import Synthesizer
from voicebot.tts.sentences import sentences
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks

_log = structlog.get_logger()

_Name: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache did since the start and holds now.

    hits, misses: sentences asked for by calls; joining a sentence being made is a miss. size: bytes of audio held.
    """

    hits: int
    misses: int
    sentences: int
    size: int

    @property
    def hit_rate(self) -> float:
        """0..1; 0 before anything was asked for."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class CachedSynthesizer:
    """An engine with its sentences remembered, the least recently used forgotten first.

    megabytes: bound of the audio held (1 MB is a minute). A sentence two calls want at the same time is made once;
    one that nobody waited for to the end is not kept. Belongs to one event loop.
    """

    def __init__(self, engine: Synthesizer, megabytes: float) -> None:
        self._engine = engine
        self._limit = int(megabytes * 1_000_000)
        self._kept: OrderedDict[_Name, Pcm] = OrderedDict()
        self._size = 0
        self._making: dict[_Name, _Making] = {}
        self._awaited: set[_Making] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._hits = self._misses = 0

    @property
    def description(self) -> str:
        return self._engine.description

    @property
    def key(self) -> str:
        return self._engine.key

    @property
    def stats(self) -> CacheStats:
        return CacheStats(self._hits, self._misses, len(self._kept), self._size)

    def holds(self, sentence: str) -> bool:
        """Whether `sentence` would be spoken from memory."""
        return self._name(sentence) in self._kept

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(sentences(text), self._sentence)

    async def warm(self, lines: Iterable[str]) -> int:
        """Make every sentence of `lines` not yet held, one at a time and only while no call waits for one.

        Returns how many are held now that were not; a sentence the engine fails on is logged and left out.
        """
        made = 0
        for sentence in dict.fromkeys(part for line in lines for part in sentences(line)):
            if self.holds(sentence):
                continue
            await self._quiet.wait()
            try:
                async with aclosing(self._make(self._name(sentence), sentence, live=False)) as audio:
                    async for _ in audio:
                        pass
            except SynthesizerError as error:
                _log.warning("voice.warm_failed", characters=len(sentence), error=str(error))
            else:
                made += 1
        return made

    async def aclose(self) -> None:
        for making in list(self._making.values()):
            await making.stop()
        await self._engine.aclose()

    def _name(self, sentence: str) -> _Name:
        return self._engine.key, " ".join(unicodedata.normalize("NFC", sentence).split())

    async def _sentence(self, sentence: str) -> AsyncGenerator[Pcm, None]:
        name = self._name(sentence)
        kept = self._kept.get(name)
        if kept is None:
            self._misses += 1
            async with aclosing(self._make(name, sentence, live=True)) as audio:
                async for chunk in audio:
                    yield chunk
            return
        self._hits += 1
        self._kept.move_to_end(name)
        for chunk in chunks(kept):
            yield chunk

    async def _make(self, name: _Name, sentence: str, live: bool) -> AsyncGenerator[Pcm, None]:
        """Listen to `sentence` being made, beginning with what was made already if others asked first."""
        making = self._making.get(name)
        if making is None:
            making = self._making[name] = _Making(lambda done: self._finished(name, done))
            making.begin(self._engine, sentence)
        if live:
            self._awaited.add(making)
            self._quiet.clear()
        try:
            async with aclosing(making.listen()) as audio:
                async for chunk in audio:
                    yield chunk
        finally:
            if not making.listeners and self._making.get(name) is making:
                # Out of reach before it is stopped: whoever asks now must not join a sentence that breaks off.
                del self._making[name]
                await making.stop()

    def _finished(self, name: _Name, making: _Making) -> None:
        if self._making.get(name) is making:
            del self._making[name]
        if making.complete:
            self._keep(name, making.audio())
        self._awaited.discard(making)
        if not self._awaited:
            self._quiet.set()

    def _keep(self, name: _Name, pcm: Pcm) -> None:
        if pcm.nbytes > self._limit:
            return
        previous = self._kept.pop(name, None)
        self._size += pcm.nbytes - (previous.nbytes if previous is not None else 0)
        self._kept[name] = pcm
        while self._size > self._limit:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.nbytes


class _Making:
    """One sentence on its way out of the engine, and everybody who waits for it."""

    def __init__(self, finished: Callable[[_Making], None]) -> None:
        self.listeners = 0
        self.complete = False
        self._finished = finished
        self._made: list[Pcm] = []
        self._error: Exception | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, engine: Synthesizer, sentence: str) -> None:
        self._task = asyncio.create_task(self._run(engine, sentence))
        self._task.add_done_callback(lambda _task: self._finished(self))

    async def listen(self) -> AsyncGenerator[Pcm, None]:
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
        pcm = np.concatenate([silence(0), *self._made])
        pcm.setflags(write=False)
        return pcm

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

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
