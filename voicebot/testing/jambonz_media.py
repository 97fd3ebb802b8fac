"""How jambonz plays what a bot sends: pre-buffer, play-out buffer and marks of mod_audio_fork, as a pure model.

Incoming audio collects in a pre-buffer that lets everything through once it holds enough. The play-out buffer
behind it grows without bound and is read 20 ms at a time. A mark is the sample -1 inside the audio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voicebot.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.downsample import Downsampler

MOST_MARKS = 30
"""More outstanding marks than this are dropped without a word."""

FIRST_THRESHOLD = 1280
LATER_THRESHOLD = 640
"""Samples (at 8 kHz) from which the pre-buffer lets through, the first time and afterwards."""

_MARKER = -1
_NONE = np.zeros(0, np.int16)


@dataclass(frozen=True, slots=True)
class MarkReport:
    """A mark's way back to the bot. event: `playout` or `cleared`."""

    name: str
    event: str


@dataclass(frozen=True, slots=True)
class PlayedFrame:
    """20 ms for the caller's ear, and the marks they brought.

    pcm: `FRAME_SAMPLES` at 8 kHz; zeros where there was nothing to play.
    playing: whether any sample of it came from the bot.
    """

    pcm: Pcm
    playing: bool
    marks: Sequence[MarkReport]


class Playback:
    """The way from the bot's messages to the caller's ear, 20 ms a tick.

    rate: the `sampleRate` inside `bidirectionalAudio`; with 0 what the bot sends is taken and never heard.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._factor = max(1, rate // SAMPLE_RATE)
        self._downsampler = Downsampler(rate) if self._factor > 1 else None
        self._threshold = FIRST_THRESHOLD * self._factor
        self._odd = b""
        self._pre = _NONE
        self._out = _NONE
        self._names: list[str] = []
        self._waiting = 0
        self._attached = 0
        self._swallow = 0
        self._killed = False

    @property
    def held(self) -> int:
        """Samples in the pre-buffer, which nothing but the next message sets free."""
        return len(self._pre)

    @property
    def ahead(self) -> float:
        """Seconds that are ready to be played."""
        return len(self._out) / SAMPLE_RATE

    def receive(self, data: bytes) -> Pcm:
        """Take a binary message; return its samples at the inner rate."""
        data = self._odd + data
        whole = len(data) & ~1
        self._odd = data[whole:]
        pcm = np.frombuffer(data[:whole], "<i2").astype(np.int16)
        if not self._rate:
            return pcm
        markers = np.full(self._waiting, _MARKER, np.int16)
        self._attached += self._waiting
        self._waiting = 0
        self._pre = np.concatenate((self._pre, markers, pcm))
        if len(self._pre) >= self._threshold:
            self._threshold = LATER_THRESHOLD * self._factor
            # Resampling smears a marker beyond recognition: such marks never come back.
            ready = self._downsampler.push(self._pre) if self._downsampler else self._pre
            self._out = np.concatenate((self._out, ready))
            self._pre = _NONE
        return pcm

    def mark(self, name: str) -> None:
        """Place a mark before the next message, or now if nothing is queued."""
        if len(self._names) >= MOST_MARKS or not self._rate:
            return
        self._names.append(name)
        if len(self._pre) or len(self._out):
            self._waiting += 1
        elif not self._downsampler:
            self._attached += 1
            self._out = np.array([_MARKER], np.int16)

    def clear_marks(self) -> None:
        """Forget every mark, without a report."""
        self._names.clear()
        self._waiting = 0

    def kill(self) -> None:
        """`killAudio`: applied at the next tick, to all that has arrived by then, but not to the pre-buffer."""
        self._killed = True

    def tick(self) -> PlayedFrame:
        """Play the next 20 ms."""
        reports = self._flush() if self._killed else []
        pieces: list[Pcm] = []
        need = FRAME_SAMPLES
        while need and len(self._out):
            at = self._next_marker(need)
            pieces.append(self._out[:at])
            need -= at
            marked = need > 0 and at < len(self._out)
            self._out = self._out[at + marked :]
            if marked:
                reports.extend(self._reach())
        played = FRAME_SAMPLES - need
        pcm = np.concatenate((*pieces, np.zeros(need, np.int16)))
        return PlayedFrame(pcm, played > 0, tuple(reports))

    def _next_marker(self, need: int) -> int:
        ahead = self._out[:need]
        if self._names:
            markers = np.flatnonzero(ahead == _MARKER)
            if len(markers):
                return int(markers[0])
        return len(ahead)

    def _reach(self) -> list[MarkReport]:
        self._attached = max(0, self._attached - 1)
        if self._swallow:
            self._swallow -= 1
            return []
        return [MarkReport(self._names.pop(0), "playout")]

    def _flush(self) -> list[MarkReport]:
        self._killed = False
        reports = [MarkReport(name, "cleared") for name in self._names]
        self._names.clear()
        self._swallow += self._attached
        self._attached = 0
        self._waiting = 0
        self._out = _NONE
        return reports
