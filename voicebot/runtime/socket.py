"""One gateway socket: what it may send us, and what we send, in order and without awaiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request

from voicebot.gateways.port import Message
from voicebot.runtime.allowance import Allowance

log = structlog.get_logger()

STALL_SECONDS = 2.0
"""A peer that takes no data for this long is gone: speech that arrives later is worth nothing."""


FRAMES_PER_SECOND, FRAMES_AT_ONCE = 400.0, 4000.0
"""Gateways send 50 to 100 WebSocket frames a second; a network that was held up brings many seconds' at once."""

UNREAD_BYTES = 1 << 20
"""What may lie unsent for one peer: far beyond the speech we send ahead, so only answers to a flood reach it."""


class GatewayConnection(ServerConnection):
    """A gateway's WebSocket, cut off when it sends more than any call has: all calls share one thread.

    Counts frames of every kind, those too that the library answers by itself (pings).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._frames = Allowance(FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._cut = False

    def process_event(self, event: Any) -> None:
        if self._cut:
            return
        if not isinstance(event, Request) and not self._frames.take(1, self.loop.time()):
            self._cut_off("frames")
            return
        super().process_event(event)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._cut and self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._cut_off("unread")

    def _cut_off(self, why: str) -> None:
        self._cut = True
        log.warning("socket.flooded", why=why)
        self.transport.abort()


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
