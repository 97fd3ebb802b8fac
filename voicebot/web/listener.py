"""The HTTP server around the application: waitress, with limits a stranger cannot make use of.

A webhook that is not answered is a caller who hears nothing, so no peer may keep others out: not by connecting and
saying nothing, not by sending a request byte by byte, not by opening more sockets than there is room for.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import waitress.server
from waitress.channel import HTTPChannel

THREADS = 32
BODY_LIMIT = 1 << 20
CONNECTIONS = 1000
"""Connections held at once; one more pushes out the one that has been idle for longest."""

IDLE_SECONDS = 20
"""A connection may be idle, or take for a whole request, this long. jambonz sends its requests at once and lets go
of idle connections after 4 s."""

SPARE = 100
"""Room in waitress's own limit for connections on their way out and its own sockets; at that limit it accepts
nobody any more."""


class _Channel(HTTPChannel):
    """One connection, which makes room for itself and is not kept alive by dripping."""

    def __init__(self, server: Any, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(server, sock, *args, **options)
        idle = [one for one in server.active_channels.values() if not one.requests and not one.will_close]
        if len(idle) > server.room:
            min(idle, key=_last_activity).will_close = True

    def handle_read(self) -> None:
        unfinished, since = self.request is not None, self.last_activity
        super().handle_read()
        if unfinished and self.request is not None:
            # More of a request that began before is no sign of life: all of it must come in time.
            self.last_activity = since


def listen(
    app: Callable[..., Any], host: str, port: int, connections: int = CONNECTIONS, trusted_proxy: str = ""
) -> Any:
    """A waitress server with `run` and `close`. Raises OSError when the address cannot be had.

    trusted_proxy: address of the peer whose X-Forwarded-For is believed, or *; "" believes nobody.
    """
    proxy: dict[str, Any] = (
        {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": "x-forwarded-for"} if trusted_proxy else {}
    )
    server = waitress.server.create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=BODY_LIMIT,
        clear_untrusted_proxy_headers=True,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=5,
        connection_limit=connections + SPARE,
        # select() takes no descriptor beyond 1023 and would end the server at the first; every socket of the
        # process counts, those of the audio server too.
        asyncore_use_poll=True,
        **proxy,
    )
    # A host with several addresses has a server for each, all in one map.
    for part in [server, *getattr(server, "map", {}).values()]:
        if hasattr(part, "channel_class"):
            part.channel_class = _Channel
            part.room = connections
    return server


def _last_activity(channel: Any) -> float:
    return float(channel.last_activity)
