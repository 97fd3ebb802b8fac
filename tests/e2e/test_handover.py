"""Calls that go to people: taken, declined, unanswered, queued; what callers hear and what the CRM reads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e import conftest
from tests.e2e.server import Installation, hubspot_settings
from tests.e2e.telephone import CALLER, SHE, Finished, jambonz, notes_of, said
from voicebot.testing.caller import HangUp, Interrupt, Listen, Press, Say, Step
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.jambonz_dial import Agent, Outcome
from voicebot.testing.jambonz_log import Dialled, Queued

SOON = 0.5
PERSON: Step = Interrupt(SOON, Say("I want to talk to a person"))
BILLING: Step = Interrupt(SOON, Say("connect me to billing"))
INSTEAD = "Call back, message, or another try?"
STAGGER = 2.0
"""Seconds between two callers: hearing ten at once is another test's concern."""

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True)
class Told:
    """A call that is over, what the server kept of it, and the note about it."""

    call: Finished
    record: dict[str, Any]
    note: str

    @property
    def transfers(self) -> list[tuple[str, str]]:
        """Whom the caller was handed to, and what came of it."""
        return [(each["target"], each["outcome"]) for each in self.record["transfers"]]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, hubspot: FakeHubSpot) -> Any:
    """The demo shop, whose billing department is a queue that is left after ten seconds."""
    folder = tmp_path_factory.mktemp("voicebot")
    dialog = conftest.quick_dialog(folder)
    text = dialog.read_text()
    queue = (
        "targets:\n"
        "  line: {kind: queue, address: helpline, wait_seconds: 10, say_seconds: 5}\n"
        "  second: {kind: user, address: second, ring_seconds: 5}\n"
    )
    text = text.replace("\ntargets:\n", f"\n{queue}", 1)
    text = _replaced(text, "    target: billing\n", "    target: line\n")
    text = re.sub(r'^  instead: ".*"$', f'  instead: "{INSTEAD}"', text, count=1, flags=re.MULTILINE)
    both = "  routing:\n    - {name: both, intent: order_status, targets: [desk, second]}\n"
    text = _replaced(text, "  routing:\n", both)
    dialog.write_text(_replaced(text, "A call from the automated assistant. ", ""))
    with Installation(folder, dialog=str(dialog), **hubspot_settings(hubspot.url)) as made:
        yield made


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


@pytest.fixture(scope="module")
def told(installation: Installation, hubspot: FakeHubSpot) -> Mapping[str, Told]:
    """Every call of this module, by its name."""
    return asyncio.run(_ring(installation, hubspot))


async def _ring(server: Installation, hubspot: FakeHubSpot) -> dict[str, Told]:
    await server.ready(server.start())
    refuses = Agent(Outcome.REFUSE)
    calls: dict[str, Awaitable[Finished]] = {
        "taken": jambonz(
            server,
            Interrupt(SOON, Say("where is my order four five two nine")),
            Interrupt(SOON, Say("I want to speak to an agent")),
            voice=SHE,
        ),
        "call back": jambonz(
            server,
            PERSON,
            Say("please call me back"),
            Say("yes"),
            Say("goodbye"),
            agent=refuses,
            voice=SHE,
        ),
        "message": jambonz(server, PERSON, Press("2"), Say("my package is late"), Press("#"), agent=refuses),
        "message, hung up": jambonz(
            server, PERSON, Press("2"), Say("I want my money back"), HangUp(), agent=refuses
        ),
        "laptop closed": jambonz(server, PERSON, Listen(), HangUp(), agent=Agent(Outcome.VANISH)),
        "another try": jambonz(server, PERSON, Press("3"), Listen(), HangUp(), agent=Agent(Outcome.BUSY)),
        "queued": jambonz(server, BILLING, Listen(), HangUp(), agent=Agent(Outcome.NO_ANSWER), voice=SHE),
        "fetched": jambonz(server, BILLING, agent=Agent(after=4.0), voice=SHE),
        "whisper lost": jambonz(server, PERSON, Listen(), HangUp(), lost={"/voice/whisper": 1}),
        "accept lost": jambonz(server, PERSON, lost={"/voice/accept": 1}),
    }
    finished = await asyncio.gather(
        *(_later(number * STAGGER, call) for number, call in enumerate(calls.values()))
    )
    records = await asyncio.gather(*(server.record(call.call_id, delivered=True) for call in finished))
    notes = [" ".join(note.properties["hs_note_body"] for note in notes_of(hubspot, c.call_id)) for c in finished]
    return {
        name: Told(*each) for name, each in zip(calls, zip(finished, records, notes, strict=True), strict=True)
    }


