"""Measuring inside of the server, by what the runtime takes from outside: voice detection and ticker."""

from __future__ import annotations

import gc
import os
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

from benchmarks.media_plane.figures import SERVER_CORE, Hearing, ServerFigures, core_busy
from voicebot.audio import FRAME_SECONDS, Pcm
from voicebot.audio.vad import VoiceDetection
from voicebot.runtime.ticker import Ticker


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


class CountedDetection:
    """Voice detection that reports every frame to the tally."""

    def __init__(self, detection: VoiceDetection, tally: Tally, hearing: Hearing) -> None:
        self._detection = detection
        self._tally = tally
        self._alone = hearing is Hearing.ALONE
        self._due: dict[int, float] = {}
        self._earliest: dict[int, float] = {}

    def begin(self) -> int:
        """As the detection inside."""
        voice = self._detection.begin()
        self._due[voice], self._earliest[voice] = 0.0, float("inf")
        return voice

    def end(self, voice: int) -> None:
        """As the detection inside."""
        self._detection.end(voice)

    def probabilities(self, voices: Sequence[int], frames: Sequence[Pcm]) -> list[float]:
        """As the detection inside."""
        now = time.monotonic()
        for voice in voices:
            offset = now - self._due[voice]
            self._due[voice] += FRAME_SECONDS
            self._earliest[voice] = earliest = min(self._earliest[voice], offset)
            self._tally.frame(offset - earliest)
        if self._alone:
            pairs = zip(voices, frames, strict=True)
            return [self._detection.probabilities([voice], [frame])[0] for voice, frame in pairs]
        return self._detection.probabilities(voices, frames)


class SampledTicker(Ticker):
    """The product's ticker, whose lateness goes to the tally."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self.join(lambda _: tally.beat(self.lateness))
