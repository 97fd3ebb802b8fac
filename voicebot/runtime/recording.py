"""Recordings of calls: both sides in one file, written as the call goes, never held in memory.

A call writes WAV, whose header is right after every block, so that the recording of a process that was killed can
be played. When the call is over it is packed as FLAC, if that is wanted.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import soundfile
import structlog

from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.audio.stereo import Stereo, StereoTrack
from voicebot.settings import Recordings

log = structlog.get_logger()

SETTLED = 2.0
"""Seconds after which nothing changes any more: longer than audio is sent ahead or frames come late."""

BLOCK = 1.0
"""Seconds written at once."""

MOST_WAITING = 512
"""Blocks of all calls that may wait for the disk; a disk that is further behind loses recordings, never calls."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(slots=True)
class _File:
    path: Path
    log: structlog.stdlib.BoundLogger
    sound: soundfile.SoundFile | None = None
    broken: bool = False
    seconds: float = 0.0


_Work = Callable[[], None]


@dataclass
class Recorder:
    """The writer of all recordings of a process; one thread, so that a slow disk delays no call.

    folder: where recordings go, by day. kind: WAV as it is written, or packed as FLAC afterwards.
    """

    folder: Path
    kind: Recordings
    _work: queue.SimpleQueue[_Work | None] = field(default_factory=queue.SimpleQueue, init=False)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def record(self, call_id: str, done: Callable[[float], None]) -> Recording:
        """A new recording of the call; `done` is called with its seconds, in the writer's thread, at its end."""
        now = datetime.now(UTC)
        name = f"{now:%Y-%m-%d}/{_UNSAFE.sub('_', call_id)[:80]}-{now:%H%M%S%f}"
        return Recording(self, _File(self.folder / f"{name}.wav", log.bind(call=call_id)), name, done)

    def close(self, timeout: float) -> bool:
        """Write what is waiting, at most for `timeout` seconds; whether all was written."""
        self._work.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def write(self, file: _File, block: Stereo) -> None:
        """Append `block` to `file`, soon."""
        if self._work.qsize() >= MOST_WAITING:
            _give_up(file, "the disk is too slow")
        else:
            self._work.put(partial(self._write, file, block))

    def finish(self, file: _File, done: Callable[[float], None]) -> None:
        """`file` is complete once everything before it is written."""
        self._work.put(partial(self._finish, file, done))

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _write(self, file: _File, block: Stereo) -> None:
        if file.broken:
            return
        try:
            if file.sound is None:
                # One by one: parents that are made along would be open to others.
                for folder in (file.path.parent.parent, file.path.parent):
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                descriptor = os.open(file.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                file.sound = soundfile.SoundFile(descriptor, "w", SAMPLE_RATE, 2, "PCM_16", format="WAV")
            file.sound.write(block)
            file.sound.flush()
            file.seconds += len(block) / SAMPLE_RATE
        except (OSError, soundfile.SoundFileError) as error:
            _give_up(file, str(error))

    def _finish(self, file: _File, done: Callable[[float], None]) -> None:
        if file.sound is None:
            return
        try:
            file.sound.close()
            if self.kind is Recordings.FLAC and not file.broken:
                _pack(file.path)
        except (OSError, soundfile.SoundFileError) as error:
            _give_up(file, str(error))
        done(file.seconds)


class Recording:
    """One call being recorded. Times are seconds on any one clock; the first is the beginning."""

    def __init__(self, recorder: Recorder, file: _File, path: str, done: Callable[[float], None]) -> None:
        self.path = path
        """Below the recorder's folder, without the suffix."""
        self._recorder = recorder
        self._file = file
        self._done = done
        self._track = StereoTrack()
        self._origin: float | None = None
        self._written = 0.0
        self._closed = False
        self.private = False
        """While set, both sides are silence: what is said is not for the record."""

    def caller(self, pcm: Pcm, now: float) -> None:
        """Audio of the caller that arrived at `now`."""
        at = self._since(now)
        if not self.private:
            self._track.caller(pcm, at)

    def bot(self, pcm: Pcm, starts: float, now: float) -> None:
        """Audio of the bot, sent at `now`, that the caller hears from `starts` on."""
        at = self._since(now)
        if not self.private:
            self._track.bot(pcm, at + starts - now)

    def cut(self, now: float) -> None:
        """The bot falls silent at `now`."""
        self._track.cut(self._since(now))

    def tick(self, now: float) -> None:
        """Time passed: hand over to the writer what is settled."""
        settled = self._since(now) - SETTLED
        if settled - self._written >= BLOCK and not self._closed:
            self._hand_over(settled)

    def close(self, now: float) -> None:
        """The call is over."""
        if self._closed:
            return
        self._closed = True
        self.cut(now)
        self._hand_over(self._since(now))
        self._recorder.finish(self._file, self._done)

    def _since(self, now: float) -> float:
        if self._origin is None:
            self._origin = now
        return max(0.0, now - self._origin)

    def _hand_over(self, until: float) -> None:
        block = self._track.take(until)
        self._written = until
        if len(block) and not self._file.broken:
            self._recorder.write(self._file, block)


def _give_up(file: _File, error: str) -> None:
    if not file.broken:
        file.broken = True
        file.log.error("recording.stopped", error=error, seconds=round(file.seconds, 1))


def _pack(path: Path) -> None:
    """Put a FLAC in the place of the WAV at `path`."""
    packed = path.with_suffix(".flac")
    partial = packed.with_suffix(".part")
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with (
            soundfile.SoundFile(path) as sound,
            soundfile.SoundFile(descriptor, "w", SAMPLE_RATE, 2, "PCM_16", format="FLAC") as out,
        ):
            for block in sound.blocks(SAMPLE_RATE * 10, dtype="int16"):
                out.write(block)
        partial.replace(packed)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    path.unlink()