async def _later(seconds: float, call: Awaitable[Finished]) -> Finished:
    await asyncio.sleep(seconds)
    return await call


def test_only_the_answers_that_were_lost_are_faults(told: Mapping[str, Told]) -> None:
    """No verb of any hand-over is one that a real jambonz would refuse."""
    lost = {
        "whisper lost": ["/voice/whisper: the answer got lost"],
        "accept lost": ["/voice/accept: the answer got lost"],
    }
    assert {name: one.call.log.faults for name, one in told.items()} == {name: lost.get(name, []) for name in told}


def test_of_two_who_take_the_call_at_once_one_gets_it(told: Mapping[str, Told]) -> None:
    """Both hear what it is about and press 1; one is connected, and that one and the rule are on record."""
    one = told["taken"]
    legs = {leg.outcome: leg for leg in one.call.log.of(Dialled)}
    assert len(legs) == 2
    winner = legs["answer"]
    assert "order 4529" in winner.whisper
    assert winner.whisper.endswith("Press 1 to take the call, or 2 to decline.")
    assert one.transfers == [(winner.target["name"], "accepted")]
    (offer,) = one.record["offers"]
    assert (offer["rule"], offer["state"]) == ("both", "accepted")
    assert (offer["targets"], offer["target"]) == (["desk", "second"], winner.target["name"])
    assert one.record["outcome"] == "transferred"


def test_a_declined_caller_gets_a_call_back_that_the_crm_knows_of(told: Mapping[str, Told]) -> None:
    """The number is confirmed, and the note says whom to call."""
    one = told["call back"]
    assert one.call.log.verbs == ["listen", "dial", "listen", "hangup"]
    assert one.transfers == [("desk", "declined")]
    spoken = said(one.record, "bot")
    assert any(line.startswith("I'm sorry, my colleague can't take your call right now.") for line in spoken)
    assert any(line.startswith("All right, a colleague will call you back on 1 4 1 5") for line in spoken)
    assert one.record["outcome"] == "callback"
    assert one.record["slots"]["callback"] == CALLER
    assert CALLER in one.note
    assert "called back" in one.note


@pytest.mark.parametrize(
    ("name", "words"), [("message", "My package is late."), ("message, hung up", "I want my money back.")]
)
def test_a_message_is_heard_kept_and_delivered(told: Mapping[str, Told], name: str, words: str) -> None:
    """What was left is in the record and in the note, whether the caller ended it by a key or by hanging up."""
    one = told[name]
    assert words in said(one.record, "caller")
    assert one.record["outcome"] == "voicemail"
    assert f'Left a message: "{words}"' in one.record["summary"]
    assert words in one.note


@pytest.mark.parametrize(
    ("name", "outcome", "apology"),
    [
        ("laptop closed", "no_answer", "I'm sorry, nobody could take your call just now."),
        ("whisper lost", "declined", "I'm sorry, my colleague can't take your call right now."),
    ],
)
def test_whatever_fails_while_it_rings_the_caller_is_back(
    told: Mapping[str, Told], name: str, outcome: str, apology: str
) -> None:
    """They hear why, and what can be done instead."""
    one = told[name]
    assert one.transfers == [("desk", outcome)]
    spoken = " ".join(said(one.record, "bot"))
    assert apology in spoken
    assert INSTEAD in spoken


def test_another_try_rings_again(told: Mapping[str, Told]) -> None:
    """Twice busy, twice told."""
    assert told["another try"].transfers == [("desk", "busy"), ("desk", "busy")]


def test_a_lost_accept_still_connects_the_two(told: Mapping[str, Told]) -> None:
    """Pressing 1 is enough for the gateway."""
    assert told["accept lost"].transfers == [("desk", "accepted")]


def test_a_caller_in_a_queue_hears_their_place_and_is_back_after_a_while(told: Mapping[str, Told]) -> None:
    """Nobody waits for ever, and nobody waits in silence."""
    one = told["queued"]
    (wait,) = one.call.log.of(Queued)
    assert wait.result == "leave"
    assert set(wait.heard) == {"You are number 1 in line. Please stay on the line."}
    assert one.transfers == [("line", "no_answer")]
    assert "all of my colleagues are still on the phone" in " ".join(said(one.record, "bot"))


def test_a_caller_fetched_from_the_queue_is_transferred(told: Mapping[str, Told]) -> None:
    """The offer waited until somebody came."""
    one = told["fetched"]
    assert one.transfers == [("line", "accepted")]
    (offer,) = one.record["offers"]
    assert (offer["rule"], offer["state"]) == ("asked_for_line", "accepted")
