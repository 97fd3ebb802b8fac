"""Sentence after sentence: the next is made while the one before is being played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from voicebot.audio import Pcm, silence

GAP_SECONDS = 0.25
"""Pause between two sentences; engines' own silence is cut off by `level.telephone`."""

LOOKAHEAD = 100
"""Chunks made ahead of the listener, 100 ms each: enough to hide a slow engine, bounded if nobody listens."""


async def in_sequence(
    parts: Sequence[str], speak: Callable[[str], AsyncGenerator[Pcm, None]]
) -> AsyncGenerator[Pcm, None]:
    """What `speak` gives for each of `parts`, with a pause between them; closing it stops the engine."""
    if len(parts) == 1:
        async with aclosing(speak(parts[0])) as only:
            async for chunk in only:
                yield chunk
        return
    made: asyncio.Queue[Pcm | Exception | None] = asyncio.Queue(LOOKAHEAD)
    ahead = asyncio.create_task(_make(parts, speak, made))
    try:
        while (item := await made.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


async def _make(
    parts: Sequence[str],
    speak: Callable[[str], AsyncGenerator[Pcm, None]],
    made: asyncio.Queue[Pcm | Exception | None],
) -> None:
    begun = False
    try:
        for part in parts:
            pause = begun
            async with aclosing(speak(part)) as spoken:
                async for chunk in spoken:
                    if pause:
                        await made.put(silence(GAP_SECONDS))
                        pause = False
                    begun = True
                    await made.put(chunk)
    except Exception as error:  # raised again where the listener waits
        await made.put(error)
    else:
        await made.put(None)
