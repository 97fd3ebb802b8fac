"""Who is at their phone, as jambonz tells; and what is not known is not claimed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, ClassVar

import pytest

from voicebot.dialog.types import PRESENCE, LookUpResult
from voicebot.lookup import build
from voicebot.lookup.registered import UNKNOWN, RegisteredUsers, with_registered_users
from voicebot.settings import Settings


class _Api(BaseHTTPRequestHandler):
    """The one endpoint of the REST API, with an answer a test can choose."""

    status: ClassVar[int] = 200
    answer: ClassVar[str] = "[]"
    asked: ClassVar[list[tuple[str, str | None]]] = []
    hang: ClassVar[Event | None] = None

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        if self.hang is not None:
            self.hang.wait(20)
        with contextlib.suppress(OSError):
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(self.answer.encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[type[_Api]]:
    """An API server with no users, at `url`."""
    handler: Any = type("Api", (_Api,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()


def _ask(api: Any, **users: str) -> LookUpResult:
    return RegisteredUsers(api.url, "acc-1", "key-1").find(users)


def test_users_are_found_by_name_and_by_full_address(api: Any) -> None:
    """A bare name is one of the account's realm; a name of another realm is another user."""
    api.answer = json.dumps(["Alice@acme.sip.example", "bob@acme.sip.example"])
    users = {"a": "alice", "b": "bob@acme.sip.example", "c": "carol", "d": "bob@other.example"}
    assert _ask(api, **users) == LookUpResult(True, {"a": "yes", "b": "yes", "c": "no", "d": "no"})
    assert api.asked == [("/v1/Accounts/acc-1/RegisteredSipUsers", "Bearer key-1")]


def test_the_address_of_the_api_may_end_in_its_version(api: Any) -> None:
    """As it is shown in the documentation, and as it is shown in the portal."""
    api.answer = '["alice@realm"]'
    assert RegisteredUsers(f"{api.url}/v1/", "acc-1", "k").find({"a": "alice"}).values == {"a": "yes"}


@pytest.mark.parametrize(
    ("status", "answer"), [(401, "[]"), (500, "oh"), (200, "<html>"), (200, '{"users": []}'), (302, "[]")]
)
def test_what_is_no_answer_is_not_taken_for_an_empty_office(api: Any, status: int, answer: str) -> None:
    """A key that is refused, a broken server, a page: nobody is said to be away."""
    api.status, api.answer = status, answer
    assert _ask(api, a="alice") == UNKNOWN


def test_an_api_that_hangs_costs_a_second(api: Any) -> None:
    """The caller is waiting; not knowing is good enough."""
    api.hang = Event()
    try:
        assert _ask(api, a="alice") == UNKNOWN
    finally:
        api.hang.set()


def test_an_api_that_is_not_there_is_unknown() -> None:
    """Nothing listens: as if it had not been asked."""
    assert RegisteredUsers("http://127.0.0.1:9", "a", "k").find({"a": "alice"}) == UNKNOWN


def test_the_look_ups_of_a_dialog_answer_presence_only_with_credentials(api: Any, tmp_path: Any) -> None:
    """With an API key who is there is asked; the dialog's own look-ups stay as they are."""
    api.answer = '["alice@realm"]'
    settings = Settings(
        _env_file=None, jambonz_api_url=api.url, jambonz_account_sid="acc-1", jambonz_api_key="key-1"
    )

    async def ask() -> LookUpResult:
        lookups = with_registered_users(build({}, tmp_path), settings)
        try:
            return await lookups.ask(PRESENCE, {"desk": "alice"})
        finally:
            await lookups.aclose()

    assert asyncio.run(ask()) == LookUpResult(True, {"desk": "yes"})
    plain = build({}, tmp_path)
    assert with_registered_users(plain, Settings(_env_file=None)) is plain


def test_half_of_the_credentials_is_a_mistake() -> None:
    """The message names all three settings."""
    with pytest.raises(ValueError, match="VOICEBOT_JAMBONZ_ACCOUNT_SID"):
        Settings(_env_file=None, jambonz_api_url="https://jambonz.example")
