"""The HTTP edge to HubSpot: what each failure means, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.hubspot_http import Api, Exists, translate
from voicebot.errors import (
    CrmError,
    CrmRejected,
    CrmThrottled,
    CrmUnauthorized,
    CrmUnavailable,
    SettingsError,
)
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault

CONTACT = {"properties": {"phone": "+14155552671"}, "associations": []}
SEARCH = {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "EQ", "value": "4155552671"}]}]}


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    with FakeHubSpot() as server:
        yield server


def connect(hubspot: FakeHubSpot, token: str = TOKEN, version: str = "2026-03") -> Api:
    return Api(hubspot.url, SecretStr(token), version, timeouts=(1.0, 0.3))


def write(api: Api) -> CrmError:
    with pytest.raises(CrmError) as caught:
        api.write("contacts", CONTACT)
    return caught.value


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("v3", "/crm/v3/objects/contacts"),
        ("2026-03", "/crm/objects/2026-03/contacts"),
        ("2026-09", "/crm/objects/2026-09/contacts"),
    ],
)
def test_version_decides_the_path(hubspot: FakeHubSpot, version: str, path: str) -> None:
    """The legacy version stands before `objects`, dated ones behind it."""
    connect(hubspot, version=version).write("contacts", CONTACT)
    assert [request.path for request in hubspot.requests] == [path]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault.INVALID, Invalid, "400 VALIDATION_ERROR"),
        (Fault.UNAUTHORIZED, CrmUnauthorized, "VOICEBOT_HUBSPOT_TOKEN"),
        (Fault.FORBIDDEN, CrmUnauthorized, "crm.objects.contacts.read and crm.objects.contacts.write"),
        (Fault.GONE, NotFound, "404 OBJECT_NOT_FOUND"),
        (Fault.LOCKED, CrmThrottled, "423"),
        (Fault.MIGRATING, CrmThrottled, "477"),
        (Fault.THROTTLED, CrmThrottled, "SECONDLY"),
        (Fault.HTML, CrmUnavailable, "VOICEBOT_HUBSPOT_BASE_URL"),
        (Fault.REDIRECT, CrmUnavailable, "VOICEBOT_HUBSPOT_BASE_URL"),
        (Fault.BROKEN, CrmUnavailable, "500"),
        (Fault.BAD_GATEWAY, CrmUnavailable, "502"),
        (Fault.GARBAGE, CrmUnavailable, "not JSON"),
        (Fault.LOST, CrmUnavailable, "lost"),
        (Fault.RESET, CrmUnavailable, "lost"),
        (Fault.STALL, CrmUnavailable, "lost"),
        (Fault.CONFLICT, CrmThrottled, "409 CONFLICT"),
        (Fault.TOO_LARGE, CrmRejected, "413"),
        (Fault.HANG, CrmUnavailable, "lost"),
    ],
)
def test_each_failure_is_ours_and_says_what_to_do(
    hubspot: FakeHubSpot, fault: Fault, kind: type[CrmError], words: str
) -> None:
    """Every error class of the vendor becomes one of ours, after a single request, without the token in it."""
    hubspot.fail(fault)
    error = write(connect(hubspot))
    assert type(error) is kind
    assert words in str(error)
    assert TOKEN not in str(error)
    assert len(hubspot.requests) == 1


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.BAD_GATEWAY, Fault.GARBAGE, Fault.LOST, Fault.HANG])
def test_lost_answer_to_a_write_is_ambiguous(hubspot: FakeHubSpot, fault: Fault) -> None:
    """Where the write may have been carried out, the error says so; a question asked again does no harm."""
    api = connect(hubspot)
    hubspot.fail(fault, times=2)
    error = write(api)
    assert isinstance(error, CrmUnavailable)
    assert error.ambiguous
    with pytest.raises(CrmUnavailable) as caught:
        api.ask("contacts/search", SEARCH)
    assert not caught.value.ambiguous


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.REDIRECT, Fault.GONE])
def test_refusal_before_the_work_is_not_ambiguous(hubspot: FakeHubSpot, fault: Fault) -> None:
    """What never reached HubSpot's records leaves no doubt."""
    hubspot.fail(fault)
    error = write(connect(hubspot))
    assert isinstance(error, CrmUnavailable)
    assert not error.ambiguous


def test_refused_connection_is_not_ambiguous() -> None:
    """Nothing listens: the request never left."""
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{idle.getsockname()[1]}"
        error = write(Api(url, SecretStr(TOKEN), "2026-03", timeouts=(1.0, 0.3)))
    assert isinstance(error, CrmUnavailable)
    assert not error.ambiguous
    assert "cannot be reached" in str(error)


def test_unknown_host_is_not_ambiguous() -> None:
    """A name that does not resolve: the request never left."""
    error = write(Api("http://hubspot.invalid", SecretStr(TOKEN), "2026-03", timeouts=(1.0, 0.3)))
    assert isinstance(error, CrmUnavailable)
    assert not error.ambiguous


