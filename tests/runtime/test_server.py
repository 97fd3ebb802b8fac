"""Who may open an audio socket, and what a call does on it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import soundfile
from pydantic import SecretStr
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.runtime.house import AUDIO_TOKEN, VOICE, Caller, House, calling, house, until
from voicebot.audio import SAMPLE_RATE, Pcm, g711
from voicebot.call.record import Disposition, Speaker
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import NOWHERE, HangUp, Move, Recollection, Surroundings, Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.runtime.server import WAITING_SOCKETS
from voicebot.runtime.socket import FRAMES_AT_ONCE
from voicebot.settings import Recordings
from voicebot.store.keeping import files
from voicebot.testing.dialog import EchoConversation, EchoDialog
from voicebot.testing.scripted import Failing, ScriptedRecognizer
from voicebot.testing.tones import ToneSynthesizer


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


async def say_one_thing(caller: Caller) -> None:
    """Say, over the greeting, what ends the call, and wait until it is over."""
    await until(caller.audible)
    await caller.speak()
    await until(caller.disconnected)


async def a_whole_call(running: House) -> None:
    """A caller hears the greeting, says something, hears the answer and hangs up; all of it is kept."""
    async with calling(running) as caller:
        await until(caller.audible)
        await asyncio.sleep(0.6)
        caller.audible.clear()
        await caller.speak()
        await until(caller.audible)
        await asyncio.sleep(0.5)
    await running.server.drain()
    if (recorder := running.services.recorder) is not None:
        assert await asyncio.to_thread(recorder.close, 5)
    assert await asyncio.to_thread(running.services.journal.close, 5)


def test_a_socket_without_a_token_is_closed(tmp_path: Path) -> None:
    """A stranger who says nothing is sent away when the time for a token is over."""

    async def scenario() -> None:
        async with house(tmp_path, token_seconds=0.1) as running, connect(running.url("/audio/jambonz")) as socket:
            async with asyncio.timeout(5):
                await socket.wait_closed()
            assert socket.close_code == 1008

    run(scenario())


@pytest.mark.parametrize("token", ["", "made-up", AUDIO_TOKEN])
def test_a_wrong_token_is_refused(tmp_path: Path, token: str) -> None:
    """A token that was never issued opens no call; the plain clients' token is none for jambonz."""

    async def scenario() -> None:
        async with house(tmp_path) as running, connect(running.url("/audio/jambonz")) as socket:
            caller = Caller(socket)
            await caller.begin(token)
            assert await caller.closed() == 1008
            assert running.services.capacity.held == 0

    run(scenario())


def test_a_token_opens_one_stream(tmp_path: Path) -> None:
    """The second use of a token is refused while the first stream goes on."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            token = running.token()
            async with (
                connect(running.url("/audio/jambonz")) as one,
                connect(running.url("/audio/jambonz")) as two,
            ):
                first, second = Caller(one), Caller(two)
                await first.begin(token)
                await until(first.audible)
                await second.begin(token)
                assert await second.closed() == 1008
                assert first.connection.close_code is None

    run(scenario())


def test_a_second_stream_of_a_live_call_is_refused(tmp_path: Path) -> None:
    """Two sockets for one call do not both talk to the caller, even with a token each."""

    async def scenario() -> None:
        async with house(tmp_path) as running, calling(running) as first:
            await until(first.audible)
            async with calling(running) as second:
                assert await second.closed() == 1008
            assert first.connection.close_code is None

    run(scenario())


def test_an_unknown_path_is_not_found(tmp_path: Path) -> None:
    """A gateway nobody speaks for is told so before the upgrade."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            with pytest.raises(InvalidStatus) as refused:
                await connect(running.url("/audio/teapot"))
            assert refused.value.response.status_code == 404

    run(scenario())


@pytest.mark.parametrize(
    ("authorization", "allowed"), [("amFtYm9uejpzZWNyZXQ=", True), ("eDp5", False), ("%", False)]
)
def test_the_sockets_password_is_checked(tmp_path: Path, authorization: str, allowed: bool) -> None:
    """With `wsAuth` configured, jambonz has to show it."""

    async def scenario() -> None:
        headers = {"Authorization": f"Basic {authorization}"}
        password = SecretStr("secret")
        async with house(tmp_path, ws_user="jambonz", ws_password=password) as running:
            if allowed:
                async with calling(running, additional_headers=headers) as caller:
                    await until(caller.audible)
                return
            with pytest.raises(InvalidStatus) as refused:
                await connect(running.url("/audio/jambonz"), additional_headers=headers)
            assert refused.value.response.status_code == 401

    run(scenario())


