"""The beat all calls share."""

from __future__ import annotations

import asyncio

from voicebot.runtime.ticker import Ticker


def test_every_joined_beat_is_called_until_it_leaves() -> None:
    """A beat hears every tick from joining to leaving."""

    async def scenario() -> tuple[int, int]:
        ticker = Ticker()
        counts = [0, 0]
        enough = asyncio.Event()

        def first(now: float) -> None:
            counts[0] += 1
            if counts[0] == 2:
                ticker.leave(second)
            if counts[0] == 4:
                enough.set()

        def second(now: float) -> None:
            counts[1] += 1

        ticker.join(first)
        ticker.join(second)
        running = asyncio.create_task(ticker.run())
        async with asyncio.timeout(5):
            await enough.wait()
        running.cancel()
        return counts[0], counts[1]

    first, second = asyncio.run(scenario())
    assert first >= 4
    assert 1 <= second <= 2
