"""What is pushed to open pages, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tests.database import opened
from voicebot.call.record import Disposition, EndEntry, Speaker, TurnEntry
from voicebot.crm.callers import Callers
from voicebot.crm.hubspot_http import Api
from voicebot.crm.hubspot_people import HubSpotPeople
from voicebot.errors import StoreError
from voicebot.people import Match, People
from voicebot.roles import Role
from voicebot.runtime.socket import GatewayConnection
from voicebot.store import MemorySessions, OfferState, Records
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault
from voicebot.web.desk import live
from voicebot.web.desk.live import LivePages

SOON = 10.0
"""Seconds within which everything asked for here must come."""


class Tab:
    """A page in a browser: what it shows by element id, and what else it was told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.shown: dict[str, str] = {}
        self.told: dict[str, Any] = {}

    async def until(self, fits: Callable[[Tab], bool], what: str) -> None:
        """Returns once the page is as wanted; fails after a while."""
        try:
            async with asyncio.timeout(SOON):
                while not fits(self):
                    message = json.loads(await self.connection.recv())
                    assert set(message) == {"now", "set", "rest"}
                    self.shown |= message["set"]
                    self.told |= message["rest"]
        except TimeoutError:
            raise AssertionError(f"not within {SOON} s: {what}; shown: {self.shown}") from None

    async def sees(self, text: str, part: str = "offers") -> None:
        """Returns once `text` is in the part."""
        await self.until(lambda tab: text in tab.shown.get(part, ""), f"{text} in {part}")

    async def closed(self) -> int:
        """The code with which the server ends the connection."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(SOON):
                while True:
                    await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code


class Floor:
    """Live pages on a free port, over records in a file; `ada` and `bob` are agents, `grace` their supervisor."""

    def __init__(self, pages: LivePages, records: Records, port: int) -> None:
        self.pages = pages
        self.records = records
        self._url = f"ws://127.0.0.1:{port}/desk"

    @contextlib.asynccontextmanager
    async def tab(self, name: str, view: str = "desk") -> AsyncIterator[Tab]:
        """A page of `name`, connected with a fresh token."""
        token = await asyncio.to_thread(self.records.desk.issue_token, name)
        async with self.raw({"token": token, "view": view}) as tab:
            yield tab

    @contextlib.asynccontextmanager
    async def raw(self, first: Any) -> AsyncIterator[Tab]:
        """A page that says `first`."""
        async with connect(self._url, compression=None) as connection:
            # A page that is turned away may not get to say it.
            with contextlib.suppress(ConnectionClosed):
                await connection.send(first if isinstance(first, str | bytes) else json.dumps(first))
            yield Tab(connection)

    @contextlib.asynccontextmanager
    async def silent(self) -> AsyncIterator[ClientConnection]:
        """A connection that says nothing."""
        async with connect(self._url, compression=None) as connection:
            yield connection

    def call(self, call_id: str = "call-1", caller: str = "+15551230001") -> None:
        """A call the bot has handed over."""
        self.records.start(call_id, caller, "+15559870002", "jambonz", "shop", "media1")
        self.say(call_id, "where is my order", 0)
        end = EndEntry(9.0, Disposition.TRANSFERRED, "requested", "order_status", 0.9, {}, "Asked for order 1234.")
        self.records.finish(call_id, end, ())

    def say(self, call_id: str, text: str, number: int) -> None:
        """The caller says something."""
        self.records.add(call_id, TurnEntry(number, Speaker.CALLER, text, number * 4.0, number * 4.0 + 2))


@contextlib.asynccontextmanager
async def floor(folder: Path, ask: HubSpotPeople | None = None) -> AsyncIterator[Floor]:
    """A floor that is closed at the end."""
    records = opened(folder / "calls.db")
    for name, roles, targets in (
        ("ada", [Role.AGENT], ["desk"]),
        ("bob", [Role.AGENT], []),
        ("grace", [Role.SUPERVISOR], []),
    ):
        records.users.add(name, "correct horse battery", roles, targets)
    callers = Callers({"hubspot": ask}, records.outbox.targets, "US") if ask is not None else None
    pages = LivePages(MemorySessions(600, 600), records, "media1", 60.0, callers)
    looking = asyncio.create_task(pages.run())
    try:
        async with serve(
            pages.serve, "127.0.0.1", 0, compression=None, create_connection=GatewayConnection
        ) as server:
            yield Floor(pages, records, next(iter(server.sockets)).getsockname()[1])
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        records.close()


def on_a_floor(test: Callable[[Floor], Any], folder: Path, ask: HubSpotPeople | None = None) -> None:
    """Run `test` on a floor of its own."""

    async def run() -> None:
        async with floor(folder, ask) as made:
            await test(made)

    asyncio.run(run())


def test_an_offer_pops_up_at_the_desks_it_is_for(tmp_path: Path) -> None:
    """At once, with what was said; other targets' agents are not told."""

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada, on.tab("bob") as bob:
            await ada.sees("Nobody is waiting")
            on.call()
            on.records.offers.offer("call-1", ["desk"], "people", "requested")
            await ada.sees("+15551230001")
            assert "where is my order" in ada.shown["offers"]
            on.call("call-2", "+15551230002")
            on.records.offers.offer("call-2", ["billing"], "", "requested")
            await bob.sees("+15551230002")
            await bob.sees("+15551230001")
            assert "+15551230002" not in ada.shown["offers"]

    on_a_floor(test, tmp_path)


