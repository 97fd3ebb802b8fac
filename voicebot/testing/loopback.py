"""The HTTP half of every fake vendor: a server on loopback, in a thread, that lets go of what hangs at its end."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Generic, Self, TypeVar


class LoopbackServer:
    """Base of a fake vendor; a context manager. Its handler finds it as `self.server.fake`.

    port: 0 takes a free one. released: set at the end; requests told to hang wait for it.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self.released = threading.Event()
        self._server = Serving(self, handler, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


F = TypeVar("F", bound=LoopbackServer)


class Serving(ThreadingHTTPServer, Generic[F]):
    """What a handler sees as `self.server`."""

    daemon_threads = True

    def __init__(self, fake: F, handler: type[BaseHTTPRequestHandler], port: int) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what tests do on purpose; its own side tells."""
