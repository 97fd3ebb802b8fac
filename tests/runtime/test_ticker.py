"""The beat all calls share."""

from __future__ import annotations

import asyncio
import socket

import pytest

from voicebot.runtime.ticker import Ticker


def test_every_joined_beat_is_called() -> None:
    """All beats hear the same ticks."""

    async def scenario() -> tuple[list[float], list[float]]:
        ticker = Ticker()
        first: list[float] = []
        second: list[float] = []
        enough = asyncio.Event()

        def last(now: float) -> None:
            if min(len(first), len(second)) >= 4:
                enough.set()

        ticker.join(first.append)
        ticker.join(second.append)
        ticker.join(last)
        running = asyncio.create_task(ticker.run())
        async with asyncio.timeout(5):
            await enough.wait()
        running.cancel()
        return first, second

    first, second = asyncio.run(scenario())
    assert len(first) >= 4
    assert first == second


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


class StalledLoop(asyncio.SelectorEventLoop):
    """A loop whose time can jump, as if something had kept it busy."""

    jumped = 0.0

    def time(self) -> float:
        return super().time() + self.jumped


@pytest.mark.parametrize("late", [0.1, 0.4])
def test_what_came_while_the_loop_was_busy_is_read_before_a_late_beat(late: float) -> None:
    """Nothing that a gateway sent in time is still unread when a call is told the time."""
    loop = StalledLoop()
    messages = round(late / 0.02)
    told: list[str] = []

    async def read(reader: asyncio.StreamReader) -> None:
        for _ in range(messages):
            await reader.readexactly(4)
            told.append("frame")
            # As the server does between two messages.
            await asyncio.sleep(0)

    async def scenario() -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        reading = asyncio.create_task(read(reader))
        ticker = Ticker()
        beaten = asyncio.Event()

        def beat(now: float) -> None:
            if loop.jumped:
                told.append("beat")
                beaten.set()
            else:
                # The next wake of the ticker is already due when it happens.
                loop.call_at(now + 0.02, busy)

        def busy() -> None:
            if not loop.jumped:
                loop.jumped = late
                theirs.sendall(b"data" * messages)

        ticker.join(beat)
        running = asyncio.create_task(ticker.run())
        async with asyncio.timeout(5):
            await beaten.wait()
            await reading
        running.cancel()
        writer.close()
        await writer.wait_closed()
        theirs.close()

    try:
        loop.run_until_complete(scenario())
    finally:
        loop.close()
    assert told.index("beat") == messages
