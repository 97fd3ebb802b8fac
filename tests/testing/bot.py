"""A bot of a few lines, for tests of what calls it: webhooks from a table, and an audio socket handler."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.gateways import select_subprotocol

Reply = Any
Handler = Callable[[ServerConnection], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    path: str
    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]


@dataclass
class Bot:
    """replies: per path, JSON to answer or a pair (status, text), used up in order; the last one stays."""

    http: str
    audio: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    def on(self, path: str, *replies: Reply) -> None:
        self.replies[path] = list(replies)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def body(self, path: str) -> dict[str, Any]:
        return [asked.body for asked in self.asked if asked.path == path][-1]

    def answer(self, asked: Asked) -> tuple[int, str, str]:
        self.asked.append(asked)
        left = self.replies.get(asked.path)
        if not left:
            return 404, "text/plain", "nothing here"
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, tuple):
            return reply[0], "text/plain", reply[1]
        return 200, "application/json", json.dumps(reply)

    def listen(self, path: str = "/audio/jambonz", **more: Any) -> dict[str, Any]:
        return {
            "verb": "listen",
            "url": self.audio + path,
            "actionHook": "/next",
            "passDtmf": True,
            "metadata": {"token": "t-1"},
            "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": 8000},
            **more,
        }


@asynccontextmanager
async def running(handler: Handler) -> AsyncIterator[Bot]:
    """A bot on two free ports, whose audio sockets are served by `handler`."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, text = bot.answer(Asked(self.path, json.loads(raw), raw, dict(self.headers)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    async def accept(connection: ServerConnection) -> None:
        bot.sockets.append(connection)
        bot.connected.set()
        await handler(connection)

    def choose(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        name = select_subprotocol(offered)
        return Subprotocol(name) if name else None

    web = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    async with serve(accept, "127.0.0.1", 0, select_subprotocol=choose, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        bot = Bot(f"http://127.0.0.1:{web.server_port}", f"ws://127.0.0.1:{port}")
        thread.start()
        try:
            yield bot
        finally:
            web.shutdown()
            thread.join()
            web.server_close()


def tone(seconds: float, pitch: float = 440.0) -> Pcm:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * pitch * times)).astype(np.int16)
