"""Calls to a running installation, by a simulated jambonz or mu-law client and a caller who really speaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests.e2e.server import SECRET, Installation
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm
from voicebot.crm.note import is_marked
from voicebot.gateways import MULAW_PATH
from voicebot.testing.caller import Caller, Step, Turn, prepare
from voicebot.testing.caller_mulaw import MulawCall
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.hubspot_records import Record
from voicebot.testing.jambonz import Account, JambonzCall
from voicebot.testing.jambonz_dial import Agent
from voicebot.testing.jambonz_log import CallLog, Entry, VerbRun
from voicebot.testing.jambonz_stream import MediaServer
from voicebot.testing.phone import audible
from voicebot.tts.espeak import EspeakSynthesizer

CALLER = "+14155550142"
CALLED = "+14155550199"

AMERICAN, SHE, BRITISH = "en-us", "en-us+f3", "en-gb+m3"
"""Voices the demo recogniser knows."""

SENDS_SILENCE = MediaServer(dtx=False)
"""As most telephones do. Where none is sent nobody can tell a halt of the caller from one of this process."""

LONGEST = 90.0
"""Seconds after which a caller gives up, so that no test hangs."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A call that is over."""

    call_id: str
    log: CallLog
    turns: list[Turn]

    @property
    def dial_headers(self) -> Mapping[str, str]:
        """The SIP headers of its last transfer."""
        runs = [run.verb.options for run in self.log.of(VerbRun) if run.verb.name == "dial"]
        headers: Mapping[str, str] = runs[-1].get("headers") or {}
        return headers


async def jambonz(
    to: Installation,
    *steps: Step,
    voice: str = AMERICAN,
    caller: str = CALLER,
    agent: Agent | None = None,
    observer: Callable[[Entry], None] | None = None,
    **more: Any,
) -> Finished:
    """One call through the simulated jambonz, in real time. more: of its account."""
    person = await _person(steps, voice)
    more = {"media": SENDS_SILENCE, **more}
    account = Account(f"{to.http}/voice", f"{to.http}/status", SECRET, agent=agent or Agent(), **more)
    call = JambonzCall(account, person, caller, CALLED, observer=observer, longest=LONGEST)
    return Finished(call.facts.call_sid, await call.run(), person.turns)


async def mulaw(to: Installation, token: str, *steps: Step, voice: str = AMERICAN) -> Finished:
    """One call over the mu-law JSON path."""
    person = await _person(steps, voice)
    call = MulawCall(to.audio + MULAW_PATH, token, person, CALLER, CALLED, longest=LONGEST)
    return Finished(call.call_id, await call.run(), person.turns)


async def _person(steps: tuple[Step, ...], voice: str) -> Caller:
    return Caller(steps, await prepare(steps, _synthesizer(voice)))


@cache
def _synthesizer(voice: str) -> EspeakSynthesizer:
    return EspeakSynthesizer(voice)


class Moment:
    """Set when an entry that fits is written; pass it as the observer of a call."""

    def __init__(self, fits: Callable[[Entry], bool]) -> None:
        self._fits = fits
        self._event = asyncio.Event()
        self.entry: Entry | None = None

    def __call__(self, entry: Entry) -> None:
        if self.entry is None and self._fits(entry):
            self.entry = entry
            self._event.set()

    async def come(self) -> Entry:
        """The entry, once it is there; fails after the longest a call may take."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                await self._event.wait()
        assert self.entry is not None, f"what was waited for did not happen within {LONGEST:g} s"
        return self.entry


def said(record: Mapping[str, Any], who: str) -> list[str]:
    """What one side of a call said, by its record; a recogniser may spell goodbye as one word or as two."""
    said_by = (turn["text"] for turn in record["transcript"] if turn["who"] == who)
    return [text.replace("Good bye", "Goodbye") for text in said_by]


def notes_of(hubspot: FakeHubSpot, call_id: str) -> list[Record]:
    """The notes about a call."""
    return [note for note in hubspot.notes if is_marked(note.properties["hs_note_body"], call_id)]


def silent_after(log: CallLog) -> float:
    """Seconds from the caller's first sound until the bot's voice ends in the caller's ear."""
    spoke = next(index for index, pcm in enumerate(_frames(log.caller_audio)) if audible(pcm))
    bot = _frames(log.bot_audio)
    quiet = spoke
    # A pause between two words is no end: the bot has stopped when 0.3 s hold no sound.
    while any(audible(pcm) for pcm in bot[quiet : quiet + round(0.3 / FRAME_SECONDS)]):
        quiet += 1
    return (quiet - spoke) * FRAME_SECONDS


def _frames(pcm: Pcm) -> list[Pcm]:
    return np.split(pcm, range(FRAME_SAMPLES, len(pcm), FRAME_SAMPLES))