def test_two_desks_agree_on_whose_call_it_is(tmp_path: Path) -> None:
    """The other sees who took it; when it is given back or the caller leaves, both see that."""

    async def test(on: Floor) -> None:
        on.call()
        offer = on.records.offers.offer("call-1", ["desk"], "", "requested")
        async with on.tab("ada") as ada, on.tab("bob") as bob:
            await ada.sees("Take the call")
            await bob.sees("Take the call")
            assert on.records.offers.claim(offer.id, "bob")
            await ada.sees("Taken by")
            await bob.sees("You took this call")
            assert on.records.offers.release(offer.id, "bob")
            await ada.sees("Take the call")
            on.records.offers.settle(offer.id, OfferState.ABANDONED)
            await ada.sees("Nobody is waiting")
            await bob.sees("Nobody is waiting")

    on_a_floor(test, tmp_path)


def test_the_transcript_grows_while_the_agent_looks(tmp_path: Path) -> None:
    """Turn by turn, and how the call stands."""

    async def test(on: Floor) -> None:
        on.call()
        offer = on.records.offers.offer("call-1", ["desk"], "", "requested")
        on.records.offers.claim(offer.id, "ada")
        talk = on.records.wrap_ups.begin("call-1", "ada", 60.0)
        async with on.tab("ada") as ada:
            await ada.sees("Pick up your phone", f"facts-{talk.id}")
            assert ada.told["talks"] == [talk.id]
            on.say("call-1", "it is still not here", 1)
            await ada.sees("it is still not here", f"transcript-{talk.id}")
            on.records.offers.settle(offer.id, OfferState.ACCEPTED, "desk")
            await ada.sees("You have the caller", f"facts-{talk.id}")
            on.records.completed("call-1", ())
            await ada.sees("The call is over", f"facts-{talk.id}")
            on.records.wrap_ups.save("call-1", "ada", 0, "done", None, 60.0, finish=True)
            await ada.until(lambda tab: tab.told["talks"] == [], "no talk is left")

    on_a_floor(test, tmp_path)


@pytest.mark.parametrize("answers", [True, False])
def test_who_calls_without_the_bot_is_looked_up_while_it_rings(tmp_path: Path, answers: bool) -> None:
    """Everybody with the number, with a link; a CRM that fails or is slow holds up no card."""
    with FakeHubSpot() as hubspot:
        for name in ("Ada", "Augusta"):
            hubspot.account.add_contact(phone="+14155552671", firstname=name)
        if not answers:
            hubspot.fail(Fault.BROKEN, Operation.SEARCH_CONTACTS)
        api = Api(hubspot.url, SecretStr(TOKEN), "2026-03")
        people = HubSpotPeople(api, "US", "https://crm.example/{id}", {})

        async def test(on: Floor) -> None:
            on.records.start("call-1", "+14155552671", "+15559870002", "jambonz", "shop", "media1")
            offer = on.records.offers.offer("call-1", ["desk"], "rescue", "failure")
            async with on.tab("ada") as ada:
                await ada.sees("+14155552671")
                if answers:
                    await ada.sees("Augusta")
                    assert ada.shown["offers"].count('href="https://crm.example/') == 2
                on.records.offers.claim(offer.id, "ada")
                await ada.sees("You took this call")

        on_a_floor(test, tmp_path, people)
        assert len(hubspot.asked(Operation.SEARCH_CONTACTS)) == 1


