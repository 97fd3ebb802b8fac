"""The list of calls, and the page of one."""

from __future__ import annotations

import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.web.house import CALL, CALLED, CALLER, House
from voicebot.call.record import Disposition, EndEntry, Speaker, TransferOutcome, TroubleEntry, TurnEntry
from voicebot.roles import Role
from voicebot.store.offers import OfferState

LOGIN = {"Authorization": "Basic " + b64encode(b"agent:open sesame").decode()}
EVIL = '<script>alert("x")</script><img src=x onerror=y>'


class Page(HTMLParser):
    """The text of a page and the tags it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.scripts: list[str | None] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def look(house: House, path: str, **headers: str) -> Page:
    answer = house.client.get(path, headers={**LOGIN, "Accept": "text/html", **headers})
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/html"
    return Page(answer.text)


def document(house: House, path: str) -> dict[str, Any]:
    answer = house.client.get(path, headers={**LOGIN, "Accept": "application/json"})
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    return answer.json


def conversation(house: House, words: str = "where is my order") -> None:
    """Two turns of a live call."""
    house.hook("/voice")
    house.bot_spoke()
    house.records.add(CALL, TurnEntry(0, Speaker.BOT, "Hello, I am the assistant.", 0.2, 2.0, interrupted=True))
    house.records.add(
        CALL,
        TurnEntry(
            1,
            Speaker.CALLER,
            words,
            62.0,
            65.5,
            keys="12#",
            intent="order_status",
            confidence=0.87,
            slots={"order": "1234"},
        ),
    )


@pytest.fixture
def handed_over(house: House) -> House:
    """A call that was transferred and answered."""
    conversation(house)
    end = EndEntry(
        70.0,
        Disposition.TRANSFERRED,
        "requested",
        "order_status",
        0.87,
        {"order": "1234"},
        "Asked about order 1234.",
    )
    house.records.finish(CALL, end, ("hubspot",))
    house.bot_plans()
    house.records.transferred(CALL, "reception", TransferOutcome.BUSY, 486)
    return house


def test_the_page_tells_who_why_and_what_was_said(handed_over: House) -> None:
    """Before the first hello: phone, wish, certainty, summary, words with speakers and times."""
    text = look(handed_over, f"/agent/calls/{CALL}").text
    for fact in (
        CALLER,
        CALLED,
        "Order status",
        "87 % sure",
        "Order 1234",
        "Asked about order 1234.",
        "asked for a person",
        "Bot 0:00 Hello, I am the assistant.",
        "interrupted",
        "Caller 1:02 where is my order 12#",
        "reception: busy (SIP 486)",
        "HubSpot: waiting",
    ):
        assert fact in text, fact


def test_the_link_in_the_sip_header_leads_to_the_page(handed_over: House) -> None:
    """The opaque id shows the same call as the call's own."""
    session = handed_over.sessions.get(CALL)
    assert session is not None
    assert document(handed_over, f"/agent/calls/{session.context_id}")["call_id"] == CALL


def test_the_link_is_for_one_agent(handed_over: House) -> None:
    """The first agent who opens it sees the call again and again; a colleague reads why they do not."""
    session = handed_over.sessions.get(CALL)
    assert session is not None
    users, address = handed_over.records.users, f"/agent/calls/{session.context_id}"
    opened = []
    for name in ("ada", "bob", "ada"):
        if users.get(name) is None:
            users.add(name, "correct horse battery", [Role.AGENT], ["nowhere"])
        login = {"Authorization": "Basic " + b64encode(f"{name}:correct horse battery".encode()).decode()}
        answer = handed_over.client.get(address, headers={**login, "Accept": "text/html"})
        opened.append((answer.status_code, "A colleague has opened this call" in Page(answer.text).text))
    assert opened == [(200, False), (409, True), (200, False)]


def test_an_offer_is_on_the_page_with_its_rule(handed_over: House) -> None:
    """Who was asked, by which rule, and what became of it."""
    offer = handed_over.records.offers.offer(CALL, ("reception", "desk"), "vip_customers", "requested")
    handed_over.records.offers.settle(offer.id, OfferState.ACCEPTED, "desk")
    assert "Rule “vip_customers” chose reception, desk: accepted" in look(handed_over, f"/agent/calls/{CALL}").text
    offered = document(handed_over, f"/agent/calls/{CALL}")["offers"][-1]
    assert (offered["targets"], offered["rule"], offered["target"]) == (
        ["reception", "desk"],
        "vip_customers",
        "desk",
    )


def test_the_json_document_has_everything_the_page_has(handed_over: House) -> None:
    """One document with a version, for desktops that show it their own way."""
    found = document(handed_over, f"/agent/calls/{CALL}")
    assert found["version"] == 1
    assert (found["from"], found["to"], found["live"]) == (CALLER, CALLED, False)
    assert (found["intent"], found["confidence"], found["slots"]) == ("order_status", 0.87, {"order": "1234"})
    assert found["summary"] == "Asked about order 1234."
    assert found["whisper"] == "Caller about order 1234."
    assert [(said["t"], said["who"], said["text"]) for said in found["transcript"]] == [
        (0.2, "bot", "Hello, I am the assistant."),
        (62.0, "caller", "where is my order"),
    ]
    assert [transfer["outcome"] for transfer in found["transfers"]] == ["busy"]
    assert [delivery["state"] for delivery in found["deliveries"]] == ["pending"]


def test_json_can_be_asked_for_in_the_address(handed_over: House) -> None:
    """For whoever cannot set a header."""
    answer = handed_over.client.get(f"/agent/calls/{CALL}?format=json", headers={**LOGIN, "Accept": "text/html"})
    assert answer.mimetype == "application/json"


