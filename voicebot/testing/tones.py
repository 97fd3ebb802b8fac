"""A voice of tones whose length follows the text, for tests and for trying a bot without a voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from voicebot.audio import SAMPLE_RATE, Pcm, silence
from voicebot.errors import SynthesizerError

CHUNK_SECONDS = 0.1


class ToneSynthesizer:
    """Speaks a 440 Hz tone of `seconds_per_character` for each character, in chunks of 100 ms, at -20 dBFS.

    latency: seconds of event-loop time before the first chunk. fail_on, hang_on: texts that contain this raise
    SynthesizerError, or never give another chunk, after `chunks_before_trouble` chunks.
    spoken: every text asked for, in order. closed: how many streams were closed before their end.
    """

    def __init__(
        self,
        seconds_per_character: float = 0.06,
        latency: float = 0.0,
        fail_on: str | None = None,
        hang_on: str | None = None,
        chunks_before_trouble: int = 0,
    ) -> None:
        self.latency = latency
        self.fail_on = fail_on
        self.hang_on = hang_on
        self.spoken: list[str] = []
        self.closed = 0
        self._seconds_per_character = seconds_per_character
        self._chunks_before_trouble = chunks_before_trouble

    @property
    def description(self) -> str:
        return "tones"

    @property
    def key(self) -> str:
        return f"tones/{self._seconds_per_character:g}"

    def duration(self, text: str) -> float:
        """How long `text` is spoken, in seconds."""
        return len(self.audio(text)) / SAMPLE_RATE

    def audio(self, text: str) -> Pcm:
        """Everything `stream` gives for `text`, in one piece."""
        count = len(silence(len(text) * self._seconds_per_character))
        wave = np.sin(2 * np.pi * 440 * np.arange(count) / SAMPLE_RATE)
        tone: Pcm = np.rint(wave * 32768 * 0.1 * np.sqrt(2)).astype(np.int16)
        return tone

    async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        self.spoken.append(text)
        complete = False
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            audio = self.audio(text)
            step = len(silence(CHUNK_SECONDS))
            for index, start in enumerate(range(0, len(audio), step)):
                if index >= self._chunks_before_trouble:
                    await self._trouble(text)
                yield audio[start : start + step]
            complete = True
        finally:
            self.closed += not complete

    async def aclose(self) -> None:
        """Nothing to give back."""

    async def _trouble(self, text: str) -> None:
        if self.fail_on is not None and self.fail_on in text:
            raise SynthesizerError(f"the tones were told to fail on {self.fail_on!r}")
        if self.hang_on is not None and self.hang_on in text:
            await asyncio.Event().wait()
