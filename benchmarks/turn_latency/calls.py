"""Some calls at the same time, each with a caller who goes through the script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.turn_latency.bot import Bot
from benchmarks.turn_latency.script import VOICES, Line
from benchmarks.turn_latency.turns import Measured, matched
from voicebot.testing.call_command import CallResult, run_call
from voicebot.testing.call_report import Reporter
from voicebot.testing.caller import HangUp, Interrupt, Say, Step, Wait
from voicebot.testing.caller_line import Noise
from voicebot.testing.jambonz_log import StreamOpened
from voicebot.tts.espeak import EspeakSynthesizer

NOISE_DBFS = -60.0
"""A quiet line. Without it the simulated telephone would send nothing in a pause, and the voice detector's tail,
which every caller on a real line waits for, would not be measured."""

STAGGER = 1.7
"""Seconds between the beginnings of calls at the same time: callers do not speak in chorus."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of some calls. problems: why calls did not go as they should."""

    at_once: int
    turns: list[Measured]
    problems: list[str]


def polite(lines: Sequence[Line]) -> list[Step]:
    """The script of a caller who lets the bot finish."""
    return [Say(line.said) for line in lines]


def hasty(lines: Sequence[Line]) -> list[Step]:
    """The script of a caller who never lets the bot finish, for a run of some seconds."""
    return [*(Interrupt(0.2, Say(line.said)) for line in lines), Wait(1.0), HangUp()]


def converse(bot: Bot, lines: Sequence[Line], steps: Sequence[Step], calls: int, at_once: int) -> Round:
    """At least `calls` calls, always `at_once` together."""
    gathered = Round(at_once, [], [])
    for _ in range(-(-calls // at_once)):
        for result in asyncio.run(_together(bot, steps, at_once)):
            gathered.problems.extend(result.problems)
            for opened in result.log.of(StreamOpened)[:1]:
                entries = bot.record(result.call_id).turns
                gathered.turns.extend(matched(lines, result.turns, entries, opened.at))
    return gathered


async def _together(bot: Bot, steps: Sequence[Step], at_once: int) -> list[CallResult]:
    return await asyncio.gather(*(_call(bot, steps, number) for number in range(at_once)))


async def _call(bot: Bot, steps: Sequence[Step], number: int) -> CallResult:
    await asyncio.sleep(number * STAGGER)
    voice = EspeakSynthesizer(VOICES[number % len(VOICES)])
    noise = Noise(NOISE_DBFS, seed=number)
    return await run_call(bot.server, steps, voice, Reporter(lambda line: None), noise=noise)
