"""Writes down what calls are told, as it goes: one file a stream, in a thread of its own.

A recording is for finding out why a call went as it did. It never costs a call anything: what the disk cannot take
in time is lost, and the recording of that call ends there. Every line stands for itself, so that a process that is
killed leaves a recording of everything up to about its last moment.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any

import structlog

from voicebot.call.actions import Action
from voicebot.call.events import Event, Tick
from voicebot.dialog.types import Surroundings
from voicebot.errors import SettingsError
from voicebot.replay.codec import action_to_json, event_to_json
from voicebot.replay.header import Header, header_to_json
from voicebot.settings import PREFIX

log = structlog.get_logger()

SUFFIX = ".inputs.jsonl"

MOST_WAITING = 20_000
"""Lines of all calls that may wait for the disk: two seconds of a hundred calls."""

LEAST_FREE = 256 << 20
"""Bytes that must be free on the disk for a recording to begin: the records of calls may live there too."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class _Told:
    event: Event
    now: float
    actions: Sequence[Action]
    error: str
    clock: tuple[datetime, ...]


@dataclass(slots=True, eq=False)
class _File:
    path: Path
    log: structlog.stdlib.BoundLogger
    out: IO[str] | None = None
    lines: int = 0
    stopped: bool = False


class TapeRecorder:
    """The writer of all recordings of a process.

    folder: where they go; made, for the owner alone, if it is not there. keep: after this they are deleted.
    Raises SettingsError when the folder cannot be written to.
    """

    def __init__(self, folder: Path, keep: timedelta, most_waiting: int = MOST_WAITING) -> None:
        self._folder = folder
        self._keep = keep
        self._work: queue.Queue[tuple[_File, Header | _Told | None] | None] = queue.Queue(most_waiting)
        self._given_up: deque[_File] = deque()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{PREFIX}RECORD_INPUTS: {folder} cannot be made: {error.strerror}") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SettingsError(f"{PREFIX}RECORD_INPUTS: {folder} cannot be written to")
        self._thread = threading.Thread(target=self._run, name="inputs", daemon=True)
        self._thread.start()

    def begin(self, header: Header) -> Tape:
        """Record one stream of a call."""
        name = f"{header.began:%Y%m%d-%H%M%S-%f}-{named(header.call_id)}"
        file = _File(self._folder / name, log.bind(call=header.call_id))
        self.put(file, header)
        return Tape(self, file)

    def put(self, file: _File, item: Header | _Told | None) -> None:
        """The next of `file`; None for its end. Never waits."""
        if file.stopped:
            return
        try:
            self._work.put_nowait((file, item))
        except queue.Full:
            self._give_up(file, "the disk is too slow")
            self._given_up.append(file)

    def close(self, timeout: float) -> bool:
        """Write what is waiting, at most for `timeout` seconds; whether all was written."""
        try:
            self._work.put(None, timeout=timeout)
        except queue.Full:
            return False
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        opened: set[_File] = set()
        while (work := self._work.get()) is not None:
            file, item = work
            try:
                self._write(file, item)
            except Exception as error:
                # Whatever it was, the recordings of the other calls go on.
                self._give_up(file, f"{type(error).__name__}: {error}")
                _close(file)
            (opened.add if file.out is not None else opened.discard)(file)
            while self._given_up:
                late = self._given_up.popleft()
                _close(late)
                opened.discard(late)
            if self._work.empty():
                for each in tuple(opened):
                    self._flush(each)
        for each in opened:
            _close(each)

    def _write(self, file: _File, item: Header | _Told | None) -> None:
        if file.stopped:
            return
        match item:
            case Header():
                self._open(file, item)
            case _Told():
                _put(file, _line(item))
            case None:
                _put(file, json.dumps({"lines": file.lines}))
                _close(file)

    def _open(self, file: _File, header: Header) -> None:
        self._sweep()
        if shutil.disk_usage(self._folder).free < LEAST_FREE:
            raise OSError(f"less than {LEAST_FREE >> 20} MiB are free")
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        file.out = os.fdopen(descriptor, "w", encoding="utf-8")
        _put(file, json.dumps(header_to_json(header)))

    def _sweep(self) -> None:
        before = time.time() - self._keep.total_seconds()
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _flush(self, file: _File) -> None:
        try:
            if file.out is not None:
                file.out.flush()
        except OSError as error:
            self._give_up(file, str(error))
            _close(file)

    def _give_up(self, file: _File, error: str) -> None:
        if not file.stopped:
            file.stopped = True
            file.log.error("inputs.stopped", error=error, lines=file.lines)


@dataclass(slots=True)
class Tape:
    """One stream being recorded."""

    _recorder: TapeRecorder
    _file: _File
    _ended: bool = field(default=False)
    _clock: list[datetime] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file; it is there once the writer has come to it."""
        return self._file.path

    def told(self, event: Event, now: float, actions: Sequence[Action], error: str = "") -> None:
        """The call was told `event` at `now` and asked for `actions`, or broke with `error`."""
        clock, self._clock = tuple(self._clock), []
        self._recorder.put(self._file, _Told(event, now, actions, error, clock))

    def watched(self, around: Surroundings) -> Surroundings:
        """`around` with a clock whose every answer is kept with the event for which it was read."""
        return replace(around, now=partial(self._read, around.now)) if around.now is not None else around

    def through(self, on: Callable[[Event, float], list[Action]], event: Event, now: float) -> list[Action]:
        """What `on` answers to `event`, kept on its way; what it raises is kept and raised."""
        try:
            actions = on(event, now)
        except Exception as error:
            self.told(event, now, (), type(error).__name__)
            raise
        self.told(event, now, actions)
        return actions

    def _read(self, now: Callable[[], datetime]) -> datetime:
        moment = now()
        self._clock.append(moment)
        return moment

    def end(self) -> None:
        """Nothing more will be told."""
        if not self._ended:
            self._ended = True
            self._recorder.put(self._file, None)


def named(call_id: str) -> str:
    """How the name of a recording of the call ends. Ids come from outside, so that two may share a name's end."""
    return f"{_UNSAFE.sub('_', call_id)[:80]}{SUFFIX}"


def _line(told: _Told) -> str:
    if isinstance(told.event, Tick) and not (told.actions or told.error or told.clock):
        return f'{{"t":{told.now!r},"Tick":{{}}}}'
    name, content = event_to_json(told.event)
    line: dict[str, Any] = {"t": told.now, name: content}
    if told.actions:
        line["a"] = [action_to_json(action) for action in told.actions]
    if told.clock:
        line["now"] = [moment.isoformat() for moment in told.clock]
    if told.error:
        line["broke"] = told.error
    return json.dumps(line, separators=(",", ":"))


def _put(file: _File, line: str) -> None:
    if file.out is not None:
        file.out.write(line + "\n")
        file.lines += 1


def _close(file: _File) -> None:
    out, file.out = file.out, None
    if out is not None:
        try:
            out.close()
        except OSError as error:
            file.log.error("inputs.not_closed", error=str(error), lines=file.lines)
