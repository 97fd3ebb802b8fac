"""A person at the desk, in a real browser, while a real server holds a simulated call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.chromium import WIDE, Pictures, chromium, needs_chromium
from tests.e2e.server import PASSWORD, Installation, eventually
from tests.e2e.telephone import CALLER, Finished, jambonz, notes_of
from voicebot.testing.caller import HangUp, Interrupt, Listen, Say
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.jambonz_dial import Agent, Outcome

pytestmark = [pytest.mark.timeout(400), needs_chromium]

SOON = 15_000
"""Milliseconds within which a page shows what it should."""


async def sign_in(context: BrowserContext, server: Installation, path: str = "/agent") -> Page:
    """A page of the first user, live."""
    page = await context.new_page()
    page.set_default_timeout(SOON)
    await page.goto(server.http + path)
    if page.url.endswith("/sign-in") or "/sign-in?" in page.url:
        await page.get_by_label("Name").fill("agent")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#link")).to_have_text("Live", timeout=SOON)
    return page


@asynccontextmanager
async def strict(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser window whose scripts must not fail, nor break the pages' security policy."""
    context = await browser.new_context(viewport={"width": WIDE["width"], "height": WIDE["height"]})
    wrong: list[str] = []
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield context
    assert wrong == []
    await context.close()


def test_a_call_is_taken_written_about_and_found_in_the_crm(
    installation: Installation, hubspot: FakeHubSpot
) -> None:
    """Sign in, see the call come, take it with a key, read along, write, finish: the note has it all."""
    asyncio.run(_take_a_call(installation, hubspot))


async def _take_a_call(server: Installation, hubspot: FakeHubSpot) -> None:
    pictures = Pictures("desk")
    async with server.running(), chromium() as browser, strict(browser) as ours, strict(browser) as theirs:
        desk = await sign_in(ours, server)
        await expect(desk.get_by_text("Nobody is waiting")).to_be_visible()
        await pictures.take(desk, "empty")
        other = await sign_in(theirs, server)
        queue = await sign_in(theirs, server, "/agent/queue")
        calling = asyncio.create_task(_call(server))

        card = desk.locator(".offer")
        await expect(card).to_be_visible(timeout=60_000)
        for fact in (CALLER, "asked for a person", "Order", "4529"):
            await expect(card).to_contain_text(fact)
        await expect(card.locator(".matches")).to_contain_text("Ada")
        await expect(queue.locator("#queue")).to_contain_text(CALLER)
        await expect(other.locator(".offer")).to_contain_text(CALLER)
        await expect(desk).to_have_title(re.compile(r"^\(1\) Desk"))
        await pictures.take(desk, "offered")
        await pictures.take(queue, "queue")

        await desk.keyboard.press("a")
        talk = desk.locator("[data-talk]")
        await expect(talk).to_be_visible()
        await expect(talk.locator(".transcript")).to_contain_text(re.compile("speak to an agent", re.IGNORECASE))
        notes = talk.get_by_label("Your notes")
        await expect(notes).to_be_focused()
        await expect(other.locator("[data-talk]")).to_be_visible()
        await notes.fill("Parcel is with the neighbour.")
        await expect(talk.locator(".saved")).to_contain_text("Saved")
        await _write_in_two_windows(talk, other.locator("[data-talk]"))
        await expect(talk.locator(".state")).to_have_text("You have the caller", timeout=30_000)
        await pictures.take(desk, "talking")

        finished = await calling
        await expect(talk.locator(".state")).to_have_text("The call is over")
        assert notes_of(hubspot, finished.call_id) == [], "the note waits for the agent"
        await talk.get_by_label("How it ended").select_option("resolved")
        await notes.press("Control+Enter")
        await expect(talk).to_have_count(0)
        await expect(other.locator("[data-talk]")).to_have_count(0)
        record = await server.record(finished.call_id, delivered=True)
        assert [written["notes"] for written in record["wrap_ups"]] == ["Parcel is with the neighbour."]
        (note,) = notes_of(hubspot, finished.call_id)
        body = note.properties["hs_note_body"]
        assert "Parcel is with the neighbour." in body
        assert "resolved" in body.lower()

        page = await sign_in(ours, server, f"/agent/calls/{finished.call_id}")
        await expect(page.locator("#call")).to_contain_text("Parcel is with the neighbour.")
        await pictures.take(page, "call")
        await page.goto(f"{server.http}/agent/calls")
        await pictures.take(page, "calls")


async def _write_in_two_windows(one: Locator, other: Locator) -> None:
    """The second to save is asked which text to keep, and loses neither before."""
    await other.get_by_label("Your notes").fill("Something else.")
    alert = other.get_by_role("alert")
    await expect(alert).to_contain_text("Parcel is with the neighbour.")
    await alert.get_by_role("button", name="Take the other").click()
    await expect(other.get_by_label("Your notes")).to_have_value("Parcel is with the neighbour.")
    await expect(other.locator(".saved")).to_contain_text("Saved")
    await expect(one.get_by_label("Your notes")).to_have_value("Parcel is with the neighbour.")


async def _call(server: Installation) -> Finished:
    return await jambonz(
        server,
        Interrupt(0.5, Say("where is my order four five two nine")),
        Interrupt(0.5, Say("I want to speak to an agent")),
        Listen(),
        HangUp(),
        agent=Agent(Outcome.ANSWER, after=4.0, talk=8.0),
    )


def test_a_desk_survives_a_restart_of_the_server(installation: Installation) -> None:
    """It says that it reconnects, keeps what was typed, and is live again by itself."""
    asyncio.run(_restart(installation))


async def _restart(server: Installation) -> None:
    pictures = Pictures("desk")
    async with chromium() as browser, strict(browser) as context:
        async with server.running():
            desk = await sign_in(context, server)
        await expect(desk.locator("#link")).to_have_text("Reconnecting …", timeout=SOON)
        await pictures.take(desk, "reconnecting")
        async with server.running():
            await expect(desk.locator("#link")).to_have_text("Live", timeout=60_000)
            # Signing out in one window ends the others.
            second = await sign_in(context, server)
            await second.get_by_role("button", name="Sign out").click()
            await second.wait_for_url("**/sign-in")
            await desk.wait_for_url("**/sign-in**")
            await pictures.take(second, "sign-in")


def test_the_queue_empties_when_the_caller_leaves(installation: Installation) -> None:
    """A caller who gives up while it rings is gone from the desk, which says so to who took the call."""
    asyncio.run(_give_up(installation))


async def _give_up(server: Installation) -> None:
    async with server.running(), chromium() as browser, strict(browser) as context:
        desk = await sign_in(context, server)
        calling = asyncio.create_task(
            jambonz(
                server,
                Interrupt(0.5, Say("I want to speak to an agent")),
                Listen(),
                HangUp(),
                agent=Agent(Outcome.NO_ANSWER, caller_leaves=3.0),
            )
        )
        await desk.locator(".offer .accept").click(timeout=60_000)
        await expect(desk.locator("[data-talk] .state")).to_have_text("The caller is gone", timeout=SOON)
        await expect(desk.get_by_text("Nobody is waiting")).to_be_visible()
        finished = await calling

        def over() -> bool:
            return bool(server.page(finished.call_id).json()["ended_at"])

        await eventually(over, 15.0, "the call is over")
