"""The simulated jambonz against a scripted bot, over real HTTP and a real WebSocket, in hurried time."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import wave
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from tests.testing.bot import Bot, Handler, running, tone
from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.testing.jambonz import Account, JambonzCall
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_dial import Agent, Outcome
from voicebot.testing.jambonz_log import (
    CallEnded,
    CallLog,
    CommandTaken,
    Dialled,
    EndedBy,
    HookCalled,
    KeyPressed,
    MarkReturned,
    Queued,
    StreamClosed,
)
from voicebot.testing.jambonz_stream import MediaServer
from voicebot.testing.phone import Heard, Spoken

SPEED = 25.0
HANGUP = {"verb": "hangup"}
DISCONNECT = '{"type":"disconnect"}'


class Somebody:
    """A phone with a plan by tick: what to say, press, or when to hang up. Remembers what was heard."""

    def __init__(self, plan: dict[int, Spoken] | None = None, talk: Pcm | None = None) -> None:
        self.plan = plan or {}
        self.talk = talk
        self.ticks = 0
        self.heard: list[int] = []
        self.arrivals: list[int] = []
        self.away = 0

    def tick(self, heard: Heard | None, now: float) -> Spoken:
        if heard is None:
            self.away += 1
            return Spoken()
        self.heard.extend(heard.pcm.tolist())
        self.ticks += 1
        return self.plan.get(self.ticks, Spoken(self.talk))

    def arrived(self, pcm: Pcm, now: float) -> None:
        self.arrivals.append(len(pcm))


async def ended_at_once(connection: ServerConnection) -> None:
    await connection.recv()
    await connection.send(DISCONNECT)
    await connection.wait_closed()


async def crashing(connection: ServerConnection) -> None:
    await connection.recv()
    await connection.close(1011)


async def patient(connection: ServerConnection) -> None:
    await connection.wait_closed()


def place(
    handler: Handler,
    prepare: Callable[[Bot], None],
    phone: Somebody | None = None,
    during: Callable[[JambonzCall, Bot], Coroutine[Any, Any, None]] | None = None,
    **account: Any,
) -> tuple[CallLog, Bot]:
    async def run() -> tuple[CallLog, Bot]:
        async with running(handler) as bot:
            prepare(bot)
            bot.replies.setdefault("/status", [[]])
            setup = Account(f"{bot.http}/voice", f"{bot.http}/status", **account)
            call = JambonzCall(setup, phone or Somebody(), clock=Clock(SPEED), longest=60.0)
            async with asyncio.timeout(20):
                if during is None:
                    return await call.run(), bot
                log, _ = await asyncio.gather(call.run(), during(call, bot))
                return log, bot

    return asyncio.run(run())


def streaming(bot: Bot, *behind: dict[str, Any], **options: Any) -> None:
    bot.on("/voice", [bot.listen(**options), *behind])
    bot.on("/next", [HANGUP])


def statuses(bot: Bot) -> list[dict[str, Any]]:
    return [asked.body for asked in bot.asked if asked.path == "/status"]


def test_a_call_from_hook_to_status() -> None:
    """Call hook, stream, action hook and statuses come in order; the hook's reply replaces the stack."""

    def prepare(bot: Bot) -> None:
        bot.on("/voice", [bot.listen(id="first"), {"verb": "say", "text": "safety net"}])
        bot.on("/next", [{"verb": "say", "text": "bye"}, HANGUP])

    log, bot = place(ended_at_once, prepare)
    assert bot.paths() == ["/voice", "/status", "/status", "/next", "/status"]
    first, after = bot.body("/voice"), bot.body("/next")
    assert (first["direction"], first["call_status"], first["sip_status"]) == ("inbound", "trying", 100)
    assert "customerData" not in first
    assert first["sip"]["headers"]
    assert after["call_sid"] == first["call_sid"]
    assert after["call_status"] == "in-progress"
    assert after["verb_id"] == "first"
    assert isinstance(after["dial_call_duration"], int)
    assert "env_vars" not in after
    assert log.verbs == ["listen", "say", "hangup"]
    assert [body["call_status"] for body in statuses(bot)] == ["trying", "in-progress", "completed"]
    assert bot.body("/status")["call_termination_by"] == "jambonz"
    assert log.hooks == ["/voice", "/next"]
    assert log.ended is not None
    assert log.ended.by is EndedBy.GATEWAY
    assert log.faults == []


