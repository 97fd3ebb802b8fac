"""A real HTTP server that answers look-ups as a test wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Shop:
    """What the server answers, and what it was asked.

    drip: the answer is sent byte by byte, one every so many seconds; stopped: set to let it go.
    """

    url: str
    status: int = 200
    body: bytes = b'{"status": "shipped"}'
    location: str = ""
    drip: float = 0.0
    hang: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def shop() -> Iterator[Shop]:
    """A server on a free port of this machine, for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            here.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            if here.hang:
                here.stopped.wait(10)
                return
            self.send_response(here.status)
            if here.location:
                self.send_header("Location", here.location)
            self.send_header("Content-Length", str(len(here.body)))
            self.end_headers()
            if not here.drip:
                self.wfile.write(here.body)
                return
            for byte in here.body:
                self.wfile.write(bytes([byte]))
                if here.stopped.wait(here.drip):
                    return

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `asked`."""

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Shop(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield here
    finally:
        here.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
