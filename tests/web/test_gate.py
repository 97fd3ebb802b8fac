"""Who may call the webhooks, and what everybody else is told."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from tests.web.house import CALL, CALLER, House, body
from voicebot.web.signature import sign

SECRET = "wh_secret"
HOOKS = ["/voice", "/voice/next", "/voice/dialed", "/voice/whisper", "/escalate", "/status"]


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def signed(build: Callable[..., House]) -> House:
    """A house that wants signatures."""
    made = build(jambonz_webhook_secret=SECRET)
    made.has_room()
    return made


def test_a_signed_hook_is_answered(signed: House) -> None:
    """Over the raw bytes, whatever their spacing and accents."""
    raw = json.dumps(body(caller_name="Zoë"), ensure_ascii=False, indent=3).encode()
    header = {"Jambonz-Signature": sign(raw, SECRET, time.time())}
    answer = signed.client.post("/voice", data=raw, headers=header, content_type="application/json")
    assert answer.status_code == 200
    assert json.loads(answer.text)[0]["verb"] == "listen"


@pytest.mark.parametrize("path", HOOKS)
def test_every_hook_refuses_what_is_not_signed(signed: House, path: str) -> None:
    """401 without a signature, 403 with a forged or a stale one; nothing happens behind it."""
    raw = json.dumps(body()).encode()
    forged = sign(raw, "guess", time.time())
    stale = sign(raw, SECRET, time.time() - 400)
    ahead = sign(raw, SECRET, time.time() + 400)
    other = sign(raw + b" ", SECRET, time.time())
    assert signed.client.post(path, data=raw).status_code == 401
    for header in (forged, stale, ahead, other, "nonsense"):
        answer = signed.client.post(path, data=raw, headers={"Jambonz-Signature": header})
        assert answer.status_code == 403
        assert "Jambonz-Signature" in json.loads(answer.text)["error"]
    assert signed.sessions.get(CALL) is None


def test_the_portals_probe_needs_no_signature(signed: House) -> None:
    """jambonz does not sign OPTIONS."""
    assert signed.client.options("/voice").status_code == 200


def test_basic_is_asked_for_when_it_is_set(build: Callable[..., House]) -> None:
    """Both user and password must be right."""
    made = build(webhook_user="jambonz", webhook_password="pä55")
    made.has_room()
    assert made.client.post("/voice", json=body(), headers=basic("jambonz", "pä55")).status_code == 200
    for headers in ({}, basic("jambonz", "no"), basic("no", "pä55"), {"Authorization": "Bearer x"}):
        answer = made.client.post("/voice", json=body(), headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", HOOKS)
@pytest.mark.parametrize(
    "raw", [b"", b"nonsense", b"[]", b"{}", b'{"call_sid": 5}', b'{"call_sid":"a","from":[]}']
)
def test_a_body_that_is_no_hook_is_answered_with_the_field(house: House, path: str, raw: bytes) -> None:
    """400, JSON, the field's name, and no trace of the inside."""
    answer = house.client.post(path, data=raw)
    assert answer.status_code == 400
    assert json.loads(answer.text)["field"] in ("body", "call_sid", "from")
    assert "Traceback" not in answer.text


def test_an_oversized_body_is_refused(house: House) -> None:
    """More than 256 KB is nothing jambonz sends."""
    answer = house.client.post("/voice", json=body(sip="x" * 300_000))
    assert answer.status_code == 413
    assert answer.mimetype == "application/json"


def test_get_is_told_to_be_post(house: House) -> None:
    """jambonz sends nothing useful with GET hooks."""
    answer = house.client.get("/voice")
    assert answer.status_code == 405
    assert "POST" in json.loads(answer.text)["error"]


def test_an_unknown_path_is_answered_in_json(house: House) -> None:
    """Machines read it."""
    answer = house.client.post("/hooks/voice", json=body())
    assert (answer.status_code, answer.mimetype) == (404, "application/json")


@pytest.mark.parametrize("path", ["/voice", "/agent/calls", "/healthz", "/nowhere", "/static/agent.css"])
def test_security_headers_are_on_everything(house: House, path: str) -> None:
    """Answers of every kind, errors included."""
    with house.client.get(path) as answer:
        headers = answer.headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_logs_name_the_call_and_never_a_number(house: House) -> None:
    """Every event of a hook carries the call's id; who called stays out."""
    with capture_logs() as events:
        for path in HOOKS:
            house.hook(path, dial_call_status="busy")
        house.client.post("/voice", data=json.dumps(body(from_=[CALLER])))
        house.sessions.broken = True
        house.hook("/voice")
    assert [event["call"] for event in events if event["event"] == "voice.answered"] == [CALL]
    assert {"voice.answered", "voice.transferred", "voice.store_failed"} <= {event["event"] for event in events}
    assert CALLER not in str(events)


def test_an_unforeseen_error_still_answers_verbs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours on `/voice` must not be an unanswered phone; its message stays out of the log."""

    def nodes() -> None:
        raise RuntimeError(f"{CALLER} said something")

    monkeypatch.setattr(house.sessions, "nodes", nodes)
    with capture_logs() as events:
        assert [item["verb"] for item in house.hook("/voice")] == ["say", "dial", "say", "hangup"]
    [failure] = [event for event in events if event["event"] == "voice.hook_failed"]
    assert failure["error"] == "RuntimeError"
    assert CALLER not in str(events)


@pytest.mark.parametrize("path", HOOKS)
def test_a_web_page_cannot_call_an_unsigned_server(build: Callable[..., House], path: str) -> None:
    """A page that somebody on this machine visits begins no call and writes no record; jambonz sends no Origin."""
    house = build()
    house.has_room()
    page = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
    assert house.client.post(path, data=json.dumps(body()), headers=page).status_code == 403
    assert house.records.calls() == []
    assert house.client.post(path, json=body()).status_code == 200