def test_who_calls_shows_as_soon_as_the_bot_knows(tmp_path: Path) -> None:
    """Name, properties and link, escaped; of five hundred the first, and how many more there are."""

    async def test(on: Floor) -> None:
        on.call()
        on.records.offers.offer("call-1", ["desk"], "", "requested")
        async with on.tab("ada") as ada:
            await ada.sees("+15551230001")
            match = Match("hubspot", "<i>Ada</i> Byron", "https://crm.example/7", {"tier": "gold"})
            on.records.callers.put("call-1", People((match,), 500))
            await ada.sees("&lt;i&gt;Ada&lt;/i&gt; Byron")
            for part in ('href="https://crm.example/7"', "gold", "and 499 more with this number"):
                assert part in ada.shown["offers"]
            assert "<i>Ada" not in ada.shown["offers"]

    on_a_floor(test, tmp_path)


def test_a_call_taken_by_telephone_appears_at_the_desk(tmp_path: Path) -> None:
    """Who called the queue's service number finds the call and a place for notes without a click."""

    async def test(on: Floor) -> None:
        on.call()
        offer = on.records.offers.offer("call-1", ["desk"], "", "requested", OfferState.WAITING)
        async with on.tab("ada") as ada:
            await ada.sees("in the queue for desk")
            on.records.offers.claim(offer.id, "ada")
            on.records.offers.settle(offer.id, OfferState.ACCEPTED, "desk")
            await ada.until(lambda tab: len(tab.told["talks"]) == 1, "the call is on the desk")
            await ada.sees("You have the caller", f"facts-{ada.told['talks'][0]}")

    on_a_floor(test, tmp_path)


def test_a_page_that_comes_back_gets_everything_again(tmp_path: Path) -> None:
    """Whatever happened in between."""

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada:
            await ada.sees("Nobody is waiting")
        on.call()
        on.records.offers.offer("call-1", ["desk"], "", "requested")
        async with on.tab("ada") as ada:
            await ada.sees("+15551230001")

    on_a_floor(test, tmp_path)


def test_presence_follows_the_open_desks(tmp_path: Path) -> None:
    """A laptop that is closed while it rings is off the list; the call rings on at the others."""

    async def test(on: Floor) -> None:
        on.call()
        offer = on.records.offers.offer("call-1", ["desk"], "", "requested")
        async with on.tab("grace", "queue") as queue, on.tab("bob") as bob:
            async with on.tab("ada") as ada:
                await ada.sees("Take the call")
                await queue.sees("ada", "queue")
                ada.connection.transport.abort()
            await queue.until(lambda tab: ">ada<" not in tab.shown["queue"], "ada is gone")
            assert [person.name for person in on.records.desk.present()] == ["bob"]
            await bob.sees("Take the call")
            waiting = on.records.offers.get(offer.id)
            assert waiting is not None
            assert waiting.state is OfferState.RINGING

    on_a_floor(test, tmp_path)


def test_a_call_page_follows_its_call(tmp_path: Path) -> None:
    """For who may see it."""

    async def test(on: Floor) -> None:
        on.call()
        async with on.tab("grace", "call:call-1") as page:
            await page.sees("where is my order", "call")
            on.say("call-1", "and the invoice", 1)
            await page.sees("and the invoice", "call")
        async with on.tab("ada", "call:call-1") as foreign:
            assert await foreign.closed() == live.REFUSED

    on_a_floor(test, tmp_path)


