"""The beat all calls share."""

from __future__ import annotations

import asyncio

import pytest

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


def test_one_faulty_beat_leaves_the_others_their_time(capsys: pytest.CaptureFixture[str]) -> None:
    """A call whose beat raises does not stop the clock of all calls."""

    async def scenario() -> int:
        ticker = Ticker()
        count = 0
        enough = asyncio.Event()

        def faulty(now: float) -> None:
            raise RuntimeError("ours")

        def sound(now: float) -> None:
            nonlocal count
            count += 1
            if count == 3:
                enough.set()

        ticker.join(faulty)
        ticker.join(sound)
        running = asyncio.create_task(ticker.run())
        async with asyncio.timeout(5):
            await enough.wait()
        running.cancel()
        return count

    assert asyncio.run(scenario()) >= 3
    assert "ticker.beat_failed" in capsys.readouterr().out
