"""The sending half of one gateway socket: ordered, bounded in time, callable without awaiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from voicebot.gateways.port import Message

STALL_SECONDS = 2.0
"""A peer that takes no data for this long is gone: speech that arrives later is worth nothing."""


class Connection(Protocol):
    """What we need of a WebSocket connection."""

    async def send(self, message: Message) -> None: ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...

    async def wait_closed(self) -> None: ...


class Outlet:
    """Sends messages in the order they were put; `run` ends when the peer is gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: asyncio.Queue[Message] = asyncio.Queue()

    def put(self, messages: Iterable[Message]) -> None:
        """Send `messages` after everything put before."""
        for message in messages:
            self._waiting.put_nowait(message)

    def drop(self) -> None:
        """Forget what has not been sent."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def run(self) -> None:
        """Send until cancelled. Raises TimeoutError when the peer stalls; the connection's own errors fly."""
        while True:
            message = await self._waiting.get()
            async with asyncio.timeout(STALL_SECONDS):
                await self._connection.send(message)
