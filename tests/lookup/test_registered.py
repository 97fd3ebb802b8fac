"""Who is at their phone, as jambonz tells; and what is not known is not claimed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicebot.dialog.types import PRESENCE, LookUpResult
from voicebot.doctor import Unwell, agents
from voicebot.lookup import build
from voicebot.lookup.registered import UNKNOWN, RegisteredUsers, with_registered_users
from voicebot.settings import Settings
from voicebot.testing.dialog import EchoDialog
from voicebot.testing.jambonz_api import ACCOUNT, KEY, FakeJambonzApi
from voicebot.testing.vendor import Fault


@pytest.fixture
def api() -> Iterator[FakeJambonzApi]:
    """An API server whose account has two users at their phones."""
    with FakeJambonzApi(["Alice@acme.sip.example", "bob@acme.sip.example"]) as running:
        yield running


def _ask(api: FakeJambonzApi, key: str = KEY, **users: str) -> LookUpResult:
    return RegisteredUsers(api.url, ACCOUNT, key).find(users)


def _settings(api: FakeJambonzApi) -> Settings:
    return Settings(_env_file=None, jambonz_api_url=api.url, jambonz_account_sid=ACCOUNT, jambonz_api_key=KEY)


def test_users_are_found_by_name_and_by_full_address(api: FakeJambonzApi) -> None:
    """A bare name is one of the account's realm; a name of another realm is another user."""
    users = {"a": "alice", "b": "bob@acme.sip.example", "c": "carol", "d": "bob@other.example"}
    assert _ask(api, **users) == LookUpResult(True, {"a": "yes", "b": "yes", "c": "no", "d": "no"})


def test_the_address_of_the_api_may_end_in_its_version(api: FakeJambonzApi) -> None:
    """As it is shown in the documentation, and as it is shown in the portal."""
    assert RegisteredUsers(f"{api.url}/v1/", ACCOUNT, KEY).find({"a": "alice"}).values == {"a": "yes"}


@pytest.mark.parametrize("fault", list(Fault))
def test_what_is_no_answer_is_not_taken_for_an_empty_office(api: FakeJambonzApi, fault: Fault) -> None:
    """A broken server, a page, a hanging connection: nobody is said to be away, and it costs a second or two."""
    api.fail(fault)
    assert _ask(api, a="alice") == UNKNOWN
    assert len(api.requests) == 1


def test_a_wrong_key_or_no_server_at_all_is_unknown(api: FakeJambonzApi) -> None:
    """As if nobody had been asked."""
    assert _ask(api, key="wrong", a="alice") == UNKNOWN
    assert RegisteredUsers("http://127.0.0.1:9", ACCOUNT, KEY).find({"a": "alice"}) == UNKNOWN


def test_the_look_ups_of_a_dialog_answer_presence_only_with_credentials(
    api: FakeJambonzApi, tmp_path: Path
) -> None:
    """With an API key who is there is asked; the dialog's own look-ups stay as they are."""

    async def ask() -> LookUpResult:
        lookups = with_registered_users(build({}, tmp_path), _settings(api))
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


def test_the_doctor_asks_who_is_there(api: FakeJambonzApi) -> None:
    """Before the first caller does; credentials that do not work are said to."""
    dialog = EchoDialog()
    assert agents(_settings(api), dialog) == "0 of 1 users registered"
    api.users.append("reception@acme.sip.example")
    assert agents(_settings(api), dialog) == "1 of 1 users registered: reception"
    api.fail(Fault.UNAUTHORIZED)
    with pytest.raises(Unwell, match="VOICEBOT_JAMBONZ_API_KEY"):
        agents(_settings(api), dialog)
    assert "without knowing" in agents(Settings(_env_file=None), dialog)
