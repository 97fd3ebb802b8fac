"""The desk's pages and buttons, as far as HTTP goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.store.support import written
from tests.web.desk.browser import Browser, person
from tests.web.house import CALL, CALLER, House
from voicebot.call.record import Disposition
from voicebot.people import Match, People
from voicebot.roles import Role
from voicebot.store.offers import Offer, OfferState
from voicebot.store.views import WrapUpDisposition
from voicebot.testing import zendesk as zendesk_fake
from voicebot.testing.zendesk import FakeZendesk

SOON = 10.0


@pytest.fixture
def ada(house: House) -> Browser:
    """An agent of the target `desk`, signed in with her desk open."""
    browser = person(house, "ada", Role.AGENT, targets=("desk",))
    assert browser.get("/agent").status_code == 200
    return browser


@pytest.fixture
def offer(house: House) -> Offer:
    """A call that was transferred to `desk`."""
    house.bot_spoke(Disposition.TRANSFERRED)
    return house.records.offers.offer(CALL, ["desk"], "refunds", "requested")


def take(browser: Browser, offer: Offer) -> int:
    """Press the button; the number of the talk it opened."""
    answer = browser.post(f"/agent/offers/{offer.id}/accept")
    assert answer.status_code == 200, answer.text
    found = re.search(r'data-talk="([0-9]+)"', answer.text)
    assert found
    return int(found[1])


def write(browser: Browser, talk: int, **body: Any) -> Any:
    """Send what was typed as the page's script does."""
    return browser.send(f"/agent/talks/{talk}", {"version": 0, "notes": "", "disposition": "", **body})


def test_an_offered_call_is_on_the_desk(ada: Browser, offer: Offer) -> None:
    """Who, why, by which rule, what they want, and a button."""
    page = ada.get("/agent").text
    for fact in (
        CALLER,
        "asked for a person",
        "refunds",
        "ringing at desk",
        "Order status",
        "Asked about order 1234.",
    ):
        assert fact in page, fact
    assert f"/agent/offers/{offer.id}/accept" in page


def test_an_empty_desk_says_so(ada: Browser) -> None:
    """And the queue does."""
    assert "Nobody is waiting" in ada.get("/agent").text


def test_a_page_may_connect_to_the_audio_servers_and_run_no_inline_script(ada: Browser) -> None:
    """The policy names the sockets; there is nothing inline to allow."""
    policy = ada.get("/agent").headers["Content-Security-Policy"]
    assert "connect-src 'self' wss://media1.example/desk" in policy
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_taking_a_call_makes_it_ones_own(house: House, ada: Browser, offer: Offer) -> None:
    """The answer has the transcript and a form; the page has them after a reload too."""
    talk = take(ada, offer)
    claimed = house.records.offers.get(offer.id)
    assert claimed is not None
    assert claimed.agent == "ada"
    assert f'data-talk="{talk}"' in ada.get("/agent").text
    assert "You took this call" in ada.get("/agent").text
    assert take(ada, offer) == talk


def test_of_two_agents_who_take_a_call_one_gets_it(house: House, ada: Browser, offer: Offer) -> None:
    """The other is told who was faster, and sees it on the desk."""
    bob = person(house, "bob", Role.AGENT)
    bob.get("/agent")
    take(ada, offer)
    late = bob.post(f"/agent/offers/{offer.id}/accept")
    assert (late.status_code, late.text) == (409, "ada was faster.")
    assert "Taken by" in bob.get("/agent").text


def test_taking_a_call_opens_the_callers_page_at_zendesk(build: Callable[..., House]) -> None:
    """In the browser of the agent who took it, and of nobody else."""
    with FakeZendesk() as zendesk:
        zendesk.agents |= {123, 456}
        user = zendesk.add_user(name="Ada Byron", phone=CALLER)
        house = build(
            crm="zendesk",
            zendesk_url=zendesk.url,
            zendesk_client_id=zendesk_fake.CLIENT_ID,
            zendesk_client_secret=zendesk_fake.CLIENT_SECRET,
            zendesk_agents="ada=123,bob=456",
        )
        house.bot_spoke(Disposition.TRANSFERRED)
        house.records.callers.put(CALL, People((Match("zendesk", "Ada Byron", id=str(user)),), 1))
        offer = house.records.offers.offer(CALL, ["desk"], "refunds", "requested")
        ada = person(house, "ada", Role.AGENT, targets=("desk",))
        page = ada.get("/agent").text
        assert "Ada Byron" in page
        take(ada, offer)
        assert zendesk.popped.wait(SOON)
        assert zendesk.shown == [(123, user)]


