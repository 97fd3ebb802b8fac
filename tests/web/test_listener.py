"""What a stranger can do to the HTTP server by the way he connects."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask, request

from voicebot.web import listener
from voicebot.web.listener import listen


@contextlib.contextmanager
def listening(connections: int = listener.CONNECTIONS, trusted_proxy: str = "") -> Iterator[int]:
    """A server that says `here`, and who asks; its port."""
    app = Flask("here")
    app.add_url_rule("/", view_func=lambda: "here")
    app.add_url_rule("/who", "who", view_func=lambda: request.remote_addr or "")
    server: Any = listen(app, "127.0.0.1", 0, connections, trusted_proxy)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.close()
        thread.join(5)


@contextlib.contextmanager
def idle(port: int, count: int, saying: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that say at most the beginning of a request."""
    with contextlib.ExitStack() as opened:
        sockets = []
        for _ in range(count):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            one.sendall(saying)
            sockets.append(one)
        yield sockets


def ask(port: int) -> str:
    return requests.get(f"http://127.0.0.1:{port}/", timeout=10).text


@pytest.mark.parametrize("saying", [b"", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nhalf"])
def test_silent_connections_keep_nobody_out(saying: bytes) -> None:
    """With more idle connections than there is room for, a request is still answered; the oldest made room."""
    with listening(connections=20) as port, idle(port, 150, saying) as sockets:
        assert ask(port) == "here"
        assert sockets[0].recv(1) == b""


def test_descriptors_beyond_what_select_takes_are_served() -> None:
    """A process with more than 1024 files open, as one that holds many calls, goes on answering webhooks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    try:
        with listening() as port, contextlib.ExitStack() as held:
            for _ in range(1100):
                held.enter_context(contextlib.closing(socket.socket()))
            assert ask(port) == "here"
            assert ask(port) == "here"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_request_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not hold a connection: the whole request has to come in time."""
    clock = Clock()
    monkeypatch.setattr("waitress.channel.time", clock)
    monkeypatch.setattr("waitress.server.time", clock)
    with listening() as port, idle(port, 1, b"POST / HTTP/1.1\r\n") as (slow,):
        assert ask(port) == "here"
        for letter in b"X-Slow: yes":
            clock.now += listener.IDLE_SECONDS / 5
            with contextlib.suppress(OSError):
                slow.sendall(bytes([letter]))
            assert ask(port) == "here"
        with contextlib.suppress(ConnectionError):
            assert slow.recv(1) == b""


@pytest.mark.parametrize(
    ("trusted", "who"),
    [("", "127.0.0.1"), ("127.0.0.1", "192.0.2.7"), ("*", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")],
)
def test_only_the_trusted_proxy_says_who_asks(trusted: str, who: str) -> None:
    """Behind a proxy each visitor counts for himself; without one, nobody can pass for another."""
    with listening(trusted_proxy=trusted) as port:
        headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
        assert requests.get(f"http://127.0.0.1:{port}/who", headers=headers, timeout=10).text == who


class Clock:
    """Stands in for the `time` module of waitress."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now