def test_webhooks_are_signed_over_their_raw_body() -> None:
    """With a secret each webhook carries a fresh HMAC; Basic credentials go along."""
    _, bot = place(ended_at_once, streaming, secret="s3cret", basic=("u", "p"))
    for asked in bot.asked:
        fields = dict(part.split("=") for part in asked.headers["Jambonz-Signature"].split(","))
        expected = hmac.new(b"s3cret", f"{fields['t']}.".encode() + asked.raw, hashlib.sha256).hexdigest()
        assert fields["v1"] == expected
        assert asked.headers["Authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"


def test_without_a_secret_nothing_is_signed() -> None:
    """No secret and incomplete credentials mean no headers."""
    _, bot = place(ended_at_once, streaming, basic=("u", ""))
    assert all(not {"Jambonz-Signature", "Authorization"} & set(asked.headers) for asked in bot.asked)


@pytest.mark.parametrize(
    "reply",
    [
        [],
        (500, "broken"),
        (302, ""),
        (200, "not json"),
        [{"verb": "listen", "url": "ws://x", "tracks": ["in"]}],
        {"verb": "hangup"},
    ],
)
def test_a_useless_reply_to_the_call_hook_refuses_the_call(reply: Any) -> None:
    """The caller gets SIP 480, and no status hook follows."""
    log, bot = place(patient, lambda bot: bot.on("/voice", reply))
    assert log.of(CallEnded)[0].sip_status == 480
    assert bot.paths() == ["/voice"]


@pytest.mark.parametrize("reply", [[], (500, "broken"), (200, "text"), [{"verb": "say", "txt": "x"}]])
def test_a_useless_reply_to_the_action_hook_runs_the_next_verb(reply: Any) -> None:
    """When the hook behind the stream says nothing usable the stack goes on, and its end is a hang-up."""

    def prepare(bot: Bot) -> None:
        streaming(bot, {"verb": "say", "text": "one moment"})
        bot.on("/next", reply)

    log, _ = place(crashing, prepare)
    assert log.verbs == ["listen", "say"]
    assert log.of(StreamClosed)[0].by == "server"
    assert log.of(StreamClosed)[0].code == 1011


def test_a_socket_that_cannot_be_opened_ends_the_verb() -> None:
    """On a failed connection the action hook is called without a duration."""
    log, bot = place(patient, partial(streaming, url="ws://127.0.0.1:9/audio"))
    assert "dial_call_duration" not in bot.body("/next")
    assert "listen" in log.faults[0]


@pytest.mark.parametrize("name", ["audio.drachtio.org", "audio.jambonz.org", ""])
def test_the_media_server_offers_its_subprotocol(name: str) -> None:
    """Either name is offered, or none."""
    _, bot = place(ended_at_once, streaming, media=MediaServer(subprotocol=name))
    (socket,) = bot.sockets
    assert socket.request is not None
    assert socket.request.headers.get("Sec-WebSocket-Protocol", "") == name
    assert (socket.subprotocol or "") == name


@pytest.mark.parametrize(("password", "sent"), [("p" * 80, True), ("p" * 100, False)])
def test_long_credentials_are_left_out(password: str, sent: bool) -> None:
    """`wsAuth` becomes HTTP Basic, unless it is too long for the module."""
    _, bot = place(ended_at_once, partial(streaming, wsAuth={"username": "u", "password": password}))
    assert bot.sockets[0].request is not None
    assert ("Authorization" in bot.sockets[0].request.headers) is sent


def collect(messages: list[str | bytes], enough: int = 10_000) -> Handler:
    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            messages.append(message)
            if len(messages) == enough:
                await connection.send(DISCONNECT)

    return handler


def test_metadata_comes_first_and_audio_follows() -> None:
    """The first frame is metadata in camel case, the verb's own keys last; then 20 ms frames."""
    messages: list[str | bytes] = []
    metadata = {"token": "t-9", "callSid": "mine"}
    phone = Somebody(talk=np.arange(160, dtype=np.int16))
    place(collect(messages, 4), partial(streaming, metadata=metadata), phone)
    assert isinstance(messages[0], str)
    first = json.loads(messages[0])
    assert not {"type", "event"} & set(first)
    assert (first["token"], first["callSid"], first["sampleRate"]) == ("t-9", "mine", 8000)
    assert (first["from"], first["to"]) == ("+15550100", "+15550199")
    assert messages[1] == np.arange(160, dtype="<i2").tobytes()


def test_frames_may_be_glued() -> None:
    """Under load several frames travel in one message."""
    messages: list[str | bytes] = []
    place(collect(messages, 3), streaming, Somebody(talk=tone(0.02)), media=MediaServer(glue=5))
    assert len(messages[1]) == 5 * 320


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"sampleRate": 16000}, 640),
        ({"mixType": "stereo"}, 640),
        ({"mixType": "stereo", "sampleRate": 16000}, 1280),
    ],
)
def test_rate_and_mix_decide_what_a_frame_holds(options: dict[str, Any], size: int) -> None:
    """A wide-band frame has twice the samples; in stereo the caller is the left channel."""
    messages: list[str | bytes] = []
    place(collect(messages, 3), partial(streaming, **options), Somebody(talk=np.full(160, 9, np.int16)))
    assert isinstance(messages[1], bytes)
    assert len(messages[1]) == size
    if "mixType" in options:
        assert np.frombuffer(messages[1], "<i2")[:4].tolist() == [9, 0, 9, 0]


