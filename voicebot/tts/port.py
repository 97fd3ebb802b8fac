"""The seam to speech synthesis."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from voicebot.audio import Pcm


class Synthesizer(Protocol):
    """Text to telephone audio. One instance serves all calls of a process."""

    @property
    def description(self) -> str:
        """Engine and voice in one line, for the start-up text and `doctor`."""
        ...

    @property
    def key(self) -> str:
        """Changes whenever the sound of the same text would change (engine, voice, speed, level)."""
        ...

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        """Speak `text` as chunks at telephone rate and level, the first as early as possible.

        Nothing blocks the event loop; closing the iterator (`contextlib.aclosing`) stops the engine soon.
        Text without anything to say gives no chunk. Raises SynthesizerError.
        """
        ...

    async def aclose(self) -> None: ...
