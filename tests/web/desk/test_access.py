"""Signing in, staying signed in, and who may see what."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable

import pytest
from flask import Flask

from tests.web.desk.browser import PASSWORD, Browser, person
from tests.web.house import CALL, CALLER, House
from voicebot.roles import Role
from voicebot.web.desk import access
from voicebot.web.desk.access import requires


def basic(password: str) -> dict[str, str]:
    """The header a program sends for the first user."""
    return {"Authorization": "Basic " + b64encode(f"agent:{password}".encode()).decode()}


def test_a_stranger_is_sent_to_sign_in_and_back(house: House) -> None:
    """Who opens a page without being signed in comes to it after the password."""
    browser = Browser(house)
    away = browser.get("/agent/calls?limit=5")
    assert (away.status_code, away.location) == (303, "/sign-in?next=%2Fagent%2Fcalls%3Flimit%3D5")
    back = browser.sign_in("agent", "open sesame", next="/agent/calls?limit=5")
    assert (back.status_code, back.location) == (303, "/agent/calls?limit=5")
    assert browser.get("/agent/calls").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "//[",
        "/\\evil.example",
        "/\t/evil.example",
        "/agent\r\nSet-Cookie: a=b",
        "javascript:1",
    ],
)
def test_signing_in_never_leads_to_another_site(house: House, wanted: str) -> None:
    """A link with somebody else's address in `next` leads to the desk."""
    assert Browser(house).sign_in("agent", "open sesame", next=wanted).location == "/agent"


def test_a_wrong_password_says_so_and_keeps_the_name(house: House) -> None:
    """The same words for an unknown name, so that nobody learns which names there are."""
    told = []
    for name in ("agent", "nobody"):
        answer = Browser(house).sign_in(name, "guess")
        assert answer.status_code == 401
        assert f'value="{name}"' in answer.text
        told.append(answer.text.replace(f'value="{name}"', "").split('name="csrf_token"')[0])
    assert told[0] == told[1]


def test_a_form_without_its_token_is_refused(house: House) -> None:
    """Another site can make a browser send a form, and cannot know the token."""
    browser = Browser(house)
    browser.get("/sign-in")
    for token in ("", "made-up"):
        answer = browser.post("/sign-in", token=token, name="agent", password="open sesame")
        assert answer.status_code == 400
        assert "Load it again" in answer.text
    assert browser.get("/agent/calls").status_code == 303


def test_the_cookie_is_only_for_our_pages(house: House) -> None:
    """Out of reach for scripts and plain HTTP, not sent along by other sites' forms, gone after half a day."""
    cookie = Browser(house).sign_in("agent", "open sesame").headers["Set-Cookie"]
    for part in ("voicebot_session=", "Secure", "HttpOnly", "SameSite=Lax", "Expires="):
        assert part in cookie


def test_signing_out_ends_the_session(house: House) -> None:
    """And the page asks for the password again."""
    browser = person(house, "ada", Role.AGENT)
    browser.get("/agent/calls")
    assert browser.post("/sign-out").location == "/sign-in"
    assert browser.get("/agent/calls").status_code == 303


def test_a_session_ends_half_a_day_after_signing_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy it was since: every answer renews the cookie, none renews the session."""
    browser = person(house, "ada", Role.AGENT)
    now = time.time()
    for hours, status in ((11, 200), (11.9, 200), (12.1, 303)):
        moment = now + hours * 3600
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        assert browser.get("/agent/calls").status_code == status


@pytest.mark.parametrize("end", ["password", "removal"])
def test_a_session_does_not_outlive_the_password_or_the_user(house: House, end: str) -> None:
    """Whoever is signed in is out with the next click."""
    browser = person(house, "ada", Role.AGENT)
    assert browser.get("/agent/calls").status_code == 200
    if end == "password":
        house.records.users.set_password("ada", "another password")
    else:
        house.records.users.remove("ada")
    assert browser.get("/agent/calls").status_code == 303


def test_guessing_is_slowed_down_by_address(house: House) -> None:
    """After ten wrong passwords even the right one waits, in forms and headers; other addresses do not."""
    browser = Browser(house)
    assert [browser.sign_in("agent", "guess").status_code for _ in range(11)] == [401] * 10 + [429]
    late = browser.sign_in("agent", "open sesame")
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 60
    program = house.client.get("/agent/calls", headers=basic("open sesame"))
    assert (program.status_code, "Retry-After" in program.headers) == (429, True)
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    assert (
        house.client.get("/agent/calls", headers=basic("open sesame"), environ_base=elsewhere).status_code == 200
    )


def test_guessing_from_everywhere_leaves_threads_for_webhooks(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking a password is slow on purpose; beyond so many at once, people are asked to try again."""
    monkeypatch.setattr(access, "AT_ONCE", 0)
    house = build()
    access.first_user(house.settings, house.records.users)
    answer = Browser(house).sign_in("agent", "open sesame")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert house.client.get("/healthz").status_code == 200