@pytest.mark.parametrize(("dtx", "expected"), [(True, []), (False, [bytes(320)] * 10)])
def test_a_silent_caller_sends_nothing_with_dtx(dtx: bool, expected: list[bytes]) -> None:
    """With DTX silence is the absence of frames; without it, frames of zeros."""
    messages: list[str | bytes] = []
    phone = Somebody({11: Spoken(hang_up=True)})
    place(collect(messages), streaming, phone, media=MediaServer(dtx=dtx))
    assert messages[1:11] == expected


@pytest.mark.parametrize("wanted", [True, False])
def test_keys_arrive_when_asked_for(wanted: bool) -> None:
    """`passDtmf` decides whether key presses become text frames."""
    messages: list[str | bytes] = []
    phone = Somebody({3: Spoken(keys="5"), 8: Spoken(hang_up=True)})
    log, _ = place(collect(messages), partial(streaming, passDtmf=wanted), phone)
    keys = [json.loads(message) for message in messages[1:] if isinstance(message, str)]
    assert keys == ([{"event": "dtmf", "dtmf": "5", "duration": "1600"}] if wanted else [])
    assert [pressed.key for pressed in log.of(KeyPressed)] == ["5"]


def test_finish_on_key_ends_the_verb() -> None:
    """The key ends the stream and is told to the action hook."""
    _, bot = place(patient, partial(streaming, finishOnKey="#"), Somebody({3: Spoken(keys="#")}))
    assert bot.body("/next")["digits"] == "#"


def test_max_length_ends_the_verb() -> None:
    """A stream lasts no longer than the verb allows."""
    log, bot = place(patient, partial(streaming, maxLength=1))
    assert bot.body("/next")["dial_call_duration"] >= 1
    assert log.of(StreamClosed)[0].by == "gateway"


def speaking(*messages: str | bytes) -> Handler:
    """Sends its messages, and ends the stream when a mark comes back."""

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        for message in messages:
            await connection.send(message)
        with contextlib.suppress(Exception):
            async for message in connection:
                if isinstance(message, str) and json.loads(message).get("type") == "mark":
                    await connection.send(DISCONNECT)

    return handler


