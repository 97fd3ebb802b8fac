"""A server that is killed at any moment, and started again on the same data, owes each call exactly one note.

A minute is made to pass by dating back what the database keeps, instead of waiting for it.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.server import Installation, eventually
from tests.e2e.telephone import SHE, Finished, jambonz, notes_of
from voicebot.testing.caller import HangUp, Interrupt, Say, Wait
from voicebot.testing.hubspot import FakeHubSpot, Operation
from voicebot.testing.vendor import Fault

pytestmark = pytest.mark.timeout(400)

LEASE = 61.0
"""Seconds after which a delivery that nobody finished is taken up again, and a little."""


async def _one_note_each(server: Installation, hubspot: FakeHubSpot, calls: list[Finished]) -> None:
    """Every call ends up with one note, and still has one when nothing is left to do."""
    for call in calls:
        await server.record(call.call_id, delivered=True)
    assert [len(notes_of(hubspot, call.call_id)) for call in calls] == [1] * len(calls)


def test_calls_around_a_kill_are_all_kept_once(installation: Installation, hubspot: FakeHubSpot) -> None:
    """Callers hang up from well before to well after the moment the server dies; none is lost, none told twice."""
    asyncio.run(_kill_around_hang_ups(installation, hubspot))


async def _kill_around_hang_ups(server: Installation, hubspot: FakeHubSpot) -> None:
    ringing: list[asyncio.Task[Finished]] = []
    for round_ in range(3):
        async with server.running() as process:
            # In steps of 30 ms, so that there is one in every stage from a living call to a written note.
            calls = [jambonz(server, Wait(1.0 + 0.03 * number), HangUp()) for number in range(12)]
            new = [asyncio.create_task(call) for call in calls]
            await asyncio.wait(new, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0.07 * round_)
            process.kill()
            server.time_passes(LEASE)
        ringing += new
    async with server.running():
        finished = await asyncio.gather(*ringing)
        await _one_note_each(server, hubspot, finished)
        reasons = [(await server.record(call.call_id))["reason"] for call in finished]
    assert "process died" in reasons, "no call was cut off by a kill"
    assert "hung up" in reasons, "every call was cut off by a kill"


@pytest.mark.parametrize("operation", [Operation.CREATE_NOTE, Operation.SEARCH_CONTACTS])
def test_a_kill_in_the_middle_of_a_delivery_leaves_one_note(
    installation: Installation, hubspot: FakeHubSpot, operation: Operation
) -> None:
    """Killed after HubSpot wrote the note and before it answered, or before the write: it is there once."""
    asyncio.run(_kill_in_delivery(installation, hubspot, operation))


async def _kill_in_delivery(server: Installation, hubspot: FakeHubSpot, operation: Operation) -> None:
    async with server.running() as process:
        # Who calls is searched for as well, when the call begins: that hangs too, and is nobody's business.
        searches = 1 if operation is Operation.SEARCH_CONTACTS else 0
        asked = len(hubspot.asked(operation)) + searches
        hubspot.fail(Fault.HANG, operation, times=1 + searches)
        hours = Interrupt(0.5, Say("what are your opening hours"))
        call = await jambonz(server, hours, Wait(1.0), HangUp(), voice=SHE)
        await eventually(lambda: len(hubspot.asked(operation)) > asked, 60, f"HubSpot is asked: {operation.value}")
        process.kill()
    written = operation is Operation.CREATE_NOTE
    assert len(notes_of(hubspot, call.call_id)) == (1 if written else 0)
    server.time_passes(LEASE)
    async with server.running():
        await _one_note_each(server, hubspot, [call])
        record = await server.record(call.call_id)
    assert [each["attempts"] for each in record["deliveries"]] == [2]
    (note,) = notes_of(hubspot, call.call_id)
    assert "<b>Intent:</b> opening_hours" in note.properties["hs_note_body"]


def test_an_answer_that_is_lost_does_not_make_a_second_note(
    installation: Installation, hubspot: FakeHubSpot
) -> None:
    """HubSpot writes the note and the connection breaks; the server tries again later and finds it."""
    asyncio.run(_lose_the_answer(installation, hubspot))


async def _lose_the_answer(server: Installation, hubspot: FakeHubSpot) -> None:
    async with server.running():
        hubspot.fail(Fault.LOST, Operation.CREATE_NOTE)
        call = await jambonz(server, Wait(1.0), HangUp())

        def doubtful() -> bool:
            answer = server.page(call.call_id)
            return answer.status_code == 200 and any(each["error"] for each in answer.json()["deliveries"])

        await eventually(doubtful, 60, "the first attempt has failed")
        server.time_passes(LEASE)
        await _one_note_each(server, hubspot, [call])
