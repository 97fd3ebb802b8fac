"""Sentences already spoken, kept in memory and on disk, so that a known reply begins at once."""

from __future__ import annotations

import asyncio
import math
import time
import unicodedata
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from voicebot.audio import Pcm
from voicebot.errors import SynthesizerBusy, SynthesizerError
from voicebot.tts.disk import DiskCache
from voicebot.tts.making import Making
from voicebot.tts.port import Synthesizer
from voicebot.tts.sentences import sentences
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks
from voicebot.tts.worker import Worker

_log = structlog.get_logger()

_Name: TypeAlias = tuple[str, str]

_NOTE_SECONDS = 3600.0
"""How often a use out of memory is noted on disk, where the order of last use outlives the process."""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache did since the start and holds now.

    hits, disk_hits, misses: sentences asked for by calls and found in memory, on disk, or not at all; joining a
    sentence being made is a miss. sentences, size: what memory holds now, size in bytes of audio.
    """

    hits: int
    misses: int
    sentences: int
    size: int
    disk_hits: int = 0

    @property
    def hit_rate(self) -> float:
        """0..1, memory and disk together; 0 before anything was asked for."""
        known = self.hits + self.disk_hits
        asked = known + self.misses
        return known / asked if asked else 0.0


class CachedSynthesizer:
    """An engine with its sentences remembered, the least recently used forgotten first.

    megabytes: bound of the audio held (1 MB is a minute). A sentence two calls want at the same time is made once;
    one that nobody waited for to the end is not kept. Belongs to one event loop.
    disk: where sentences outlive the process. Written there is what was warmed or is asked for a second time: most
    of what is said only once names somebody's order, and has no business on a disk.
    """

    def __init__(self, engine: Synthesizer, megabytes: float, disk: DiskCache | None = None) -> None:
        self._engine = engine
        self._disk = disk
        self._disk_worker = Worker("voice-disk")
        self._on_disk: dict[_Name, float] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._limit = int(megabytes * 1_000_000)
        self._kept: OrderedDict[_Name, Pcm] = OrderedDict()
        self._size = 0
        self._making: dict[_Name, Making] = {}
        self._awaited: set[Making] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._hits = self._disk_hits = self._misses = 0

    @property
    def description(self) -> str:
        return self._engine.description

    @property
    def key(self) -> str:
        return self._engine.key

    @property
    def stats(self) -> CacheStats:
        return CacheStats(self._hits, self._misses, len(self._kept), self._size, self._disk_hits)

    def holds(self, sentence: str) -> bool:
        """Whether `sentence` would be spoken without the engine."""
        name = self._name(sentence)
        return name in self._kept or (self._disk is not None and self._disk.has(name))

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(sentences(text), self._sentence)

    async def warm(self, lines: Iterable[str]) -> int:
        """Make every sentence of `lines` not yet held, one at a time and only while no call waits for one.

        Returns how many are held now that were not; a sentence the engine fails on is logged and left out.
        An engine that says when it will have time is asked again then: there is no hurry.
        """
        made = 0
        for sentence in dict.fromkeys(part for line in lines for part in sentences(line)):
            name = self._name(sentence)
            if name in self._kept:
                continue
            await self._quiet.wait()
            if await self._fetch(name) is not None:
                made += 1
                continue
            try:
                await self._make_unheard(name, sentence)
            except SynthesizerError as error:
                _log.warning("voice.warm_failed", characters=len(sentence), error=str(error))
            else:
                made += name in self._kept
                self._save(name)
        return made

    async def _make_unheard(self, name: _Name, sentence: str, again: bool = True) -> None:
        await self._quiet.wait()
        try:
            async with aclosing(self._make(name, sentence, live=False)) as audio:
                async for _ in audio:
                    pass
        except SynthesizerBusy as busy:
            if not again:
                raise
            await asyncio.sleep(busy.retry_after)
            await self._make_unheard(name, sentence, again=False)

    async def settle(self) -> None:
        """Wait until everything meant for the disk is there."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def aclose(self) -> None:
        for making in list(self._making.values()):
            await making.stop()
        await self.settle()
        self._disk_worker.close()
        await self._engine.aclose()

    def _name(self, sentence: str) -> _Name:
        return self._engine.key, " ".join(unicodedata.normalize("NFC", sentence).split())

    async def _sentence(self, sentence: str) -> AsyncGenerator[Pcm, None]:
        name = self._name(sentence)
        kept = self._kept.get(name)
        if kept is not None:
            self._hits += 1
            self._kept.move_to_end(name)
            self._save(name)
        elif name not in self._making and (kept := await self._fetch(name)) is not None:
            self._disk_hits += 1
        if kept is not None:
            for chunk in chunks(kept):
                yield chunk
            return
        self._misses += 1
        async with aclosing(self._make(name, sentence, live=True)) as audio:
            async for chunk in audio:
                yield chunk

    async def _fetch(self, name: _Name) -> Pcm | None:
        """What the disk has under `name`, held in memory from now on."""
        disk = self._disk
        if disk is None:
            return None
        kept = await self._disk_worker.run(lambda _stopped: disk.get(name))
        if kept is not None:
            self._on_disk[name] = time.monotonic()
            self._keep(name, kept)
        return kept

    def _save(self, name: _Name) -> None:
        """Have what memory holds under `name` written in the background, or noted as used if it was written."""
        disk, pcm = self._disk, self._kept.get(name)
        now = time.monotonic()
        if disk is None or pcm is None or now - self._on_disk.get(name, -math.inf) < _NOTE_SECONDS:
            return
        known = name in self._on_disk
        self._on_disk[name] = now
        work = (lambda _stopped: disk.touch(name)) if known else (lambda _stopped: disk.put(name, pcm))
        writing = asyncio.create_task(self._disk_worker.run(work))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _make(self, name: _Name, sentence: str, live: bool) -> AsyncGenerator[Pcm, None]:
        """Listen to `sentence` being made, beginning with what was made already if others asked first."""
        making = self._making.get(name)
        if making is None:
            making = self._making[name] = Making(lambda done: self._finished(name, done))
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

    def _finished(self, name: _Name, making: Making) -> None:
        if self._making.get(name) is making:
            del self._making[name]
        if making.complete and len(audio := making.audio()):
            self._keep(name, audio)
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
            forgotten, oldest = self._kept.popitem(last=False)
            self._size -= oldest.nbytes
            self._on_disk.pop(forgotten, None)
