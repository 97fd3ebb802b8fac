"""Callers that all speak at once, and how long each waits for his text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.asr_throughput.ways import Hear
from benchmarks.report import percentile
from voicebot.audio import Pcm, seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One way under one load.

    rate: seconds of audio heard in a second. waits: seconds from the end of an utterance to its text.
    """

    rate: float
    waits: tuple[float, ...]

    def wait(self, percent: float) -> float:
        """The percentile of the waits."""
        return percentile(self.waits, percent)


async def at_once(hear: Hear, callers: int, utterances: Sequence[Pcm]) -> Measured:
    """`callers` share the utterances out; each speaks his next one as soon as he has the text of the last."""
    left = list(reversed(utterances))
    waits: list[float] = []

    async def caller() -> None:
        while left:
            pcm = left.pop()
            asked = time.monotonic()
            await hear(pcm)
            waits.append(time.monotonic() - asked)

    began = time.monotonic()
    await asyncio.gather(*(caller() for _ in range(callers)))
    took = time.monotonic() - began
    return Measured(sum(map(seconds, utterances)) / took, tuple(waits))


async def conversing(
    hear: Hear, callers: int, utterances: Sequence[Pcm], turn: float, duration: float
) -> Measured:
    """`callers` in conversation for `duration` seconds: each has a turn every `turn` seconds, out of step."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    waits: list[float] = []
    heard = 0.0

    async def ask(pcm: Pcm) -> None:
        nonlocal heard
        asked = loop.time()
        await hear(pcm)
        waits.append(loop.time() - asked)
        heard += seconds(pcm)

    asking = []
    for number in range(int(callers * duration / turn)):
        # Callers do not wait for each other: a golden step scatters their times as chance would, every run alike.
        at = (number + (number * 0.618034) % 1.0 - 0.5) * turn / callers
        await asyncio.sleep(max(0.0, began + at - loop.time()))
        asking.append(asyncio.create_task(ask(utterances[number % len(utterances)])))
    await asyncio.gather(*asking)
    return Measured(heard / (loop.time() - began), tuple(waits))
