"""The voice a call hears: never silent for long, whatever its engine does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

import structlog

from voicebot.audio import Pcm
from voicebot.errors import SynthesizerBusy, SynthesizerError
from voicebot.tts.cache import CachedSynthesizer, CacheStats
from voicebot.tts.normalise import has_words
from voicebot.tts.port import Synthesizer
from voicebot.tts.sentences import sentences
from voicebot.tts.sequence import in_sequence

PATIENCE = 0.9
"""Seconds a caller waits for the next piece of a sentence before the reserve is asked, heard within the second."""

FAILURES_BEFORE_REST = 2
REST_SECONDS = 30.0
"""How long an engine that failed twice running is left alone, so that not every sentence costs PATIENCE."""

_log = structlog.get_logger()


class Voice:
    """An engine behind its cache, a reserve for the sentences it fails on, and an apology that needs neither.

    The reserve is outside the cache: what it says is not remembered as the engine's. A sentence that breaks off
    half-way is said again from its start, since half a sentence may mean something else; silence where there are
    words is a failure, too. Without a reserve, or if that fails as well, SynthesizerError is raised and the caller
    should hear `apology_pcm`.
    render: makes audio at once, before the event loop runs.
    """

    def __init__(
        self,
        engine: CachedSynthesizer,
        reserve: Synthesizer | None,
        render: Callable[[str], Pcm],
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._reserve = reserve
        self._render = render
        self._patience = patience
        self._clock = clock
        self._failures = 0
        self._rests_until = float("-inf")
        self._apologies: dict[str, Pcm] = {}

    @property
    def description(self) -> str:
        return self._engine.description

    @property
    def key(self) -> str:
        return self._engine.key

    @property
    def stats(self) -> CacheStats:
        """What the cache of replies did."""
        return self._engine.stats

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(sentences(text), self._sentence)

    def unaided(self, text: str) -> AsyncGenerator[Pcm, None]:
        """What the engine itself says, however long it takes; its errors are raised and nobody speaks instead."""
        return self._engine.stream(text)

    async def warm(self, lines: Iterable[str]) -> int:
        """Speak `lines` into the cache in the background; returns how many sentences are new there."""
        return await self._engine.warm(lines)

    def apology_pcm(self, text: str) -> Pcm:
        """`text` as audio kept for good: made at the first call, at start, and no engine is asked for it again.

        Blocks for some milliseconds the first time. Raises SynthesizerError then.
        """
        if text not in self._apologies:
            self._apologies[text] = self._render(text)
        return self._apologies[text]

    async def aclose(self) -> None:
        await self._engine.aclose()
        if self._reserve is not None:
            await self._reserve.aclose()

    async def _sentence(self, sentence: str) -> AsyncGenerator[Pcm, None]:
        if self._reserve is None or not self._resting() or self._engine.holds(sentence):
            silent = True
            try:
                async with aclosing(self._promptly(self._engine, sentence)) as audio:
                    async for chunk in audio:
                        silent = False
                        yield chunk
                if silent and self._reserve is not None and has_words(sentence):
                    raise SynthesizerError(f"{self._engine.description} made silence of a sentence")
            except Exception as error:  # whatever an engine raises, the caller must hear something
                self._failed(error)
                if self._reserve is None:
                    raise _as_synthesizer_error(error) from error
            else:
                self._failures = 0
                return
        if self._reserve is None:
            return
        try:
            async with aclosing(self._promptly(self._reserve, sentence)) as audio:
                async for chunk in audio:
                    yield chunk
        except Exception as error:
            raise _as_synthesizer_error(error) from error

    async def _promptly(self, source: Synthesizer, sentence: str) -> AsyncGenerator[Pcm, None]:
        async with aclosing(source.stream(sentence)) as audio:
            while True:
                try:
                    async with asyncio.timeout(self._patience):
                        chunk = await anext(audio)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise SynthesizerError(
                        f"{source.description} gave no audio within {self._patience:g} s"
                    ) from None
                yield chunk

    def _resting(self) -> bool:
        return self._clock() < self._rests_until

    def _failed(self, error: Exception) -> None:
        # One that says how long it is busy refuses without a caller's waiting until then.
        self._failures += not isinstance(error, SynthesizerBusy)
        if self._failures >= FAILURES_BEFORE_REST:
            self._rests_until = self._clock() + REST_SECONDS
        _log.warning(
            "voice.failed",
            engine=self._engine.description,
            reserve=self._reserve is not None,
            failures=self._failures,
            error=str(_as_synthesizer_error(error)),
        )


def _as_synthesizer_error(error: Exception) -> SynthesizerError:
    """Of a foreign error only its kind: its words may be the caller's, and logs must not have them."""
    return (
        error
        if isinstance(error, SynthesizerError)
        else SynthesizerError(f"the voice failed ({type(error).__name__})")
    )
