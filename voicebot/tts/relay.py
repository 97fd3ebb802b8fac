"""Audio that an engine's thread makes piece by piece, heard on the event loop while it is being made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator

from voicebot.audio import Pcm
from voicebot.tts.worker import Stopped, Worker


async def relayed(worker: Worker, make: Callable[[Stopped], Iterator[Pcm]]) -> AsyncGenerator[Pcm, None]:
    """What `make` yields on the thread of `worker`, empty pieces left out.

    Closing this tells `make` to stop and does not wait until it has: it looks at its argument between two pieces.
    What `make` raises is raised here, behind the pieces before it.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[Pcm | None] = asyncio.Queue()

    def pump(stopped: Stopped) -> None:
        for piece in make(stopped):
            if stopped():
                return
            if len(piece):
                loop.call_soon_threadsafe(made.put_nowait, piece)

    making = asyncio.create_task(worker.run(pump))
    making.add_done_callback(lambda _task: made.put_nowait(None))
    try:
        while (piece := await made.get()) is not None:
            yield piece
        await making
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