def test_programs_send_the_password_with_every_request(house: House) -> None:
    """401 with a challenge and not a word about the call without it; a browser gets no challenge."""
    house.bot_spoke()
    assert CALLER in house.client.get("/agent/calls", headers=basic("open sesame")).text
    wrong = house.client.get(f"/agent/calls/{CALL}", headers=basic("guess"))
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Basic ")
    assert CALLER not in wrong.text
    script = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
    assert "WWW-Authenticate" not in house.client.get("/agent/calls", headers=script).headers


def test_a_remembered_password_ends_with_its_change(house: House) -> None:
    """What was right a moment ago is checked against what is right now."""
    assert house.client.get("/agent/calls", headers=basic("open sesame")).status_code == 200
    house.records.users.set_password("agent", "close sesame")
    assert house.client.get("/agent/calls", headers=basic("open sesame")).status_code == 401
    assert house.client.get("/agent/calls", headers=basic("close sesame")).status_code == 200


def test_agents_see_their_own_calls_and_supervisors_all(house: House) -> None:
    """A call nobody offered an agent does not exist for that agent."""
    house.bot_spoke()
    agent, supervisor = person(house, "ada", Role.AGENT), person(house, "grace", Role.SUPERVISOR)
    assert CALLER in supervisor.get("/agent/calls").text
    assert supervisor.get(f"/agent/calls/{CALL}").status_code == 200
    assert CALLER not in agent.get("/agent/calls").text
    assert agent.get(f"/agent/calls/{CALL}").status_code == 404
    offer = house.records.offers.offer(CALL, ["desk"], "people", "requested")
    assert agent.get(f"/agent/calls/{CALL}").status_code == 200
    house.records.offers.claim(offer.id, "ada")
    assert CALLER in agent.get("/agent/calls").text


def test_a_call_for_other_targets_is_not_for_everybody(house: House) -> None:
    """An agent of one target does not see the callers of another."""
    house.bot_spoke()
    agent = person(house, "ada", Role.AGENT, targets=("billing",))
    house.records.offers.offer(CALL, ["desk"], "people", "requested")
    assert agent.get(f"/agent/calls/{CALL}").status_code == 404


def test_a_role_is_asked_for_by_the_view(build: Callable[..., House]) -> None:
    """403 with a hint for whoever is signed in and lacks the role."""
    made = build()
    app = made.client.application
    assert isinstance(app, Flask)

    @app.get("/ops/test")
    @requires(Role.OPS)
    def secret() -> str:
        return "secret"

    refused = person(made, "ada", Role.AGENT, Role.SUPERVISOR).get("/ops/test")
    assert (refused.status_code, "secret" in refused.text) == (403, False)
    assert "voicebot users" in refused.text
    # The ways out of it lead to a page that the role may see.
    leads = set(re.findall(r'<a [^>]*href="(/[^"]*)"', refused.text))
    assert leads == {"/", "/agent", "/agent/queue", "/agent/calls"}
    assert 'href="/agent"' not in person(made, "sue", Role.SUPERVISOR).get("/ops/test").text
    assert person(made, "op", Role.OPS).get("/ops/test").text == "secret"
    assert Browser(made).get("/ops/test").location == "/sign-in?next=%2Fops%2Ftest"


def test_who_has_signed_in_is_not_asked_again(house: House) -> None:
    """The sign-in page leads on, by role."""
    assert person(house, "ada", Role.AGENT).get("/sign-in").location == "/agent"
    assert person(house, "op", Role.OPS).get("/sign-in").location == "/ops/deliveries"
    assert Browser(house).sign_in("ada", PASSWORD).status_code == 303


def test_the_address_alone_leads_to_the_door(house: House) -> None:
    """Who types no more than the host comes to the page that leads on by role."""
    away = Browser(house).get("/")
    assert (away.status_code, away.location) == (303, "/sign-in")