def test_the_caller_hears_the_bot_and_both_are_recorded(tmp_path: Path) -> None:
    """What is sent is played in real time, its mark comes back, and a stereo file holds both sides."""
    phone = Somebody(talk=np.full(160, 77, np.int16))
    sound = np.arange(1, 1601, dtype=np.int16)
    mark = '{"type":"mark","data":{"name":"m1"}}'
    log, _ = place(speaking(sound.tobytes(), mark, bytes(1920)), streaming, phone)
    start = phone.heard.index(1)
    assert phone.heard[start : start + 1600] == sound.tolist()
    assert phone.arrivals == [1600, 960]
    assert [(back.name, back.event) for back in log.of(MarkReturned)] == [("m1", "playout")]
    assert [command.kind for command in log.of(CommandTaken)] == ["mark", "disconnect"]
    assert log.faults == []
    log.save(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert set(samples[:160, 0].tolist()) == {77}
    assert samples[start : start + 1600, 1].tolist() == sound.tolist()


def test_kill_audio_silences_and_clears() -> None:
    """After `killAudio` nothing more is heard, and a pending mark comes back as cleared."""
    phone = Somebody()
    sound = np.full(8000, 500, np.int16).tobytes()
    messages = (sound, '{"type":"mark","data":{"name":"m1"}}', sound, '{"type":"killAudio"}')
    log, _ = place(speaking(*messages), streaming, phone)
    assert [(mark.name, mark.event) for mark in log.of(MarkReturned)] == [("m1", "cleared")]
    assert phone.heard.count(500) < 8000


@pytest.mark.parametrize(
    ("options", "messages", "says"),
    [
        ({"bidirectionalAudio": {"enabled": True, "streaming": True}}, [bytes(3200)], "never heard"),
        ({"bidirectionalAudio": {"enabled": True, "sampleRate": 8000}}, [bytes(3200)], "never heard"),
        ({}, [bytes(1000)], "62 ms of audio were never heard"),
        ({}, ["hello"], "no JSON"),
        ({}, ['{"event":"clear"}'], "`type`"),
        ({}, ['{"type":"transfer"}'], "`transfer`"),
        ({}, ['{"type":"mark","name":"m1"}'], "data.name"),
        ({}, ['{"type":"mark","data":{"name":"a b"}}'], "unescaped"),
        ({"metadata": {"token": "it's"}}, [], "ASCII"),
        ({"metadata": {"token": "x" * 9000}}, [], "larger"),
    ],
)
def test_what_jambonz_would_drop_is_a_fault(
    options: dict[str, Any], messages: list[str | bytes], says: str
) -> None:
    """Mistakes that a real jambonz swallows without a word are told here."""
    log, _ = place(speaking(*messages, DISCONNECT), partial(streaming, **options))
    assert any(says in fault for fault in log.faults), log.faults


@pytest.mark.parametrize("hurried", [False, True])
def test_the_action_hook_is_called_after_a_hang_up_too(hurried: bool) -> None:
    """When the caller hangs up the hook says `completed`, its reply has no effect; either hook may come first."""

    def prepare(bot: Bot) -> None:
        streaming(bot)
        bot.on("/next", [{"verb": "say", "text": "nobody hears this"}])

    log, bot = place(patient, prepare, Somebody({5: Spoken(hang_up=True)}), hurried_status=hurried)
    assert bot.body("/next")["call_status"] == "completed"
    assert log.verbs == ["listen"]
    assert bot.paths()[-2:] == (["/status", "/next"] if hurried else ["/next", "/status"])
    assert bot.body("/status")["call_termination_by"] == "caller"
    assert log.of(StreamClosed)[0].by == "caller"
    assert bot.sockets[0].close_code == 1000


DIAL = {
    "verb": "dial",
    "target": [{"type": "user", "name": "alice", "headers": {"X-B": "2"}}],
    "actionHook": "/dialed",
    "timeout": 5,
    "headers": {"X-A": "1", "X-B": "1"},
}


def dialling(bot: Bot, **more: Any) -> None:
    bot.on("/voice", [{**DIAL, **more}])
    bot.on("/dialed", [HANGUP])
    bot.on("/whisper", [{"verb": "say", "text": "Caller about order 1234"}])


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Outcome.ANSWER, "completed", 200),
        (Outcome.BUSY, "busy", 486),
        (Outcome.DECLINE, "failed", 603),
        (Outcome.UNREACHABLE, "failed", 404),
        (Outcome.NO_ANSWER, "ringing", 180),
        (Outcome.VANISH, "failed", 480),
        (Outcome.LEAVES_WHISPER, "completed", None),
    ],
)
def test_dial_outcomes_look_as_jambonz_reports_them(outcome: Outcome, status: str, code: int | None) -> None:
    """Each way a dial can end has its pair of status and code; a ring timeout shows the last provisional one."""
    phone = Somebody()
    log, bot = place(patient, partial(dialling, confirmHook="/whisper"), phone, agents={"alice": Agent(outcome)})
    told = bot.body("/dialed")
    assert (told["dial_call_status"], told.get("dial_sip_status")) == (status, code)
    assert told["dial_call_sid"]
    assert told["call_status"] == "in-progress"
    assert log.of(Dialled)[0].outcome == outcome.value
    assert phone.ticks == 0
    assert phone.away > 0


def test_while_it_rings_time_passes_as_ever() -> None:
    """Each second of ringing is 50 frames on both sides of the recording, no more; what came before is kept."""
    log, _ = place(patient, dialling, agents={"alice": Agent(Outcome.DECLINE, after=4.0)})
    ended = log.ended
    assert ended is not None
    assert 3.5 < len(log.caller_audio) / SAMPLE_RATE < ended.at + 0.1
    assert len(log.bot_audio) == len(log.caller_audio)


