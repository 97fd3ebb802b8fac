"""The callers: the same for every server, over the same simulated jambonz."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.turn_taking.script import Pause, Words, parts
from benchmarks.versus_pipecat.script import LINES, VOICES, Round
from voicebot.audio import Pcm, silence
from voicebot.testing.call_command import CallResult, Server, run_call
from voicebot.testing.call_report import Reporter
from voicebot.testing.caller import HangUp, Listen, Say, Step
from voicebot.testing.caller_line import Noise, trimmed
from voicebot.tts.espeak import EspeakSynthesizer

NOISE_DBFS = -60.0
"""A quiet line: a simulated telephone without noise would send nothing in a pause."""

STAGGER = 1.3
"""Seconds between the beginnings of calls at the same time: callers do not speak in chorus."""

LONGEST = 120.0
"""Seconds after which a caller gives up."""

GRAVE = ("the call was not answered", "the bot never said anything")
"""Problems that spoil a comparison. A message too short for jambonz's buffer, as pipecat's are, does not."""


@dataclass(slots=True)
class Waits:
    """What callers waited.

    seconds: from the last voiced frame on the wire to the first audible frame of the reply. asked: lines said.
    over: lines into which the bot spoke, so that its reply cannot be told. problems: why calls went wrong.
    """

    together: int
    seconds: list[float] = field(default_factory=list)
    asked: int = 0
    over: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        """Lines without a reply."""
        return self.asked - self.over - len(self.seconds)


class Hesitant:
    """A caller's voice that halts where the line says so."""

    def __init__(self, voice: EspeakSynthesizer) -> None:
        self._voice = voice

    @property
    def description(self) -> str:
        """As the voice's own."""
        return self._voice.description

    @property
    def key(self) -> str:
        """As the voice's own."""
        return self._voice.key

    async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        """As `Synthesizer.stream`."""
        for part in parts(text):
            match part:
                case Pause(seconds):
                    yield silence(seconds)
                case Words(words):
                    yield trimmed(np.concatenate([pcm async for pcm in self._voice.stream(words)]))
                case _:
                    raise ValueError(f"a caller here does not cough: {text!r}")

    async def aclose(self) -> None:
        """As the voice's own."""
        await self._voice.aclose()


def converse(server: Server, one: Round) -> Waits:
    """The calls of a round."""
    waits = Waits(one.together)
    for result in asyncio.run(_together(server, one)):
        for turn in result.turns:
            waits.asked += 1
            waits.over += turn.overlapped
            if turn.latency is not None:
                waits.seconds.append(turn.latency)
        waits.problems += [problem for problem in result.problems if problem in GRAVE]
    return waits


async def _together(server: Server, one: Round) -> list[CallResult]:
    return await asyncio.gather(*(_call(server, one, number) for number in range(one.together)))


async def _call(server: Server, one: Round, number: int) -> CallResult:
    await asyncio.sleep(number * STAGGER)
    voice = Hesitant(EspeakSynthesizer(VOICES[number % len(VOICES)]))
    said = [LINES[(number + place) % len(LINES)] for place in range(one.lines)]
    steps: list[Step] = [*(Say(text) for text in said), Listen(), HangUp()]
    return await run_call(
        server, steps, voice, Reporter(lambda line: None), noise=Noise(NOISE_DBFS, seed=number), longest=LONGEST
    )