@pytest.mark.parametrize("offered", [None, "audio.drachtio.org", "audio.jambonz.org"])
def test_either_subprotocol_is_echoed_and_none_is_accepted(tmp_path: Path, offered: str | None) -> None:
    """Media servers differ in the name they offer; each is answered with its own."""

    async def scenario() -> None:
        names = None if offered is None else [Subprotocol(offered)]
        async with house(tmp_path) as running, calling(running, subprotocols=names) as caller:
            await until(caller.audible)
            assert caller.connection.subprotocol == offered

    run(scenario())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 1007),
        ("x" * 70000, 1009),
        (json.dumps({"sampleRate": 12345, "callSid": "x"}), 1008),
        (b"\x00\x01", 1008),
    ],
)
def test_nonsense_closes_its_own_socket_only(tmp_path: Path, message: str | bytes, code: int) -> None:
    """Malformed, oversize or premature messages end that socket; the call beside it goes on."""

    async def scenario() -> None:
        async with house(tmp_path) as running, calling(running, "good") as good:
            await until(good.audible)
            async with connect(running.url("/audio/jambonz"), max_size=None) as bad:
                await bad.send(message)
                async with asyncio.timeout(5):
                    await bad.wait_closed()
                assert bad.close_code in (code, 1008)
            good.audible.clear()
            await until(good.audible)

    run(scenario())


def test_a_full_house_says_so(tmp_path: Path) -> None:
    """The call after the last place is closed with 'try again later'; the gateway then runs its safety net."""

    async def scenario() -> None:
        async with house(tmp_path, max_calls=1) as running, calling(running, "one") as first:
            await until(first.audible)
            async with calling(running, "two") as second:
                assert await second.closed() == 1013

    run(scenario())


def test_a_caller_is_answered_and_written_down(tmp_path: Path) -> None:
    """What the caller says is recognised, answered with audio, and kept with who said what."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["hello there"])
        async with house(tmp_path, recognizer=recognizer) as running:
            await a_whole_call(running)
            view = running.services.records.call("call-1")
            assert view is not None
            assert [turn.text for turn in view.turns if turn.speaker is Speaker.CALLER] == ["hello there"]
            assert view.turns[0].speaker is Speaker.BOT
            assert view.row.disposition is Disposition.COMPLETED

    run(scenario())


def test_personal_data_is_not_kept(tmp_path: Path) -> None:
    """A card number the caller says reaches the conversation, and the record only as its kind."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["my card is 4111 1111 1111 1111"])
        async with house(tmp_path, recognizer=recognizer) as running:
            await a_whole_call(running)
            view = running.services.records.call("call-1")
            assert view is not None
            assert [turn.text for turn in view.turns if turn.speaker is Speaker.CALLER] == ["my card is [card]"]
            assert "4111" not in view.row.summary

    run(scenario())


def test_a_call_is_recorded_from_both_sides(tmp_path: Path) -> None:
    """The caller is left, the bot right; the record knows the file and how long it is."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["hello there"])
        async with house(tmp_path, recognizer=recognizer, recordings=Recordings.FLAC) as running:
            await a_whole_call(running)
            services = running.services
            assert services.recorder is not None
            (kept,) = services.records.keeping.recordings_of("call-1")
            (path,) = files(services.settings.recordings_dir, kept.path)
            samples, _ = soundfile.read(path, dtype="int16")
            assert len(samples) == round(kept.seconds * SAMPLE_RATE) > SAMPLE_RATE
            assert (abs(samples) > 500).any(axis=0).tolist() == [True, True]

    run(scenario())


def test_a_guess_that_is_late_is_promoted_when_the_turn_is_over(tmp_path: Path) -> None:
    """The recogniser learns that the caller waits now for the very utterance that was only guessed at."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["goodbye"], latency=0.5)
        async with house(tmp_path, recognizer=recognizer) as running, calling(running) as caller:
            await say_one_thing(caller)
        assert recognizer.promoted
        assert all(any(speech is asked for asked in recognizer.asked) for speech in recognizer.promoted)

    run(scenario())


def test_the_plan_is_stored_before_the_stream_ends(tmp_path: Path) -> None:
    """When jambonz is told to go on, its next webhook already finds whom to dial and an id for the agent."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["reception"])
        async with house(tmp_path, recognizer=recognizer) as running, calling(running) as caller:
            await say_one_thing(caller)
            session = running.sessions.get("call-1")
            assert session is not None
            assert session.plan == Transfer("reception", TransferReason.REQUESTED, "The caller said: reception.")
            assert running.sessions.resolve_context(session.context_id) == "call-1"

    run(scenario())


def test_goodbye_hangs_up(tmp_path: Path) -> None:
    """A call that is over leaves a plan to hang up, not an empty one that would reach the safety net."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["goodbye"])
        async with house(tmp_path, recognizer=recognizer) as running, calling(running) as caller:
            await say_one_thing(caller)
            session = running.sessions.get("call-1")
            assert session is not None
            assert session.plan == HangUp("goodbye")

    run(scenario())


