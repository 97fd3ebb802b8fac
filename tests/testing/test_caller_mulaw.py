"""Calls over the mu-law JSON path, against our own codec."""

import asyncio

import numpy as np
from websockets.asyncio.server import ServerConnection

from tests.testing.bot import Handler, running, tone
from voicebot.audio import Pcm, g711
from voicebot.gateways import AudioReceived, DigitReceived, MulawJsonWire, StreamStarted, StreamStopped, WireEvent
from voicebot.testing.caller_mulaw import MulawCall, MulawPlayback
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_log import CallLog, EndedBy, MarkReturned, StreamClosed
from voicebot.testing.jambonz_media import MarkReport
from voicebot.testing.phone import Heard, Spoken


class Somebody:
    def __init__(self, plan: dict[int, Spoken]) -> None:
        self.plan = plan
        self.ticks = 0
        self.heard: list[int] = []

    def tick(self, heard: Heard | None, now: float) -> Spoken:
        assert heard is not None
        self.heard.extend(heard.pcm.tolist())
        self.ticks += 1
        return self.plan.get(self.ticks, Spoken())

    def arrived(self, pcm: Pcm, now: float) -> None:
        self.heard.extend(())


def place(handler: Handler, phone: Somebody) -> CallLog:
    async def run() -> CallLog:
        async with running(handler) as bot, asyncio.timeout(20):
            call = MulawCall(f"{bot.audio}/audio", "t-1", phone, "+1", "+2", Clock(25.0), longest=30.0)
            return await call.run()

    return asyncio.run(run())


def test_a_whole_call() -> None:
    """Start with token and numbers, audio and keys in order, the bot's audio and its mark, `stop` at the end."""
    events: list[WireEvent] = []
    sound = g711.decode(g711.encode(tone(0.2)))

    async def handler(connection: ServerConnection) -> None:
        wire = MulawJsonWire()
        async for message in connection:
            new = wire.receive(message, 0.0)
            events.extend(new)
            if any(isinstance(event, StreamStarted) for event in new):
                for out in (*wire.send(sound, 0.0), *wire.finish("m1", 0.0)):
                    await connection.send(out)

    voice = np.full(160, 999, np.int16)
    phone = Somebody({2: Spoken(voice), 3: Spoken(keys="7"), 40: Spoken(hang_up=True)})
    log = place(handler, phone)
    started = events[0]
    assert isinstance(started, StreamStarted)
    assert (started.token, started.caller, started.called) == ("t-1", "+1", "+2")
    audio = [event.pcm for event in events if isinstance(event, AudioReceived)]
    assert len(audio) == 40
    assert audio[1].tolist() == g711.decode(g711.encode(voice)).tolist()
    assert [event.key for event in events if isinstance(event, DigitReceived)] == ["7"]
    assert isinstance(events[-1], StreamStopped)
    start = next(index for index, sample in enumerate(phone.heard) if sample)
    assert sound.tolist()[1:] == phone.heard[start : start + len(sound) - 1]
    assert [mark.name for mark in log.of(MarkReturned)] == ["m1"]
    assert log.ended is not None
    assert log.ended.by is EndedBy.CALLER
    assert log.faults == []


def test_the_bot_ends_the_call_by_closing() -> None:
    """A normal close is the bot's goodbye."""

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close()

    log = place(handler, Somebody({}))
    assert log.of(StreamClosed)[0].by == "bot"
    assert log.faults == []


def test_a_refused_socket_is_a_fault() -> None:
    """Closing with an error code is told with the code."""

    async def handler(connection: ServerConnection) -> None:
        await connection.close(1008)

    log = place(handler, Somebody({}))
    assert "1008" in log.faults[0]


def test_messages_that_are_no_frames_are_faults() -> None:
    """Whatever the bot sends, the call goes on."""

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        for message in ("{", "[]", "{}", b"x", '{"event":"media","media":{"payload":"@"}}', '{"event":"hm"}'):
            await connection.send(message)
        await connection.close()

    assert len(place(handler, Somebody({})).faults) == 6


def test_clear_drops_audio_and_returns_its_marks() -> None:
    """After a clear nothing is played, and marks come back at the next tick."""
    playback = MulawPlayback()
    playback.receive(np.full(800, 5, np.int16))
    playback.mark("m1")
    assert playback.tick().pcm.tolist() == [5] * 160
    playback.clear()
    frame = playback.tick()
    assert not frame.playing
    assert frame.marks == (MarkReport("m1", "cleared"),)