def test_the_whisper_is_heard_by_the_person_alone() -> None:
    """The confirm hook is asked about the dialled leg; the target's headers win over the verb's."""
    log, bot = place(patient, partial(dialling, confirmHook="/whisper"))
    (leg,) = log.of(Dialled)
    assert leg.whisper == "Caller about order 1234"
    assert leg.headers == {"X-A": "1", "X-B": "2"}
    asked = bot.body("/whisper")
    assert asked["parent_call_sid"] == bot.body("/voice")["call_sid"]
    assert asked["call_sid"] != asked["parent_call_sid"]
    assert asked["direction"] == "outbound"
    told = [body["call_status"] for body in statuses(bot) if "parent_call_sid" in body]
    assert told == ["in-progress", "completed"]


def test_a_failing_confirm_hook_hangs_up_on_the_person() -> None:
    """jambonz drops the answered leg when the whisper cannot be had."""

    def prepare(bot: Bot) -> None:
        dialling(bot, confirmHook="/whisper")
        bot.on("/whisper", (500, "broken"))

    log, bot = place(patient, prepare)
    assert log.of(Dialled)[0].outcome == "decline"
    assert bot.body("/dialed")["dial_call_status"] == "in-progress"


def test_a_whisper_may_ask_for_a_key() -> None:
    """A gather in the confirm hook gets the person's key, and its answer decides."""

    def prepare(bot: Bot) -> None:
        dialling(bot, confirmHook="/whisper")
        gather = {"verb": "gather", "input": ["digits"], "actionHook": "/accept", "say": {"text": "press one"}}
        bot.on("/whisper", [gather])
        bot.on("/accept", [HANGUP])

    log, bot = place(patient, prepare, agent=Agent(press="1"))
    assert bot.body("/accept")["digits"] == "1"
    assert log.of(Dialled)[0].whisper == "press one"
    assert log.of(Dialled)[0].outcome == "decline"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (Agent(), {"digits": "1", "reason": "dtmfDetected"}),
        (Agent(Outcome.REFUSE), {"digits": "2", "reason": "dtmfDetected"}),
        (Agent(Outcome.MACHINE), {"reason": "timeout"}),
        (Agent(press=""), {"reason": "timeout"}),
    ],
)
def test_people_and_machines_press_what_they_press(agent: Agent, told: dict[str, str]) -> None:
    """One who takes the call presses 1, one who does not presses 2, and a machine presses nothing."""

    def prepare(bot: Bot) -> None:
        dialling(bot, confirmHook="/whisper")
        bot.on("/whisper", [{"verb": "gather", "input": ["digits"], "timeout": 1, "actionHook": "/accept"}])
        bot.on("/accept", [HANGUP])

    _, bot = place(patient, prepare, agent=agent)
    asked = bot.body("/accept")
    assert {name: asked[name] for name in ("digits", "reason") if name in asked} == told


def test_of_two_who_answer_at_once_one_gets_the_call() -> None:
    """Both hear the whisper; whose confirmation is through first is connected, the other one stops ringing."""
    targets = [{"type": "user", "name": name} for name in ("alice", "bob")]
    log, bot = place(patient, partial(dialling, target=targets, confirmHook="/whisper"))
    assert sorted(leg.outcome for leg in log.of(Dialled)) == ["answer", "cancelled"]
    assert bot.paths().count("/whisper") == 2
    assert bot.body("/dialed")["dial_call_status"] == "completed"


def test_an_answer_may_get_lost_on_the_way() -> None:
    """The bot was asked, but jambonz never learns what it said; the next time it does."""

    def prepare(bot: Bot) -> None:
        bot.on(
            "/voice", [{"verb": "redirect", "actionHook": "/more"}, {"verb": "redirect", "actionHook": "/more"}]
        )
        bot.on("/more", [HANGUP])

    log, bot = place(patient, prepare, lost={"/more": 1})
    assert bot.paths().count("/more") == 2
    assert log.faults == ["/more: the answer got lost"]
    assert log.verbs == ["redirect", "redirect", "hangup"]


def test_a_caller_leaves_the_queue_when_told() -> None:
    """The wait hook is asked again when its programme is over, with the time waited; `leave` ends the waiting."""

    def prepare(bot: Bot) -> None:
        bot.on("/voice", [{"verb": "enqueue", "name": "q", "actionHook": "/queued", "waitHook": "/wait"}])
        hold = [{"verb": "say", "text": "You are first."}, {"verb": "pause", "length": 2}]
        bot.on("/wait", hold, [{"verb": "leave"}])
        bot.on("/queued", [HANGUP])

    log, bot = place(patient, prepare, agent=Agent(Outcome.NO_ANSWER))
    assert bot.body("/queued")["queue_result"] == "leave"
    assert bot.body("/queued")["queue_time"] >= 2
    assert [(each.heard, each.result) for each in log.of(Queued)] == [(("You are first.",), "leave")]