class BrokenConversation(EchoConversation):
    """A conversation with a fault of ours in it."""

    def hear(self, text: str, confidence: float) -> Move:
        raise ZeroDivisionError("ours")


@dataclass(frozen=True)
class BrokenDialog(EchoDialog):
    """Starts broken conversations."""

    def converse(
        self, caller: str, called: str, earlier: Recollection | None = None, around: Surroundings = NOWHERE
    ) -> Conversation:
        return BrokenConversation(self)


class BrokenDetector:
    """Hears nothing, and says so."""

    def probability(self, frame: Pcm) -> float:
        raise RuntimeError("the network failed")


@pytest.mark.parametrize(
    "options",
    [
        {"recognizer": ScriptedRecognizer([Failing()] * 5)},
        {"recognizer": ScriptedRecognizer(["hello"]), "dialog": BrokenDialog()},
        {"recognizer": ScriptedRecognizer(["hello"]), "synthesizer": ToneSynthesizer(0.01, fail_on="said")},
        {"recognizer": ScriptedRecognizer(["hello"]), "synthesizer": ToneSynthesizer(0.01, fail_on="")},
        {"detector": BrokenDetector},
    ],
    ids=["recogniser", "conversation", "voice once", "voice always", "voice detection"],
)
def test_a_failure_is_apologised_for_and_handed_over(tmp_path: Path, options: dict[str, Any]) -> None:
    """Whatever of ours fails, the caller hears the apology and reaches the fallback target."""

    async def scenario() -> None:
        async with house(tmp_path, **options) as running, calling(running) as caller:
            await asyncio.sleep(0.2)
            if not caller.disconnected.is_set():
                await caller.speak()
            await until(caller.disconnected)
            assert caller.audible.is_set()
            session = running.sessions.get("call-1")
            assert session is not None
            assert isinstance(session.plan, Transfer)
            assert (session.plan.target, session.plan.reason) == ("reception", TransferReason.FAILURE)

    run(scenario())


def test_a_store_that_fails_at_the_start_closes_the_socket(tmp_path: Path) -> None:
    """With sessions out of reach the socket is closed at once, so that the gateway's safety net runs."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            token = running.token()
            running.sessions.redeem_token = _away  # type: ignore[method-assign]
            async with connect(running.url("/audio/jambonz")) as socket:
                caller = Caller(socket)
                await caller.begin(token)
                assert await caller.closed() == 1011

    run(scenario())


def _away(token: str) -> str | None:
    raise StoreError("away")


@pytest.mark.parametrize("place", ["header", "start"])
def test_a_plain_client_is_let_in_with_the_audio_token(tmp_path: Path, place: str) -> None:
    """A mu-law JSON client shows the token in a header or in its start event, and hears the greeting."""

    async def scenario() -> None:
        headers = {"Authorization": f"Bearer {AUDIO_TOKEN}"} if place == "header" else {}
        async with (
            house(tmp_path) as running,
            connect(running.url("/audio"), additional_headers=headers) as socket,
        ):
            if place == "start":
                parameters = {"token": AUDIO_TOKEN}
                await socket.send(json.dumps({"event": "start", "start": {"customParameters": parameters}}))
            payload = base64.b64encode(g711.encode(VOICE)).decode()
            await socket.send(json.dumps({"event": "media", "media": {"payload": payload}}))
            async with asyncio.timeout(5):
                reply = json.loads(await socket.recv())
            assert reply["event"] == "media"
            assert g711.decode(base64.b64decode(reply["media"]["payload"])).any()

    run(scenario())


def test_a_plain_client_cannot_take_over_a_call_of_jambonz(tmp_path: Path) -> None:
    """Whoever has the plain clients' token and guesses a call id still gets no other gateway's call."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            running.token("call-1")
            async with connect(running.url("/audio")) as socket:
                start = {"callSid": "call-1", "customParameters": {"token": AUDIO_TOKEN}}
                await socket.send(json.dumps({"event": "start", "start": start}))
                async with asyncio.timeout(5):
                    await socket.wait_closed()
                assert socket.close_code == 1008

    run(scenario())


