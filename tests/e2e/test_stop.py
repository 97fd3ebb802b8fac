"""A server of one process that is told to end lets its calls come to theirs."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.server import Installation
from tests.e2e.telephone import AMERICAN, SHE, Finished, Moment, jambonz
from voicebot.testing.caller import HangUp, Interrupt, Say
from voicebot.testing.jambonz_dial import Agent
from voicebot.testing.jambonz_log import CommandTaken, Dialled

pytestmark = pytest.mark.timeout(400)


def test_calls_end_before_the_server_does(installation: Installation) -> None:
    """What comes after the bot's goodbye, or after a transfer, is answered although SIGTERM came before."""
    asyncio.run(_stop_in_calls(installation))


async def _stop_in_calls(server: Installation) -> None:
    process = server.start()
    await server.ready(process)
    first, second = Moment(_talks), Moment(_talks)
    leaving = asyncio.create_task(jambonz(server, Interrupt(0.5, Say("goodbye")), voice=SHE, observer=first))
    agent = Agent(talk=1.0)
    person = Interrupt(0.5, Say("I want to speak to an agent"))
    asking = asyncio.create_task(jambonz(server, person, voice=AMERICAN, observer=second, agent=agent))
    await first.come()
    await second.come()
    process.terminate()
    left: Finished = await leaving
    handed: Finished = await asking
    assert left.log.faults == []
    assert left.log.verbs == ["listen", "hangup"]
    assert handed.log.faults == []
    assert handed.log.verbs == ["listen", "dial", "hangup"]
    (leg,) = handed.log.of(Dialled)
    assert (leg.target["name"], leg.outcome) == ("desk", "answer")
    assert await asyncio.to_thread(process.wait, 20) == 0


def test_without_a_call_the_server_ends_at_once(installation: Installation) -> None:
    """A caller who hung up long ago is not waited for."""
    asyncio.run(_stop_after_calls(installation))


async def _stop_after_calls(server: Installation) -> None:
    process = server.start()
    await server.ready(process)
    call = await jambonz(server, HangUp())
    await server.record(call.call_id)
    process.terminate()
    # Less than it would stay for a caller who is away.
    assert await asyncio.to_thread(process.wait, 25) == 0


def _talks(entry: object) -> bool:
    return isinstance(entry, CommandTaken) and entry.kind == "killAudio"
