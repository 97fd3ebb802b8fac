"""Measuring inside of the server, by what the runtime takes from outside: detectors and ticker."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from benchmarks.media_plane.figures import SERVER_CORE, ServerFigures, core_busy
from voicebot.audio import FRAME_SECONDS, Pcm
from voicebot.audio.vad import VoiceDetector
from voicebot.runtime.ticker import Beat, Ticker


class Tally:
    """Counts frames always, and keeps times between `begin` and `end`."""

    def __init__(self) -> None:
        self.frames = 0
        self._measuring = False
        self._lateness = array("d")
        self._lags = array("d")
        self._collecting = 0.0
        self._collection_began = 0.0
        self._began = self._cpu = self._busy = 0.0
        gc.callbacks.append(self._collects)

    def frame(self, lag: float) -> None:
        """A frame reached its call, `lag` seconds later than a steady stream would."""
        self.frames += 1
        if self._measuring:
            self._lags.append(lag)

    def beat(self, lateness: float) -> None:
        """A beat came so late. The ticker leaves out the beats meanwhile; each of them was late too."""
        while self._measuring and lateness >= 0:
            self._lateness.append(lateness)
            lateness -= FRAME_SECONDS

    def begin(self) -> None:
        """Start keeping times."""
        self._measuring = True
        self._began, self._cpu, self._busy = time.monotonic(), time.process_time(), core_busy(SERVER_CORE)

    def end(self) -> ServerFigures:
        """Stop, and what was measured."""
        self._measuring = False
        cpu = time.process_time() - self._cpu
        return ServerFigures(
            cpu=cpu,
            wall=time.monotonic() - self._began,
            others=max(0.0, core_busy(SERVER_CORE) - self._busy - cpu),
            lateness=self._lateness,
            lags=self._lags,
            collecting=self._collecting,
            memory=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        )

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        now = time.monotonic()
        if phase == "start":
            self._collection_began = now
        elif self._measuring:
            self._collecting = max(self._collecting, now - self._collection_began)


class CountedDetector:
    """A voice detector that reports every frame to the tally."""

    def __init__(self, detector: VoiceDetector, tally: Tally) -> None:
        self._probability = detector.probability
        self._tally = tally
        self._due = 0.0
        self._earliest = float("inf")

    def probability(self, frame: Pcm) -> float:
        """As the detector inside."""
        offset = time.monotonic() - self._due
        self._due += FRAME_SECONDS
        self._earliest = min(self._earliest, offset)
        self._tally.frame(offset - self._earliest)
        return self._probability(frame)


class SampledTicker(Ticker):
    """The product's ticker, whose lateness goes to the tally."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self.join(lambda _: tally.beat(self.lateness))


class TaskPerCall(Ticker):
    """The alternative: every beat has a task and a timer of its own."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally
        self._tasks: dict[Beat, asyncio.Task[None]] = {}

    def join(self, beat: Beat) -> None:
        self._tasks[beat] = asyncio.get_running_loop().create_task(self._drive(beat))

    def leave(self, beat: Beat) -> None:
        if (task := self._tasks.pop(beat, None)) is not None:
            task.cancel()

    async def run(self) -> None:
        """Nothing to do here until cancelled."""
        await asyncio.Event().wait()

    async def _drive(self, beat: Beat) -> None:
        clock: Callable[[], float] = asyncio.get_running_loop().time
        due = clock()
        while True:
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - clock()))
            now = clock()
            self.lateness = now - due
            self._tally.beat(self.lateness)
            if self.lateness > FRAME_SECONDS:
                due = now
            beat(now)