def test_a_live_call_tells_what_is_known_so_far(house: House) -> None:
    """Intent and slots come from the turns until the record is complete."""
    conversation(house)
    assert "Order status" in look(house, f"/agent/calls/{CALL}").text
    found = document(house, f"/agent/calls/{CALL}")
    assert (found["live"], found["intent"], found["slots"]) == (True, "order_status", {"order": "1234"})


def test_a_call_not_yet_on_record_is_shown(house: House) -> None:
    """Between the webhook and the first word there is a number already."""
    house.hook("/voice")
    assert CALLER in look(house, f"/agent/calls/{CALL}").text


def test_words_of_the_caller_are_text_and_nothing_else(house: House) -> None:
    """Whatever is said or sent as a number is escaped."""
    house.hook("/voice", from_=EVIL)
    house.records.start(CALL, EVIL, EVIL, "jambonz", "echo", "media1")
    house.records.add(
        CALL,
        TurnEntry(0, Speaker.CALLER, EVIL, 0.0, 1.0, keys=EVIL, intent=EVIL, confidence=0.5, slots={EVIL: EVIL}),
    )
    house.records.add(CALL, TroubleEntry(1.0, EVIL, EVIL))
    house.records.finish(CALL, EndEntry(1.0, Disposition.FAILED, EVIL, EVIL, 0.5, {EVIL: EVIL}, EVIL), ())
    for path in (f"/agent/calls/{CALL}", "/agent/calls"):
        page = look(house, path)
        assert "img" not in page.tags
        assert all(source and source.startswith("/static/") for source in page.scripts)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert EVIL in page.text


def test_a_hidden_number_is_called_unknown(house: House) -> None:
    """An empty heading would look broken."""
    house.records.start(CALL, "", "", "jambonz", "echo", "media1")
    assert "Unknown number" in look(house, f"/agent/calls/{CALL}").text
    assert "Unknown number" in look(house, "/agent/calls").text


def test_what_failed_is_shown(house: House) -> None:
    """The agent may have to explain it."""
    house.bot_spoke()
    house.records.add(CALL, TroubleEntry(3.0, "lookup", "timed out"))
    assert "lookup: timed out" in look(house, f"/agent/calls/{CALL}").text


def test_the_list_shows_the_latest_calls_with_links(handed_over: House) -> None:
    """Newest first; each leads to its page."""
    page = look(handed_over, "/agent/calls")
    assert ("href", f"/agent/calls/{CALL}") in page.attributes
    assert CALLER in page.text
    assert "transferred" in page.text
    assert document(handed_over, "/agent/calls")["calls"][0]["summary"] == "Asked about order 1234."


def test_an_empty_list_says_so(house: House) -> None:
    """The first thing a new installation shows."""
    assert "No call yet" in look(house, "/agent/calls").text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_an_unknown_or_expired_id_is_not_found(house: House, accept: str) -> None:
    """404 in the reader's own form."""
    answer = house.client.get("/agent/calls/f00", headers={**LOGIN, "Accept": accept})
    assert (answer.status_code, answer.mimetype) == (404, accept)
    assert "expired" in answer.text


def test_an_unreachable_store_is_said(house: House) -> None:
    """503 as a page, not a crash."""
    house.sessions.broken = True
    answer = house.client.get(f"/agent/calls/{CALL}", headers={**LOGIN, "Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "try again" in answer.text


def test_pages_load_nothing_from_elsewhere_and_stay_out_of_caches(handed_over: House) -> None:
    """Personal data is neither kept by proxies nor told to other hosts."""
    answer = handed_over.client.get(f"/agent/calls/{CALL}", headers=LOGIN)
    assert answer.headers["Cache-Control"] == "no-store"
    page = Page(answer.text)
    addresses = [value or "" for name, value in page.attributes if name in ("href", "src")]
    assert addresses
    assert all(address.startswith(("/", "#")) for address in addresses)
    assert not [name for name, _ in page.attributes if name == "style"]
    for address in addresses:
        if address.startswith("/static/"):
            with handed_over.client.get(address) as file:
                assert file.status_code == 200


def test_a_recording_can_be_listened_to(house: House) -> None:
    """The page of an ended call offers its recording, the browser may jump about in it, others do not get it."""
    conversation(house)
    house.records.keeping.recording(CALL, "2026-11-20/a")
    house.records.keeping.recorded("2026-11-20/a", 2.0)
    (kept,) = house.records.keeping.recordings_of(CALL)
    address = f"/agent/calls/{CALL}/recordings/{kept.id}"
    assert "audio" not in look(house, f"/agent/calls/{CALL}").tags
    house.records.finish(CALL, EndEntry(4.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, ""), [])
    assert ("src", address) in look(house, f"/agent/calls/{CALL}").attributes
    assert house.client.get(address, headers=LOGIN).status_code == 404
    file = house.settings.recordings_dir / "2026-11-20" / "a.flac"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"fLaC and then some")
    with house.client.get(address, headers=LOGIN) as whole:
        assert (whole.status_code, whole.data) == (200, b"fLaC and then some")
    with house.client.get(address, headers={**LOGIN, "Range": "bytes=0-3"}) as part:
        assert (part.status_code, part.data) == (206, b"fLaC")
    assert house.client.get(address).status_code == 303


def test_a_recording_of_another_call_is_not_found(house: House) -> None:
    """The number alone opens nothing: the call's page has to be open to whoever asks."""
    conversation(house)
    house.records.keeping.recording(CALL, "2026-11-20/a")
    (kept,) = house.records.keeping.recordings_of(CALL)
    assert house.client.get(f"/agent/calls/other/recordings/{kept.id}", headers=LOGIN).status_code == 404