def test_a_caller_who_left_cannot_be_taken(house: House, ada: Browser, offer: Offer) -> None:
    """The button says so, whatever the page still showed."""
    house.records.offers.settle(offer.id, OfferState.ABANDONED)
    late = ada.post(f"/agent/offers/{offer.id}/accept")
    assert (late.status_code, late.text) == (409, "The caller is gone.")


def test_a_call_answered_by_phone_can_be_taken_to_the_desk(house: House, ada: Browser, offer: Offer) -> None:
    """Who pressed 1 at the phone finds the call at the desk all the same."""
    house.records.offers.settle(offer.id, OfferState.ACCEPTED, "desk")
    assert "That is me" in ada.get("/agent").text
    take(ada, offer)
    assert "You have the caller" in ada.get("/agent").text


def test_calls_for_others_cannot_be_taken(house: House, ada: Browser) -> None:
    """Nor seen: as if they did not exist."""
    house.bot_spoke()
    foreign = house.records.offers.offer(CALL, ["billing"], "", "requested")
    assert CALLER not in ada.get("/agent").text
    assert ada.post(f"/agent/offers/{foreign.id}/accept").status_code == 404
    assert ada.post("/agent/offers/4711/accept").status_code == 404


def test_a_call_can_be_given_back(house: House, ada: Browser, offer: Offer) -> None:
    """While it rings; then it is anybody's again, and no notes wait for it."""
    take(ada, offer)
    assert ada.post(f"/agent/offers/{offer.id}/release").status_code == 204
    back = house.records.offers.get(offer.id)
    assert back is not None
    assert back.agent is None
    assert house.records.floors.look(["ada"]).talks == {}
    assert ada.post(f"/agent/offers/{offer.id}/release").status_code == 409


def test_notes_are_kept_as_they_are_typed(house: House, ada: Browser, offer: Offer) -> None:
    """Each save answers with the version the next has to name."""
    talk = take(ada, offer)
    first = write(ada, talk, notes="wants")
    assert (first.status_code, first.json["version"]) == (200, 1)
    stale = write(ada, talk, notes="from another window")
    assert (stale.status_code, stale.json["notes"], stale.json["version"]) == (409, "wants", 1)
    done = write(ada, talk, version=1, notes="wants a refund", disposition="resolved", done=True)
    assert (done.status_code, done.json["finished"]) == (200, True)
    kept = written(house.records, CALL, "ada")
    assert kept is not None
    assert (kept.notes, kept.disposition) == ("wants a refund", WrapUpDisposition.RESOLVED)
    assert write(ada, talk, version=2).json["finished"] is True
    assert "wants a refund" in ada.get(f"/agent/calls/{CALL}").text


@pytest.mark.parametrize(
    "body",
    [
        {"version": "0"},
        {"version": True},
        {"notes": None},
        {"notes": "x" * 8001},
        {"disposition": "splendid"},
        {"disposition": ["resolved"]},
    ],
)
def test_notes_of_another_shape_are_refused(ada: Browser, offer: Offer, body: dict[str, Any]) -> None:
    """400, and nothing is kept."""
    talk = take(ada, offer)
    assert write(ada, talk, **body).status_code == 400
    assert write(ada, talk).json["version"] == 1


def test_card_numbers_are_not_kept_in_notes(house: House, ada: Browser, offer: Offer) -> None:
    """Order numbers and addresses are what notes are for; a card number is not."""
    write(ada, take(ada, offer), notes="card 4111 1111 1111 1111, order 4529, ada@example.org")
    kept = written(house.records, CALL, "ada")
    assert kept is not None
    assert "4111" not in kept.notes
    assert kept.notes.endswith("order 4529, ada@example.org")


