"""Webhooks, audio and deliveries in processes of their own, meeting in a real Redis, while one of them dies.

One story is played through once; each test looks at one part of it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.server import Installation, Process, eventually
from tests.e2e.telephone import AMERICAN, BRITISH, SHE, Finished, Moment, jambonz, mulaw, notes_of, said
from tests.store.conftest import RedisServer
from voicebot.runtime.secrets import AUDIO_TOKEN_FILE
from voicebot.store.sessions import NODE_SECONDS
from voicebot.testing.caller import HangUp, Interrupt, Say, Wait
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.jambonz_dial import Agent
from voicebot.testing.jambonz_log import CommandTaken, Dialled, StreamClosed, VerbRun

pytestmark = [pytest.mark.redis, pytest.mark.timeout(400)]

ORDER = Interrupt(0.5, Say("where is my order one two three four"))
HOURS = Interrupt(0.5, Say("what are your opening hours"))
APOLOGY = "I'm sorry, something went wrong on our side."
HEARTBEAT_AGE = 61.0
"""Older than the oldest heartbeat of a process that counts as alive."""


@dataclass(frozen=True, slots=True)
class Story:
    """What came of the calls.

    helped, transferred: while all was well. cut, cut_mulaw: in the middle when the media process was killed.
    drained: in the middle when it was told to end; late: began right after that; refused: began when it had
        said so. records: by call id. readiness: of the webhooks once the media process was missed.
    drain_status: with what the drained process ended.
    """

    helped: Finished
    transferred: Finished
    cut: Finished
    cut_mulaw: Finished
    drained: Finished
    late: Finished
    refused: Finished
    records: dict[str, dict[str, Any]]
    readiness: tuple[int, dict[str, Any]]
    drain_status: int


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of our own."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not on PATH")
    server = RedisServer(binary, tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def story(installation: Installation, redis: RedisServer) -> Story:
    """The whole story."""
    return asyncio.run(_play(installation, redis.url()))


async def _play(server: Installation, redis_url: str) -> Story:
    worker = server.start("worker", redis_url=redis_url)
    web = server.start("web", redis_url=redis_url)
    media = server.start("media", redis_url=redis_url)
    await server.ready(web, worker, media)

    dialling = Moment(lambda entry: isinstance(entry, VerbRun) and entry.verb.name == "dial")
    person = Interrupt(0.5, Say("I want to speak to an agent"))
    asked = asyncio.create_task(jambonz(server, HOURS, person, voice=BRITISH, observer=dialling))
    cut = asyncio.create_task(jambonz(server, HOURS, Wait(30), HangUp(), voice=AMERICAN))
    token = (server.data / AUDIO_TOKEN_FILE).read_text().strip()
    cut_mulaw = asyncio.create_task(mulaw(server, token, ORDER, Wait(30), HangUp()))
    helped = await jambonz(server, ORDER, Interrupt(0.5, Say("goodbye")), voice=SHE)
    # A caller who is being connected no longer needs the process that decided it.
    await dialling.come()

    media.kill()
    server.time_passes(HEARTBEAT_AGE)
    missing = asyncio.create_task(
        eventually(lambda: _unready(server), NODE_SECONDS + 60, "the webhooks miss the media process")
    )
    transferred, broken, broken_mulaw = await asyncio.gather(asked, cut, cut_mulaw)
    calls = (helped, transferred, broken, broken_mulaw)
    records = {call.call_id: await server.record(call.call_id, delivered=True) for call in calls}
    readiness = await missing

    media = server.start("media", redis_url=redis_url)
    await server.ready(web, worker, media)
    last, drain_status = await _drain(server, media)
    records |= {call.call_id: await server.record(call.call_id, delivered=True) for call in last}
    drained, late, refused = last
    return Story(
        helped, transferred, broken, broken_mulaw, drained, late, refused, records, readiness, drain_status
    )


def _unready(server: Installation) -> tuple[int, dict[str, Any]] | None:
    answer = server.readiness()
    return answer if answer[0] == 503 else None


async def _drain(server: Installation, media: Process) -> tuple[list[Finished], int]:
    """Tell `media` to end while a call is in the middle; two more callers ring meanwhile."""
    talking = Moment(lambda entry: isinstance(entry, CommandTaken) and entry.kind == "killAudio")
    drained = asyncio.create_task(
        jambonz(server, HOURS, Interrupt(0.5, Say("goodbye")), voice=SHE, observer=talking)
    )
    await talking.come()
    media.terminate()
    late = asyncio.create_task(jambonz(server, HangUp(), agent=Agent(talk=0.5)))
    await eventually(lambda: _unready(server), 30, "the draining process says that it takes no calls")
    refused = asyncio.create_task(jambonz(server, HangUp(), agent=Agent(talk=0.5)))
    calls = [await drained, await late, await refused]
    return calls, await asyncio.to_thread(media.wait, 60)


def test_a_call_is_answered_across_processes(story: Story) -> None:
    """Web answers the hooks, media talks, and nothing is said that jambonz would refuse."""
    record = story.records[story.helped.call_id]
    assert story.helped.log.faults == []
    assert said(record, "caller") == ["Where is my order 1234?", "Goodbye."]
    assert record["outcome"] == "completed"


def test_a_transfer_planned_by_one_process_is_done_by_the_other(story: Story) -> None:
    """Media decides, web dials, and the agent hears what the call is about."""
    assert story.transferred.log.faults == []
    assert story.transferred.log.verbs == ["listen", "dial", "hangup"]
    (leg,) = story.transferred.log.of(Dialled)
    assert "opening hours" in leg.whisper
    assert story.records[story.transferred.call_id]["transfers"][0]["outcome"] == "accepted"


def test_callers_of_a_killed_process_reach_a_person(story: Story) -> None:
    """The stream breaks off, the caller hears an apology and is connected to the desk."""
    log = story.cut.log
    assert [closed.by for closed in log.of(StreamClosed)] == ["server"]
    assert log.verbs == ["listen", "say", "dial", "hangup"]
    (leg,) = log.of(Dialled)
    assert (leg.target["name"], leg.outcome) == ("desk", "answer")


def test_the_record_of_a_killed_process_is_finished(story: Story) -> None:
    """What was said before the kill is kept, whether the gateway or only the silence tells of the death."""
    for call in (story.cut, story.cut_mulaw):
        record = story.records[call.call_id]
        assert record["ended_at"] is not None
    # The safety net put the one caller through to a person; the other had no gateway that could.
    assert story.records[story.cut.call_id]["outcome"] == "transferred"
    assert story.records[story.cut_mulaw.call_id]["outcome"] == "abandoned"
    assert said(story.records[story.cut.call_id], "caller") == ["What are your opening hours?"]
    assert said(story.records[story.cut_mulaw.call_id], "caller") == ["Where is my order 1234?"]
    assert story.records[story.cut_mulaw.call_id]["reason"] == "process died"


def test_readiness_says_what_is_missing(story: Story) -> None:
    """Without a media process `/readyz` answers 503 and why."""
    status, body = story.readiness
    assert status == 503
    assert body["reasons"] == ["no media process is ready and has room for a call"]


def test_a_drained_process_finishes_its_calls(story: Story) -> None:
    """After SIGTERM the call under way goes on to its goodbye, and the process ends in order."""
    record = story.records[story.drained.call_id]
    assert story.drained.log.faults == []
    assert said(record, "caller") == ["What are your opening hours?", "Goodbye."]
    assert record["outcome"] == "completed"
    assert story.drain_status == 0


def test_callers_during_a_drain_reach_a_person(story: Story) -> None:
    """Whoever rings while no process takes calls is connected to the desk at once."""
    assert story.refused.log.verbs == ["say", "dial", "hangup"]
    # Before the process has said so, its refusal of the stream leads to the same.
    assert story.late.log.verbs in (["say", "dial", "hangup"], ["listen", "say", "dial", "hangup"])
    for call in (story.refused, story.late):
        assert [leg.outcome for leg in call.log.of(Dialled)] == ["answer"]


def test_every_call_leaves_one_note(story: Story, hubspot: FakeHubSpot) -> None:
    """Whichever process died or drained, the worker tells the CRM once about each call."""
    assert {call: len(notes_of(hubspot, call)) for call in story.records} == dict.fromkeys(story.records, 1)