def test_draining_waits_for_running_calls_and_takes_no_new_one(tmp_path: Path) -> None:
    """A process that goes away finishes its calls; a new socket is refused before the upgrade."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            async with calling(running) as caller:
                await until(caller.audible)
                draining = asyncio.create_task(running.server.drain())
                await asyncio.sleep(0)
                with pytest.raises((InvalidStatus, ConnectionClosed)):
                    await connect(running.url("/audio/jambonz"))
                assert not draining.done()
            async with asyncio.timeout(5):
                await draining

    run(scenario())


def test_metrics_count_calls_and_turns(tmp_path: Path) -> None:
    """Prometheus sees how many calls ended how, and how long answers took, without a call's name."""

    async def scenario() -> None:
        recognizer = ScriptedRecognizer(["goodbye"])
        async with house(tmp_path, recognizer=recognizer) as running:
            async with calling(running) as caller:
                await say_one_thing(caller)
            text = await asyncio.to_thread(_get, running.url("/metrics").replace("ws:", "http:"))
            assert 'voicebot_calls_ended_total{disposition="completed"} 1.0' in text
            assert "voicebot_turn_answer_seconds_count 1.0" in text
            for stage in ("notice", "guess", "decode", "pause", "decide", "voice", "send"):
                assert f'voicebot_turn_stage_seconds_count{{stage="{stage}"}} 1.0' in text
            assert "call-1" not in text

    run(scenario())


def _get(url: str) -> str:
    return requests.get(url, timeout=5).text


def test_two_streams_of_a_call_at_the_same_moment_become_one(tmp_path: Path) -> None:
    """Sockets that show a valid token each in the same instant: one is taken, one refused, and nothing is left."""

    async def scenario() -> None:
        async with house(tmp_path) as running:
            tokens = [running.token(), running.token()]
            async with (
                connect(running.url("/audio/jambonz")) as one,
                connect(running.url("/audio/jambonz")) as two,
            ):
                callers = [Caller(one), Caller(two)]
                await asyncio.gather(*(caller.begin(token) for caller, token in zip(callers, tokens, strict=True)))
                ends = [asyncio.ensure_future(caller.connection.wait_closed()) for caller in callers]
                async with asyncio.timeout(5):
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                assert sorted(caller.connection.close_code or 0 for caller in callers) == [0, 1008]
            async with calling(running) as again:
                await until(again.audible)

    run(scenario())


def test_strangers_who_wait_keep_no_call_out(tmp_path: Path) -> None:
    """With every waiting place taken by sockets that say nothing, a call with a token is taken."""

    async def scenario() -> None:
        async with house(tmp_path, token_seconds=60) as running, contextlib.AsyncExitStack() as strangers:
            sockets = [
                await strangers.enter_async_context(connect(running.url("/audio/jambonz")))
                for _ in range(WAITING_SOCKETS)
            ]
            async with calling(running) as caller:
                await until(caller.audible)
            async with asyncio.timeout(5):
                await sockets[0].wait_closed()
            assert sockets[1].close_code is None

    run(scenario())


@pytest.mark.parametrize("flood", ["pings", "texts", "tiny"])
def test_a_flood_cuts_off_its_sender_and_nobody_else(tmp_path: Path, flood: str) -> None:
    """More frames than any gateway sends end that stream; the call beside it goes on."""

    async def pour(caller: Caller) -> None:
        with contextlib.suppress(ConnectionClosed):
            for number in range(3 * int(FRAMES_AT_ONCE)):
                if flood == "pings":
                    await caller.connection.ping(str(number))
                else:
                    await caller.connection.send('{"a":1}' if flood == "texts" else b"1")

    async def scenario() -> None:
        async with house(tmp_path) as running, calling(running, "call-2") as other:
            await until(other.audible)
            async with calling(running) as caller:
                await until(caller.audible)
                await pour(caller)
                await caller.closed()
            assert other.connection.close_code is None

    run(scenario())


def test_keys_no_telephone_can_send_are_not_heard(tmp_path: Path) -> None:
    """Thousands of keys at once become no more turns than a person's fingers could."""

    async def scenario() -> None:
        async with house(tmp_path) as running, calling(running) as caller:
            await until(caller.audible)
            for _ in range(1000):
                await caller.connection.send('{"event":"dtmf","dtmf":"#"}')
            await caller.speak(0.3)
            await caller.connection.close()
            await running.server.drain()
            assert await asyncio.to_thread(running.services.journal.close, 10)
            view = running.services.records.call("call-1")
            assert view is not None
            assert 1 <= sum(bool(turn.keys) for turn in view.turns) <= 60

    run(scenario())