@pytest.mark.parametrize("answer", [[], [{"verb": "listen", "url": "ws://bot.example/audio"}], (500, "broken")])
def test_a_wait_hook_that_says_nothing_leaves_the_caller_in_silence(answer: Any) -> None:
    """Nothing, a verb that may not be there, or an error: the caller stays, unasked, until somebody comes."""

    def prepare(bot: Bot) -> None:
        bot.on("/voice", [{"verb": "enqueue", "name": "q", "actionHook": "/queued", "waitHook": "/wait"}])
        bot.on("/wait", answer)
        bot.on("/queued", [HANGUP])

    log, bot = place(patient, prepare, agent=Agent(after=2.0))
    assert bot.paths().count("/wait") == 1
    assert bot.body("/queued")["queue_result"] == "bridged"
    assert "the caller waits in silence" in log.faults[-1]


def test_the_first_person_to_answer_wins() -> None:
    """All targets ring at once: a busy one does not stop the others, and whoever is slower stops ringing."""
    targets = [{"type": "user", "name": name} for name in ("slow", "busy", "quick")]
    agents = {"slow": Agent(after=3.0), "busy": Agent(Outcome.BUSY, after=0.1), "quick": Agent(after=1.0)}
    log, bot = place(patient, partial(dialling, target=targets), agents=agents)
    assert [(leg.target["name"], leg.outcome) for leg in log.of(Dialled)] == [
        ("busy", "busy"),
        ("quick", "answer"),
        ("slow", "cancelled"),
    ]
    assert bot.body("/dialed")["dial_call_status"] == "completed"


def test_a_caller_may_give_up_while_it_rings() -> None:
    """Then the hook says that the call is over, and its reply has no effect."""
    log, bot = place(patient, dialling, agent=Agent(caller_leaves=0.5, after=4.0))
    assert bot.body("/dialed")["call_status"] == "completed"
    assert log.of(Dialled)[0].outcome == "abandoned"
    assert log.ended is not None
    assert log.ended.by is EndedBy.CALLER


@pytest.mark.parametrize(
    ("answer", "verbs"), [([{"verb": "say", "text": "x"}], ["listen", "say"]), ([], ["listen", "hangup"])]
)
def test_a_rest_redirect_still_calls_the_action_hook(answer: list[Any], verbs: list[str]) -> None:
    """What the action hook answers overwrites the redirect; only when it answers nothing the redirect runs."""

    async def redirect(call: JambonzCall, bot: Bot) -> None:
        await bot.connected.wait()
        call.redirect("/elsewhere")

    def prepare(bot: Bot) -> None:
        streaming(bot)
        bot.on("/next", answer)
        bot.on("/elsewhere", [HANGUP])

    log, bot = place(patient, prepare, during=redirect)
    assert log.verbs == verbs
    assert ("/elsewhere" in bot.paths()) is (answer == [])


def test_redirect_tag_and_enqueue() -> None:
    """`redirect` asks for new verbs, `tag` comes back as customerData, and a queue reports its result."""

    def prepare(bot: Bot) -> None:
        bot.on("/voice", [{"verb": "tag", "data": {"k": "v"}}, {"verb": "redirect", "actionHook": "/more"}])
        bot.on("/more", [{"verb": "enqueue", "name": "q", "actionHook": "/queued", "waitHook": "/wait"}])
        bot.on("/wait", [{"verb": "say", "text": "please hold"}])
        bot.on("/queued", [{"verb": "pause", "length": 1}, HANGUP])

    log, bot = place(patient, prepare)
    assert bot.body("/more")["customerData"] == {"k": "v"}
    assert "caller_id" not in bot.body("/wait")
    assert bot.body("/queued")["queue_result"] == "bridged"
    assert log.verbs == ["tag", "redirect", "enqueue", "pause", "hangup"]


def test_every_hook_is_in_the_log_with_its_answer() -> None:
    """The log holds what was asked and what came back."""
    log, _ = place(ended_at_once, streaming)
    hooks = log.of(HookCalled)
    assert [hook.path for hook in hooks] == ["/voice", "/status", "/status", "/next", "/status"]
    assert hooks[3].reply == [HANGUP]
    assert all(hook.status == 200 for hook in hooks)
