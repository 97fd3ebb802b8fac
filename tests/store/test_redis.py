"""Redis that goes away, hangs, comes back or refuses us."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable

import pytest

from tests.store.conftest import RedisServer
from tests.store.test_sessions import NODE, SESSION
from voicebot.errors import SettingsError, StoreError
from voicebot.store import Sessions
from voicebot.store.redis import connect

EVERY_METHOD: list[Callable[[Sessions], object]] = [
    lambda sessions: sessions.open(SESSION),
    lambda sessions: sessions.get("call-1"),
    lambda sessions: sessions.put(SESSION),
    lambda sessions: sessions.close("call-1"),
    lambda sessions: sessions.issue_token("call-1"),
    lambda sessions: sessions.redeem_token("token"),
    lambda sessions: sessions.issue_context("call-1"),
    lambda sessions: sessions.resolve_context("context"),
    lambda sessions: sessions.announce(NODE),
    lambda sessions: sessions.nodes(),
    lambda sessions: sessions.ping(),
]


def test_an_unreachable_redis_is_a_store_error_everywhere() -> None:
    """Every method says which setting points where, soon, and keeps the password to itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]
        sessions = connect(f"redis://bot:hush-hush@127.0.0.1:{port}/3", 600, 300)
        for method in EVERY_METHOD:
            began = time.monotonic()
            with pytest.raises(StoreError, match=rf"VOICEBOT_REDIS_URL \(127\.0\.0\.1:{port}/3\)") as raised:
                method(sessions)
            assert "hush" not in str(raised.value)
            assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://:hush@localhost:port/0", "redis://h:6379/0?db=hush"]
)
def test_a_url_that_is_none_is_a_settings_error(url: str) -> None:
    """A URL Redis cannot have is refused before anything is connected, without repeating what is in it."""
    with pytest.raises(SettingsError, match="VOICEBOT_REDIS_URL is no Redis URL") as raised:
        connect(url, 600, 300)
    assert "hush" not in str(raised.value)


def test_a_socket_path_is_named() -> None:
    """A Redis behind a missing unix socket is a StoreError that names the path."""
    with pytest.raises(StoreError, match=r"VOICEBOT_REDIS_URL \(/nonexistent/redis\.sock\)"):
        connect("unix:///nonexistent/redis.sock", 600, 300).ping()


@pytest.mark.redis
def test_sessions_work_again_once_redis_is_back(own_redis: RedisServer) -> None:
    """A crash of Redis costs the calls made while it is away, and nothing has to be restarted after it."""
    sessions = connect(own_redis.url(), 600, 300)
    sessions.open(SESSION)
    own_redis.kill()
    with pytest.raises(StoreError):
        sessions.get("call-1")
    own_redis.start()
    assert sessions.get("call-1") is None
    sessions.put(SESSION)
    assert sessions.get("call-1") == SESSION


@pytest.mark.redis
def test_a_restart_between_two_commands_goes_unnoticed(own_redis: RedisServer) -> None:
    """A connection that a restart has cut is replaced within the call that finds it dead."""
    sessions = connect(own_redis.url(), 600, 300)
    sessions.ping()
    own_redis.kill()
    own_redis.start()
    sessions.ping()


@pytest.mark.redis
def test_a_hanging_redis_gives_up_within_seconds(own_redis: RedisServer) -> None:
    """A Redis that accepts and never answers is a StoreError after its timeout, not silence."""
    sessions = connect(own_redis.url(), 600, 300)
    sessions.ping()
    own_redis.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(StoreError, match="VOICEBOT_REDIS_URL"):
            sessions.issue_token("call-1")
        assert time.monotonic() - began < 4
    finally:
        own_redis.signal(signal.SIGCONT)


@pytest.mark.redis
def test_a_wrong_password_is_a_store_error_without_it(
    redis_binary: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A refused password is said to be refused, and not repeated."""
    server = RedisServer(redis_binary, tmp_path_factory.mktemp("redis"), password="right-one")
    server.start()
    try:
        connect(server.url("right-one"), 600, 300).ping()
        with pytest.raises(StoreError, match="VOICEBOT_REDIS_URL") as raised:
            connect(server.url("wrong-one"), 600, 300).ping()
        assert "wrong-one" not in str(raised.value)
    finally:
        server.kill()
