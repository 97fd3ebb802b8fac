"""The measured process: the audio server with the real dialog, voice detector, reply cache, journal and SQLite.

Only recognition and synthesis are fakes, because they run elsewhere when a process holds many calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import re
import time
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.media_plane.figures import SERVER_CORE, Ready, ServerTotals, Step
from benchmarks.media_plane.tally import CountedDetection, SampledTicker, Tally
from voicebot import logs
from voicebot.asr.port import Speech
from voicebot.audio.vad import detection
from voicebot.call.rules import Rules
from voicebot.dialog import load
from voicebot.lookup.build import build as build_lookups
from voicebot.privacy.redact import Redactor
from voicebot.runtime.beat import Beat
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.server import AudioServer
from voicebot.runtime.services import Services
from voicebot.settings import Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.records import Records
from voicebot.store.sessions import Session
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts.cache import CachedSynthesizer

LOG = "log"

_COMPLAINT = re.compile(r'"level": "(warning|error|critical)"|^(WARNING|ERROR|CRITICAL) ')
"""Of our own log events, and of libraries' as `voicebot.logs` has them written."""

RECOGNISER_SECONDS = 0.15

SECONDS_PER_CHARACTER = 0.014
"""Replies of one to two and a half seconds, so that the bot has finished before the caller goes on."""

HEARD = (
    "What are your opening hours?",
    "Where is my order ORD 1234?",
    "When will I get my refund?",
    "What can you do?",
    "Are you a robot?",
)
"""What the recogniser makes of any utterance, in turn: each is answered, none ends the call."""


def run(pipe: Connection, step: Step, folder: Path) -> None:
    """Serve until told to stop: sends `Ready`, then answers "begin", "end" and "stop"."""
    os.sched_setaffinity(0, {SERVER_CORE})
    settings = Settings(
        ws_port=0,
        data_dir=folder,
        vad=step.vad,
        max_calls=step.calls,
        session_ttl=600,
        log_format="json",
    )
    with open(folder / LOG, "w", buffering=1) as log:
        with contextlib.redirect_stderr(log):
            logs.configure(settings)
        asyncio.run(_serve(pipe, step, settings))


async def _serve(pipe: Connection, step: Step, settings: Settings) -> None:
    tally = Tally()
    services = await _services(settings, step, tally)
    # As `processes.serving_media` does.
    gc.freeze()
    server = AudioServer(services)
    await server.start()
    pipe.send(Ready(server.port, _tokens(services, step.calls)))
    while (told := await asyncio.to_thread(pipe.recv)) != "stop":
        if told == "begin":
            tally.begin()
            pipe.send(None)
        else:
            pipe.send(tally.end())
    await server.close()
    await asyncio.to_thread(services.journal.close, 30.0)
    services.records.close()
    log = (settings.data_dir / LOG).read_text().splitlines()
    pipe.send(ServerTotals(tally.frames, sum(_COMPLAINT.search(line) is not None for line in log)))


async def _services(settings: Settings, step: Step, tally: Tally) -> Services:
    dialog = load(settings.dialog)
    heard = itertools.cycle(HEARD)

    def reply(_: Speech) -> str:
        # What a fake remembers for tests would count as the server's memory here.
        recognizer.asked.clear()
        return next(heard)

    recognizer = ScriptedRecognizer(reply, RECOGNISER_SECONDS)
    tones = ToneSynthesizer(SECONDS_PER_CHARACTER)
    voice = CachedSynthesizer(tones, settings.voice_cache_mb)
    await voice.warm(dialog.fixed_lines())
    ticker = SampledTicker(tally)
    return Services(
        settings=settings,
        dialog=dialog,
        rules=Rules.of(settings),
        recognizer=recognizer,
        synthesizer=voice,
        apology=tones.audio(dialog.apology),
        lookups=build_lookups(dialog.lookups, settings.dialog.parent),
        sessions=MemorySessions(settings.session_ttl, settings.context_ttl),
        records=Records.open(settings.database),
        journal=Journal(),
        capacity=Capacity(settings.max_calls),
        ticker=ticker,
        beat=Beat(ticker, CountedDetection(detection(step.vad), tally, step.hearing)),
        redactor=Redactor(settings.redact),
    )


def _tokens(services: Services, calls: int) -> dict[str, str]:
    """What `/voice` does, for every call."""
    tokens = {}
    for number in range(calls):
        call_id = f"call-{number}"
        services.sessions.open(Session(call_id, "+15550100", "+15550199", time.time(), "jambonz"))
        tokens[call_id] = services.sessions.issue_token(call_id)
    return tokens