@pytest.mark.parametrize(
    "first",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        b"\xff\xfe",
        "[" * 10_000,
        json.dumps({"token": 1, "view": "desk"}),
        json.dumps({"token": "made-up", "view": "desk"}),
        json.dumps({"token": "made-up"}),
    ],
    ids=range(10),
)
def test_nobody_gets_in_without_a_token(tmp_path: Path, first: str | bytes) -> None:
    """Whatever is said instead."""

    async def test(on: Floor) -> None:
        async with on.raw(first) as tab:
            assert await tab.closed() == live.REFUSED
        assert on.pages.count == 0

    on_a_floor(test, tmp_path)


def test_a_token_is_good_once_and_for_what_its_user_may_see(tmp_path: Path) -> None:
    """An agent's token opens no queue, and no token opens two connections."""

    async def test(on: Floor) -> None:
        for name, view in (("ada", "queue"), ("grace", "desk"), ("ada", "call:unknown"), ("ada", "")):
            async with on.tab(name, view) as tab:
                assert await tab.closed() == live.REFUSED, (name, view)
        used = on.records.desk.issue_token("ada")
        async with on.raw({"token": used, "view": "desk"}) as first:
            await first.sees("Nobody is waiting")
            async with on.raw({"token": used, "view": "desk"}) as second:
                assert await second.closed() == live.REFUSED

    on_a_floor(test, tmp_path)


def test_who_is_removed_is_out_at_once(tmp_path: Path) -> None:
    """An open page ends with its user, and with the user's password."""

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada, on.tab("bob") as bob:
            await ada.sees("Nobody is waiting")
            await bob.sees("Nobody is waiting")
            on.records.users.remove("ada")
            on.records.users.set_password("bob", "another password")
            assert await ada.closed() == live.REFUSED
            assert await bob.closed() == live.REFUSED

    on_a_floor(test, tmp_path)


def test_a_database_that_is_away_is_said_and_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown stays, marked as old; news come when it is back."""

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada:
            await ada.sees("Nobody is waiting")
            await ada.until(lambda tab: tab.told.get("stale") is False, "all is well")
            look = on.records.floors.look

            def away(agents: Any) -> Any:
                raise StoreError("the disk is gone")

            monkeypatch.setattr(on.records.floors, "look", away)
            await ada.until(lambda tab: tab.told["stale"] is True, "the trouble is told")
            monkeypatch.setattr(on.records.floors, "look", look)
            await ada.until(lambda tab: tab.told["stale"] is False, "the trouble is over")

    on_a_floor(test, tmp_path)


def test_what_callers_say_arrives_as_text(tmp_path: Path) -> None:
    """Pushed parts are escaped like pages."""

    async def test(on: Floor) -> None:
        evil = "<img src=x onerror=alert(1)>"
        on.call("call-1", evil)
        on.say("call-1", evil, 1)
        on.records.offers.offer("call-1", ["desk"], evil, evil)
        async with on.tab("ada") as ada:
            await ada.sees("&lt;img src=x")
            assert "<img" not in ada.shown["offers"]

    on_a_floor(test, tmp_path)


def test_a_page_too_many_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to come again; those that are there stay."""
    monkeypatch.setattr(live, "MOST_PAGES", 1)

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada:
            await ada.sees("Nobody is waiting")
            async with on.tab("bob") as bob:
                assert await bob.closed() == live.FULL
            assert on.pages.count == 1

    on_a_floor(test, tmp_path)


def test_strangers_who_say_nothing_keep_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many wait at once; one more pushes out the first, and who has a token gets in."""
    monkeypatch.setattr(live, "MOST_STRANGERS", 2)

    async def test(on: Floor) -> None:
        async with contextlib.AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(on.silent()) for _ in range(3)]
            async with asyncio.timeout(live.TOKEN_SECONDS / 2):
                await silent[0].wait_closed()
            async with on.tab("ada") as ada:
                await ada.sees("Nobody is waiting")

    on_a_floor(test, tmp_path)


def test_a_page_comes_again_for_a_new_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that whoever signed out elsewhere is out here after a while."""
    monkeypatch.setattr(live, "LONGEST_SECONDS", 0.2)

    async def test(on: Floor) -> None:
        async with on.tab("ada") as ada:
            assert await ada.closed() == live.AWAY

    on_a_floor(test, tmp_path)
