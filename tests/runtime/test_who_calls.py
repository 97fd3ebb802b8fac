"""Who calls is asked at a CRM while the caller is greeted, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.runtime.house import House, calling, house, until
from voicebot.crm.hubspot_http import Api
from voicebot.crm.hubspot_people import HubSpotPeople
from voicebot.dialog.types import Comeback, Transfer
from voicebot.people import People
from voicebot.store.sessions import Session
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.vendor import Fault

CALLER = "+14155552671"
SOON = 10.0


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    """An account that knows the caller."""
    with FakeHubSpot() as running:
        running.account.add_contact(phone=CALLER, firstname="Ada", lastname="Byron")
        yield running


def finders(hubspot: FakeHubSpot) -> dict[str, HubSpotPeople]:
    """Who asks there."""
    api = Api(hubspot.url, SecretStr(TOKEN), "2026-03", (1.0, 2.0))
    return {"hubspot": HubSpotPeople(api, "US", "https://crm.example/{id}", {})}


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


async def kept(running: House) -> People:
    """What is kept of the caller, as soon as it is."""
    async with asyncio.timeout(SOON):
        while True:
            found = await asyncio.to_thread(running.services.records.callers.get, "call-1")
            if found is not None:
                return found
            await asyncio.sleep(0.01)


def known(running: House, caller: str = CALLER, comeback: Comeback | None = None) -> None:
    """The call's session, as `/voice` opens it."""
    running.sessions.open(Session("call-1", caller, "+15550000000", time.time(), "jambonz", comeback))


def test_the_caller_is_known_to_the_dialog_and_the_desk(tmp_path: Path, hubspot: FakeHubSpot) -> None:
    """The record has who it is, and the agent hears the name."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["reception"])
        async with house(tmp_path, recognizer=recognizer, finders=finders(hubspot)) as running:
            known(running)
            async with calling(running) as caller:
                found = await kept(running)
                assert [match.name for match in found.matches] == ["Ada Byron"]
                await until(caller.audible)
                await asyncio.sleep(0.6)
                await caller.speak()
                await until(caller.disconnected)
            session = running.sessions.get("call-1")
            assert session is not None
            assert isinstance(session.plan, Transfer)
            assert "Ada Byron said" in session.plan.whisper
            view = running.services.records.call("call-1")
            assert view is not None
            assert view.people == found

    run(scenario())


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.BROKEN, Fault.GARBAGE])
def test_a_crm_in_trouble_is_none_of_the_callers(tmp_path: Path, hubspot: FakeHubSpot, fault: Fault) -> None:
    """The greeting does not wait for it, and that it said nothing is kept."""

    async def scenario() -> None:
        hubspot.fail(fault, Operation.SEARCH_CONTACTS)
        async with house(tmp_path, finders=finders(hubspot)) as running:
            known(running)
            async with calling(running) as caller:
                await until(caller.audible)
                if fault is Fault.HANG:
                    assert running.services.records.callers.get("call-1") is None
                assert await kept(running) == People(complete=False)

    run(scenario())


def test_a_caller_who_is_back_is_not_asked_about_again(tmp_path: Path, hubspot: FakeHubSpot) -> None:
    """What is kept is enough, once a call."""

    async def scenario() -> None:
        async with house(tmp_path, finders=finders(hubspot)) as running:
            known(running)
            async with calling(running):
                await kept(running)
            session = running.sessions.get("call-1")
            assert session is not None
            running.sessions.close("call-1")
            known(running, comeback=Comeback.BUSY)
            async with calling(running) as caller:
                await until(caller.audible)
                await asyncio.sleep(0.3)
            assert len(hubspot.asked(Operation.SEARCH_CONTACTS)) == 1

    run(scenario())


def test_who_hides_the_number_is_nobody_in_particular(tmp_path: Path, hubspot: FakeHubSpot) -> None:
    """Nobody is asked, and nothing is said of them."""

    async def scenario() -> None:
        async with house(tmp_path, finders=finders(hubspot)) as running:
            known(running, caller="anonymous")
            async with calling(running):
                assert (await kept(running)).customer() == {}
        assert hubspot.requests == []

    run(scenario())
