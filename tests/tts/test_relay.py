from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import numpy as np
import pytest

from voicebot.audio import Pcm
from voicebot.tts.relay import relayed
from voicebot.tts.worker import Stopped, Worker

DEADLINE = 10.0


def _piece(number: int, length: int = 1) -> Pcm:
    return np.full(length, number, np.int16)


def test_pieces_come_in_order_and_empty_ones_do_not() -> None:
    """What the thread makes is heard as it was made; who listens gets no piece without sound."""

    def make(_stopped: Stopped) -> Iterator[Pcm]:
        yield from (_piece(1), _piece(2, 0), _piece(3))

    async def hear() -> list[int]:
        return [int(piece[0]) async for piece in relayed(Worker("test-relay"), make)]

    assert asyncio.run(hear()) == [1, 3]


def test_an_error_comes_behind_the_pieces_before_it() -> None:
    """Nothing that was made is lost by what went wrong after it."""
    heard: list[int] = []

    def make(_stopped: Stopped) -> Iterator[Pcm]:
        yield from (_piece(1), _piece(2))
        raise ValueError("no more")

    async def hear() -> None:
        async for piece in relayed(Worker("test-relay"), make):
            heard.append(int(piece[0]))

    with pytest.raises(ValueError, match="no more"):
        asyncio.run(hear())
    assert heard == [1, 2]


def test_closing_stops_the_making_at_its_next_piece_and_does_not_wait_for_it() -> None:
    """An engine in the midst of a piece holds nobody up; with that piece it is free for the next sentence."""
    busy, goes_on = threading.Event(), threading.Event()
    made: list[int] = []

    def make(_stopped: Stopped) -> Iterator[Pcm]:
        for number in range(1, 100):
            made.append(number)
            if number == 2:
                busy.set()
                made.extend([] if goes_on.wait(DEADLINE) else [0])
            yield _piece(number)

    async def hear() -> None:
        worker = Worker("test-relay")
        async with aclosing(relayed(worker, make)) as pieces, asyncio.timeout(DEADLINE):
            await anext(pieces)
            assert await asyncio.to_thread(busy.wait, DEADLINE)
        assert made == [1, 2]
        goes_on.set()
        assert await worker.run(lambda _stopped: "free") == "free"

    asyncio.run(hear())
    assert made == [1, 2]