def test_nobody_writes_in_anothers_name(house: House, ada: Browser, offer: Offer) -> None:
    """A talk belongs to who took it."""
    talk = take(ada, offer)
    bob = person(house, "bob", Role.AGENT, Role.SUPERVISOR)
    bob.get("/agent")
    assert write(bob, talk, notes="x").status_code == 404
    assert bob.get(f"/agent/talks/{talk}").status_code == 404
    assert f'data-talk="{talk}"' in ada.get(f"/agent/talks/{talk}").text


def test_buttons_need_the_pages_token(house: House, ada: Browser, offer: Offer) -> None:
    """A page of another site cannot take calls or write notes."""
    assert ada.post(f"/agent/offers/{offer.id}/accept", token="made-up").status_code == 400
    assert ada.send("/agent/token", None, token="made-up").status_code == 400
    taken = house.records.offers.get(offer.id)
    assert taken is not None
    assert taken.agent is None


def test_a_page_gets_a_token_for_its_connection(house: House, ada: Browser) -> None:
    """Bound to the user, and the address of an audio server."""
    answer = ada.send("/agent/token", None)
    assert answer.json is not None
    assert answer.json["url"] == "wss://media1.example/desk"
    assert house.records.desk.redeem_token(answer.json["token"]) == "ada"


def test_a_loopback_server_is_on_the_pages_host(house: House, ada: Browser) -> None:
    """Whoever opens the page under another name of this machine reaches the socket under that name too."""
    house.has_room(url="ws://127.0.0.1:3001")
    answer = ada.send("/agent/token", None)
    assert answer.json is not None
    assert answer.json["url"] == "ws://bot.example:3001/desk"


def test_the_queue_shows_who_waits_and_who_is_there(house: House, offer: Offer) -> None:
    """For supervisors; agents are refused."""
    boss = person(house, "grace", Role.SUPERVISOR)
    house.records.users.add("ada", "correct horse battery", [Role.AGENT], ["desk"])
    house.records.desk.seen("media1", ["ada"])
    page = boss.get("/agent/queue").text
    for fact in (CALLER, "asked for a person", "refunds", "ringing", "ada", "free"):
        assert fact in page, fact
    house.records.offers.claim(offer.id, "ada")
    house.records.wrap_ups.begin(CALL, "ada", 60)
    page = boss.get("/agent/queue").text
    assert "taken by" in page
    assert "with a caller" in page
    assert person(house, "bob", Role.AGENT).get("/agent/queue").status_code == 403


def test_a_part_of_a_page_leads_to_the_sign_in_page(house: House, offer: Offer) -> None:
    """A button pressed after the session ended moves the whole page there."""
    headers = {"HX-Request": "true", "Accept": "text/html"}
    answer = house.client.get("/agent/talks/1", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_hostile_words_stay_words(house: House, ada: Browser) -> None:
    """On the card, in the talk and in the queue."""
    evil = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
    house.records.start(CALL, evil, evil, "jambonz", "echo", "media1")
    offer = house.records.offers.offer(CALL, ["desk"], evil, evil)
    take(ada, offer)
    write(ada, 1, notes="</textarea>" + evil)
    boss = person(house, "grace", Role.SUPERVISOR)
    for page in (ada.get("/agent"), boss.get("/agent/queue"), ada.get(f"/agent/calls/{CALL}")):
        assert "<img" not in page.text
        assert "<script>" not in page.text
        assert "&lt;img" in page.text


def test_redis_away_leaves_the_desk_standing(house: House, ada: Browser, offer: Offer) -> None:
    """Calls on offer are in the database; what only the session knows is left out."""
    house.sessions.broken = True
    assert CALLER in ada.get("/agent").text
    assert take(ada, offer)


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_a_number_no_row_can_have_is_nothing(ada: Browser, offer: Offer, number: int) -> None:
    """Databases refuse it; the reader gets the same answer as for any other that is not there."""
    talk = take(ada, offer)
    assert ada.get(f"/agent/talks/{number}").status_code == 404
    assert ada.post(f"/agent/offers/{number}/accept").status_code == 404
    assert ada.post(f"/ops/deliveries/{number}/retry").status_code == 404
    assert write(ada, talk, version=number).status_code == 400