@pytest.mark.parametrize(
    ("fault", "header", "seconds"),
    [
        (Fault.THROTTLED, "", 1.0),
        (Fault.TEN_SECONDLY_ROLLING, "", 10.0),
        (Fault.SPENT, "", 3600.0),
        (Fault.THROTTLED, "7", 7.0),
        (Fault.MIGRATING, "", 3600.0),
        (Fault.MIGRATING, "20000", 20000.0),
        (Fault.MIGRATING, "9999999", 86400.0),
        (Fault.LOCKED, "", 2.0),
        (Fault.LOCKED, "1", 2.0),
        (Fault.THROTTLED, "soon", 1.0),
    ],
)
def test_throttling_names_the_wait(hubspot: FakeHubSpot, fault: Fault, header: str, seconds: float) -> None:
    """The Retry-After header counts, at most a day; without one the named limit decides."""
    hubspot.fail(fault, retry_after=header)
    error = write(connect(hubspot))
    assert isinstance(error, CrmThrottled)
    assert error.retry_after == seconds


def test_retry_after_may_be_a_date() -> None:
    """RFC 9110 allows a date."""
    at = datetime.now(UTC) + timedelta(seconds=100)
    error = translate(429, {"Retry-After": format_datetime(at, usegmt=True)}, {}, writes=True)
    assert isinstance(error, CrmThrottled)
    assert error.retry_after == pytest.approx(100, abs=5)


def test_wrong_token_is_unauthorized(hubspot: FakeHubSpot) -> None:
    """HubSpot does not know the token."""
    error = write(connect(hubspot, token="pat-na1-wrong"))
    assert isinstance(error, CrmUnauthorized)
    assert "pat-na1-wrong" not in str(error)


def test_missing_scope_is_named(hubspot: FakeHubSpot) -> None:
    """The message names the one scope HubSpot misses."""
    hubspot.scopes.discard("crm.objects.contacts.write")
    error = write(connect(hubspot))
    assert isinstance(error, CrmUnauthorized)
    assert "scopes crm.objects.contacts.write" in str(error)


def test_conflict_tells_the_existing_id(hubspot: FakeHubSpot) -> None:
    """409 carries the id of what is there already."""
    existing = hubspot.account.add_contact(email="a@b.example")
    with pytest.raises(Exists) as caught:
        connect(hubspot).write("contacts", {"properties": {"email": "a@b.example"}, "associations": []})
    assert caught.value.existing == existing


@pytest.mark.parametrize(
    "body", [{}, {"message": 7, "errors": "x", "context": []}, {"errors": [None, {"context": 1}]}]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 418, 422, 423, 429, 477, 500, 521])
def test_every_field_of_an_error_body_is_optional(status: int, body: dict[str, Any]) -> None:
    """An error body may lack or misuse any field."""
    assert str(status) in str(translate(status, {}, body, writes=True))


def test_error_does_not_quote_what_we_sent() -> None:
    """HubSpot's message repeats property values; ours names the properties only."""
    body = {
        "message": 'Property values were not valid: [{"phone": "+14155552671"}]',
        "category": "VALIDATION_ERROR",
        "correlationId": "0f3b-1",
        "errors": [{"message": "+14155552671", "context": {"propertyName": ["phone", "+14155552671 is bad"]}}],
    }
    error = translate(400, {}, body, writes=True)
    assert isinstance(error, CrmRejected)
    assert str(error) == "HubSpot answered 400 VALIDATION_ERROR (properties phone) [correlation id 0f3b-1]"


def test_netrc_does_not_replace_the_token(
    hubspot: FakeHubSpot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.netrc` entry for the host does not win over the configured token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert connect(hubspot).write("contacts", CONTACT)["id"]


@pytest.mark.parametrize("token", ["", "pat na1", "pat\nna1", "pät"])
def test_token_that_cannot_be_sent_is_a_settings_error(token: str) -> None:
    """A mangled token is told at start, by its setting's name and without its text."""
    with pytest.raises(SettingsError, match="VOICEBOT_HUBSPOT_TOKEN") as caught:
        Api("http://127.0.0.1:1", SecretStr(token), "2026-03")
    assert not token or token not in str(caught.value)


def test_no_request_begins_after_the_time_is_up(hubspot: FakeHubSpot) -> None:
    """A delivery that takes too long stops before its next request, so that it ends within its lease."""
    api = connect(hubspot)
    with api.within(-1.0), pytest.raises(CrmUnavailable) as caught:
        api.write("contacts", CONTACT)
    assert not caught.value.ambiguous
    assert hubspot.asked(Operation.CREATE_CONTACT) == []
    assert api.write("contacts", CONTACT)["id"]
