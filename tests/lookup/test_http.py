"""An HTTP endpoint answers look-ups; whatever it does wrong is told clearly and in time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.lookup.server import Shop, shop
from voicebot.dialog.types import LookUpResult
from voicebot.errors import LookUpError
from voicebot.lookup.http import MOST_BYTES, HttpSource


@pytest.fixture
def server() -> Iterator[Shop]:
    with shop() as here:
        yield here


def ask(server: Shop, method: str = "GET", timeout: float = 2.0, **slots: str) -> LookUpResult:
    source = HttpSource(
        "orders", f"{server.url}/orders/{{number}}", method, timeout, {"Authorization": "Bearer s3cret"}
    )
    try:
        return source.find({"number": "1234"} | slots)
    finally:
        source.close()


def test_values_of_the_answer_are_text(server: Shop) -> None:
    """Texts, numbers, truth and nothing become what can be said."""
    server.body = json.dumps({"status": "shipped", "count": 3, "price": 9.5, "gift": True, "note": None}).encode()
    assert ask(server) == LookUpResult(
        True, {"status": "shipped", "count": "3", "price": "9.5", "gift": "yes", "note": ""}
    )


def test_slots_go_into_the_address_and_headers_along(server: Shop) -> None:
    """The slot is quoted, so that it cannot change the address."""
    ask(server, number="12/../34?x")
    method, path, headers, _ = server.asked[0]
    assert (method, path) == ("GET", "/orders/12%2F..%2F34%3Fx")
    assert headers["Authorization"] == "Bearer s3cret"


def test_post_sends_the_slots_as_json(server: Shop) -> None:
    """An endpoint may take the slots from the body."""
    ask(server, "POST", name="Ann")
    method, _, headers, body = server.asked[0]
    assert method == "POST"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"number": "1234", "name": "Ann"}


def test_404_is_not_found(server: Shop) -> None:
    """An unknown order is an answer."""
    server.status = 404
    assert ask(server) == LookUpResult(False)


@pytest.mark.parametrize("status", [301, 401, 500, 204])
def test_any_other_status_is_a_failure(server: Shop, status: int) -> None:
    """The message has the status and the host."""
    server.status, server.body = status, b""
    with pytest.raises(LookUpError, match=rf"look-up orders: 127\.0\.0\.1:\d+ answered {status}"):
        ask(server)


def test_redirects_are_not_followed(server: Shop) -> None:
    """Our header goes to no other address."""
    server.status, server.location = 302, f"{server.url}/elsewhere"
    with pytest.raises(LookUpError, match="answered 302"):
        ask(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"items": ["a"]}', "the value `items` must be"),
        (b'{"price": NaN}', "the value `price` must be"),
        (b'{"a": "' + b"x" * MOST_BYTES + b'"}', "larger than"),
    ],
)
def test_an_answer_that_is_none_is_a_failure(server: Shop, body: bytes, message: str) -> None:
    """What cannot be said is refused with the reason."""
    server.body = body
    with pytest.raises(LookUpError, match=message):
        ask(server)


def test_a_server_that_does_not_answer_is_given_up(server: Shop) -> None:
    """After the timeout the call goes on without it."""
    server.hang = True
    with pytest.raises(LookUpError, match=r"no answer from .* within 0\.2 s"):
        ask(server, timeout=0.2)


def test_a_server_that_drips_is_given_up(server: Shop) -> None:
    """The timeout is for the whole answer, not for each byte."""
    server.body, server.drip = b" " * 1000, 0.05
    began = time.monotonic()
    with pytest.raises(LookUpError, match="no answer from"):
        ask(server, timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_server_that_is_not_there_is_a_failure() -> None:
    """A refused connection is told without any slot value."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        source = HttpSource("orders", f"http://127.0.0.1:{taken.getsockname()[1]}/{{number}}", "GET", 1.0, {})
        with pytest.raises(LookUpError, match=r"look-up orders: .* failed: ConnectionError") as caught:
            source.find({"number": "987654"})
        source.close()
    assert "987654" not in str(caught.value)
