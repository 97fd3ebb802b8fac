"""One call between its socket, its engines and the beat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runtime.house import QUIET, VOICE, house
from voicebot.asr.port import Speech
from voicebot.audio import FRAME_SECONDS, Pcm, seconds
from voicebot.audio.vad import EachByItself
from voicebot.gateways import AudioReceived, JambonzWire, MarkPlayed, Message
from voicebot.runtime.beat import Beat
from voicebot.runtime.departure import Departure
from voicebot.runtime.metrics import Metrics
from voicebot.runtime.runner import Runner
from voicebot.runtime.socket import Outlet
from voicebot.runtime.ticker import Ticker
from voicebot.testing.loudness import LoudnessDetector
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.tones import ToneSynthesizer


class ToldLoop(asyncio.SelectorEventLoop):
    """A loop whose time is what it is told."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Socket:
    """A connection that takes everything and is closed when we say so."""

    async def send(self, message: Message) -> None:
        return None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        return None

    async def wait_closed(self) -> None:
        return None


class WaitingVoice(ToneSynthesizer):
    """A voice that is `asked` and says nothing until it may."""

    def __init__(self) -> None:
        super().__init__(seconds_per_character=0.01)
        self.may = asyncio.Event()

    async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        await self.may.wait()
        async for pcm in super().stream(text):
            yield pcm


def _heard(speech: Speech) -> str:
    return "one" if seconds(speech.pcm) < 0.7 else "one two"


@pytest.mark.parametrize("late", ["a mark", "the voice"])
def test_nothing_is_told_before_what_the_caller_said_while_we_were_busy(late: str, tmp_path: Path) -> None:
    """Whatever is told first after a stall of ours would take the audio nobody has read yet for a pause."""
    loop = ToldLoop()

    async def scenario() -> list[str]:
        voice = WaitingVoice()
        async with house(tmp_path, recognizer=ScriptedRecognizer(_heard), synthesizer=voice) as running:
            beat = Beat(Ticker(), EachByItself(LoudnessDetector))
            services = replace(running.services, beat=beat)
            running.token()
            session = running.sessions.get("call-1")
            assert session is not None
            wire, outlet = JambonzWire(), Outlet(Socket())
            departure = Departure(session, wire, outlet, Socket(), services.sessions, services.dialog)
            metrics = Metrics(services.capacity, services.ticker, services.journal)
            runner = Runner(session, wire, outlet, departure, services, metrics)

            async def hear(pcm: Pcm, duration: float) -> None:
                for _ in range(round(duration / FRAME_SECONDS)):
                    loop.now += FRAME_SECONDS
                    runner.take([AudioReceived(pcm)])
                    beat.strike(loop.now)
                    await rounds()

            async def rounds() -> None:
                for _ in range(5):
                    await asyncio.sleep(0)

            runner.start()
            if late == "a mark":
                voice.may.set()
            await hear(QUIET, 1.2)
            await hear(VOICE, 0.3)
            await hear(QUIET, 0.08)
            loop.now += 0.5
            if late == "a mark":
                runner.take([MarkPlayed("u1")])
            else:
                voice.may.set()
                await rounds()
            runner.take([AudioReceived(VOICE)] * 25)
            beat.strike(loop.now)
            await hear(QUIET, 0.4)
            runner.stop()
            await runner.finished()
            assert await asyncio.to_thread(services.journal.close, 5.0)
            view = services.records.call("call-1")
            assert view is not None
            return [turn.text for turn in view.turns if turn.speaker.value == "caller"]

    try:
        assert loop.run_until_complete(scenario()) == ["one two"]
    finally:
        loop.close()
