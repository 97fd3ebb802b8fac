"""A recogniser that hears what it is told to, for tests and demonstrations of everything behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from voicebot.asr.port import Speech, Transcript
from voicebot.errors import RecognizerError

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Failing:
    """A recognition that fails with `error`."""

    error: RecognizerError = field(default_factory=lambda: RecognizerError("scripted failure"))


@dataclass(frozen=True, slots=True)
class Hanging:
    """A recognition that never ends; only cancelling it does."""


Reply: TypeAlias = str | Transcript | Failing | Hanging
"""What a recognition comes to; a plain text is heard with confidence 0.95."""

Script: TypeAlias = Iterable[Reply] | Callable[[Speech], Reply]
"""Replies in the order they are asked for, or what each utterance means."""


class ScriptedRecognizer:
    """Answers from a script; silence (an empty text) once the script is used up.

    latency: seconds each answer takes. sleep: how to wait them, `asyncio.sleep` or a test's virtual clock.
    """

    def __init__(self, script: Script = (), latency: float = 0.0, sleep: Sleep = asyncio.sleep) -> None:
        self._reply = script if callable(script) else _in_order(script)
        self._latency = latency
        self._sleep = sleep
        self.asked: list[Speech] = []
        """Every utterance so far, in the order of asking, also those that failed or were cancelled."""
        self.cancelled = 0
        """How many askers went away before their answer."""
        self.promoted: list[Speech] = []
        """Every utterance that was asked as a guess and became a turn before its answer."""
        self.load = 0.0
        """What it says of its load."""
        self.closed = False

    @property
    def description(self) -> str:
        """Says that it is a fake."""
        return "scripted recogniser"

    async def recognize(self, speech: Speech) -> Transcript:
        """The next reply, after the latency."""
        self.asked.append(speech)
        reply = self._reply(speech)
        try:
            if self._latency:
                await self._sleep(self._latency)
            match reply:
                case Failing(error):
                    raise error
                case Hanging():
                    never: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()
                    return await never
                case Transcript():
                    return reply
                case str(text):
                    return Transcript(text, confidence=0.95 if text else 0.0, no_speech=0.0 if text else 1.0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def promote(self, speech: Speech) -> None:
        """Note it."""
        self.promoted.append(speech)

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True


def _in_order(script: Iterable[Reply]) -> Callable[[Speech], Reply]:
    replies = iter(script)
    return lambda speech: next(replies, "")
