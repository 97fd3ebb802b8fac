"""Timing one engine behind the cache a call hears it through."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from voicebot.audio import seconds
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings, Voice
from voicebot.tts.build import Speaker, engine
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.disk import DiskCache
from voicebot.tts.sound import fingerprint

SENTENCES = (
    "Your order number {0} has been shipped.",
    "It will be with you on Tuesday, between nine and eleven {0}.",
    "I am sorry, I cannot find order {0} in our books.",
    "The price of number {0} is twelve dollars and fifty cents.",
    "Shall I connect you to a person about {0}?",
)
"""{0} is another number each time, so that a sentence is new to the cache."""

MEGABYTES = 64


@dataclass(slots=True)
class Measured:
    """Seconds to the first audio by where it came from, and of making whole sentences.

    new, memory, disk: one value a sentence. made, audio: seconds of work and of sound, for the real-time factor.
    stop: from the wish to stop, behind the first chunk, to silence.
    """

    engine: str
    new: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    made: float = 0.0
    audio: float = 0.0


def at_hand(settings: Settings, wanted: Sequence[Voice]) -> tuple[list[Speaker], list[str]]:
    """The engines of `wanted` that can be loaded, and for the others why not."""
    found: list[Speaker] = []
    missing = []
    for voice in wanted:
        named = settings.voice_name if voice is settings.voice else ""
        try:
            if voice is Voice.OPENAI and not settings.voice_url:
                raise ModelUnavailable("VOICEBOT_VOICE_URL is not set")
            found.append(engine(settings.model_copy(update={"voice": voice, "voice_name": named})))
        except ModelUnavailable as error:
            missing.append(f"{voice.value}: {error}")
    return found, missing


async def measure(speaker: Speaker, folder: Path, rounds: int) -> Measured:
    """`rounds` times every sentence: new, again out of memory, and in a new cache out of `folder`."""
    result = Measured(speaker.description)
    await _first(speaker, "One to warm up.", result, count=False)
    for number in range(rounds):
        lines = [sentence.format(1000 + 7 * number) for sentence in SENTENCES]
        cached = CachedSynthesizer(speaker, MEGABYTES, DiskCache(folder, MEGABYTES, fingerprint()))
        for line in lines:
            result.new.append(await _first(cached, line, result, count=True))
        for line in lines:
            result.memory.append(await _first(cached, line, result, count=False))
        await cached.settle()
        fresh = CachedSynthesizer(speaker, MEGABYTES, DiskCache(folder, MEGABYTES, fingerprint()))
        for line in lines:
            result.disk.append(await _first(fresh, line, result, count=False))
        if fresh.stats.disk_hits != len(lines):
            raise RuntimeError(f"{len(lines) - fresh.stats.disk_hits} sentences were not found on disk")
        result.stop.append(await _stop(speaker, lines[0]))
    return result


async def _first(source: Speaker | CachedSynthesizer, text: str, result: Measured, count: bool) -> float:
    """Seconds from the wish to the first chunk; the rest is heard to its end."""
    begun = time.perf_counter()
    first = 0.0
    audio = 0.0
    async with aclosing(source.stream(text)) as stream:
        async for chunk in stream:
            first = first or time.perf_counter() - begun
            audio += seconds(chunk)
    if count:
        result.made += time.perf_counter() - begun
        result.audio += audio
    if not audio:
        raise RuntimeError("an engine said nothing")
    return first


async def _stop(speaker: Speaker, text: str) -> float:
    stream = speaker.stream(text)
    await anext(stream)
    begun = time.perf_counter()
    await stream.aclose()
    return time.perf_counter() - begun
