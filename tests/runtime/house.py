"""A whole audio server in the test's own loop, with fakes for the engines, and a client that plays jambonz."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.database import empty
from voicebot.asr.port import Recognizer
from voicebot.audio import Pcm
from voicebot.audio.vad import EachByItself, VoiceDetector
from voicebot.call.rules import Rules
from voicebot.crm.callers import Callers
from voicebot.crm.finder import Finder
from voicebot.dialog import FileDialog
from voicebot.dialog.port import Dialog
from voicebot.dialog.types import LookUpResult
from voicebot.lookup.port import LookUps
from voicebot.privacy.redact import Redactor
from voicebot.runtime.beat import Beat
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.recording import Recorder
from voicebot.runtime.server import AudioServer
from voicebot.runtime.services import Services
from voicebot.runtime.taping import Tapes
from voicebot.runtime.ticker import Ticker
from voicebot.settings import Recordings, Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.records import Records
from voicebot.store.sessions import Session, Sessions
from voicebot.testing.dialog import EchoDialog
from voicebot.testing.loudness import LoudnessDetector
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts.port import Synthesizer

AUDIO_TOKEN = "plain-client-token"
VOICE: Pcm = np.tile(np.array([3000, -3000], np.int16), 80)
QUIET: Pcm = np.zeros(160, np.int16)


class NoLookUps:
    """A dialog without look-ups asks for none."""

    async def ask(self, name: str, slots: Any) -> LookUpResult:
        raise AssertionError(f"nothing should ask for {name}")

    async def aclose(self) -> None:
        return None


class House:
    """A running server and what it shares with the webhooks."""

    def __init__(self, server: AudioServer, services: Services) -> None:
        self.server = server
        self.services = services

    @property
    def sessions(self) -> Sessions:
        return self.services.sessions

    def token(self, call_id: str = "call-1") -> str:
        """What `/voice` does: a session and a stream token."""
        self.sessions.open(Session(call_id, "+15551230001", "+15550000000", time.time(), "jambonz"))
        return self.sessions.issue_token(call_id)

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.server.port}{path}"


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    recognizer: Recognizer | None = None,
    synthesizer: Synthesizer | None = None,
    dialog: Dialog | None = None,
    sessions: Sessions | None = None,
    lookups: LookUps | None = None,
    detector: Callable[[], VoiceDetector] = LoudnessDetector,
    token_seconds: float = 5.0,
    finders: Mapping[str, Finder] | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """A server on a free port that is closed, with its calls, at the end."""
    chosen = Settings(ws_port=0, data_dir=folder, audio_token=SecretStr(AUDIO_TOKEN), **settings)
    records = Records.open(empty(folder / "voicebot.db"))
    dialog = dialog or EchoDialog()
    ticker = Ticker()
    rules = Rules(min_pause=0.1, max_pause=0.2, guess_after=0.06, silence=1.5)
    services = Services(
        settings=chosen,
        dialog=dialog,
        rules=rules,
        recognizer=recognizer or ScriptedRecognizer(),
        synthesizer=synthesizer or ToneSynthesizer(seconds_per_character=0.01),
        apology=ToneSynthesizer(seconds_per_character=0.01).audio(dialog.apology),
        lookups=lookups or NoLookUps(),
        sessions=sessions or MemorySessions(600, 600),
        records=records,
        journal=Journal(),
        capacity=Capacity(chosen.max_calls),
        ticker=ticker,
        beat=Beat(ticker, EachByItself(detector)),
        redactor=Redactor(chosen.redact),
        recorder=(
            None if chosen.recordings is Recordings.OFF else Recorder(chosen.recordings_dir, chosen.recordings)
        ),
        tapes=Tapes(chosen, dialog, rules) if isinstance(dialog, FileDialog) and chosen.record_inputs else None,
        callers=Callers(finders, records.outbox.targets, "US") if finders else None,
    )
    server = AudioServer(services, token_seconds)
    await server.start()
    try:
        yield House(server, services)
    finally:
        await server.close()
        if services.callers is not None:
            services.callers.close()
        if services.recorder is not None:
            assert await asyncio.to_thread(services.recorder.close, 5.0)
        await asyncio.to_thread(services.journal.close, 5.0)
        records.close()


class Caller:
    """A jambonz media server on one socket, with a caller behind it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[bytes] = []
        self.commands: list[dict[str, Any]] = []
        self.audible = asyncio.Event()
        self.disconnected = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def begin(self, token: str, call_id: str = "call-1") -> None:
        await self.connection.send(
            json.dumps({"sampleRate": 8000, "mixType": "mono", "callSid": call_id, "token": token})
        )

    async def speak(self, seconds: float = 0.4) -> None:
        """Voice, then a pause, in real time; no further than the stream goes."""
        with contextlib.suppress(ConnectionClosed):
            for pcm, duration in ((VOICE, seconds), (QUIET, 0.4)):
                for _ in range(round(duration / 0.02)):
                    await self.connection.send(pcm.tobytes())
                    await asyncio.sleep(0.02)

    async def closed(self) -> int:
        """Waits for the server to close; the close code."""
        async with asyncio.timeout(10):
            await self.connection.wait_closed()
        return int(self.connection.close_code or 0)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._hear()

    async def _hear(self) -> None:
        async for message in self.connection:
            if isinstance(message, bytes):
                self.heard.append(message)
                if np.frombuffer(message, "<i2").any():
                    self.audible.set()
                continue
            command = json.loads(message)
            self.commands.append(command)
            if command["type"] == "disconnect":
                self.disconnected.set()
                await self.connection.close()


@contextlib.asynccontextmanager
async def calling(running: House, call_id: str = "call-1", **options: Any) -> AsyncIterator[Caller]:
    """A caller whose stream has begun with a valid token."""
    token = await asyncio.to_thread(running.token, call_id)
    async with connect(running.url("/audio/jambonz"), compression=None, **options) as connection:
        caller = Caller(connection)
        await caller.begin(token, call_id)
        yield caller


async def until(event: asyncio.Event) -> None:
    """Waits for `event`, at most ten seconds."""
    async with asyncio.timeout(10):
        await event.wait()
