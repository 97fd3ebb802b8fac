"""A recording costs a call nothing: whatever happens to the disk, only the recording ends."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from tests.replay.support import header, lines
from voicebot.call.actions import Speak
from voicebot.call.events import Digit, Event, HungUp, Tick
from voicebot.call.rules import Rules
from voicebot.dialog import load
from voicebot.dialog.types import NOWHERE
from voicebot.errors import SettingsError
from voicebot.replay import tape as tape_module
from voicebot.replay.header import Header
from voicebot.replay.tape import TapeRecorder

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def head() -> Header:
    """The header of some call."""
    return header(load(Path(__file__).parents[2] / "config" / "dialog.yaml"), Rules(), NOWHERE)


def test_every_event_is_a_line_with_its_time_and_what_it_led_to(tmp_path: Path, head: Header) -> None:
    """The file can be read with nothing but a JSON parser."""
    recorder = TapeRecorder(tmp_path / "inputs", DAY)
    tape = recorder.begin(head)
    tape.told(Tick(), 10.02, ())
    tape.told(Digit("7"), 10.03, (Speak(1, "Seven."),))
    tape.told(HungUp(), 10.04, (), "ValueError")
    tape.end()
    tape.end()
    assert recorder.close(10.0)
    assert lines(tape.path)[1:] == [
        {"t": 10.02, "Tick": {}},
        {"t": 10.03, "Digit": {"key": "7"}, "a": [{"Speak": {"utterance": 1, "text": "Seven."}}]},
        {"t": 10.04, "HungUp": {}, "broke": "ValueError"},
        {"lines": 4},
    ]


def test_what_was_told_is_on_the_disk_while_the_call_goes_on(tmp_path: Path, head: Header) -> None:
    """Nothing is kept until the end: whoever kills the process finds the call up to then."""
    recorder = TapeRecorder(tmp_path, DAY)
    tape = recorder.begin(head)
    tape.told(Tick(), 10.02, ())
    until = time.monotonic() + 10
    while not tape.path.exists() or '"t":10.02' not in tape.path.read_text():
        assert time.monotonic() < until
    assert not any("lines" in line for line in lines(tape.path))
    recorder.close(10.0)


def test_what_the_call_raises_is_kept_and_raised(tmp_path: Path, head: Header) -> None:
    """The recording sits between the runner and the call without changing either."""

    def broken(event: Event, now: float) -> list[Any]:
        raise ZeroDivisionError

    recorder = TapeRecorder(tmp_path, DAY)
    tape = recorder.begin(head)
    assert tape.through(lambda event, now: [Speak(1, "Hello.")], Tick(), 1.0) == [Speak(1, "Hello.")]
    with pytest.raises(ZeroDivisionError):
        tape.through(broken, Tick(), 2.0)
    assert recorder.close(10.0)
    assert [line.get("broke") for line in lines(tape.path)[1:]] == [None, "ZeroDivisionError"]


class _Disk(NamedTuple):
    """What `shutil.disk_usage` tells of a disk that is almost full."""

    total: int = 1 << 30
    used: int = 1 << 30
    free: int = 1 << 20


def _full(*_: object) -> _Disk:
    return _Disk()


def _refuses(*_: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("module", "name", "trouble", "error"),
    [(shutil, "disk_usage", _full, "256 MiB"), (os, "open", _refuses, "No space left")],
)
def test_a_disk_that_takes_nothing_ends_only_the_recording(
    tmp_path: Path,
    head: Header,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    trouble: Callable[..., object],
    error: str,
) -> None:
    """The trouble is logged once with the call's id; the next call is tried again."""
    recorder = TapeRecorder(tmp_path, DAY)
    with capture_logs() as logged:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, trouble)
            tape = recorder.begin(head)
            for at in range(5):
                tape.told(Tick(), float(at), ())
            tape.end()
            until = time.monotonic() + 10
            while not logged:
                assert time.monotonic() < until
        another = recorder.begin(head)
        another.told(Tick(), 1.0, ())
        another.end()
        assert recorder.close(10.0)
    (stopped,) = [entry for entry in logged if entry["event"] == "inputs.stopped"]
    assert stopped["call"] == "call-1"
    assert error in stopped["error"]
    assert len(lines(another.path)) == 3


def test_a_write_that_fails_in_the_middle_leaves_what_was_written(
    tmp_path: Path, head: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up during the call ends the recording at a line that can be replayed up to."""
    recorder = TapeRecorder(tmp_path, DAY)
    tape = recorder.begin(head)
    tape.told(Tick(), 1.0, ())

    def full(told: object) -> str:
        raise OSError(28, "No space left on device")

    until = time.monotonic() + 10
    while not tape.path.exists() or '"t":1.0' not in tape.path.read_text():
        assert time.monotonic() < until
    with capture_logs() as logged:
        with monkeypatch.context() as patched:
            patched.setattr(tape_module, "_line", full)
            tape.told(Tick(), 2.0, ())
            tape.told(Tick(), 3.0, ())
            while not logged:
                assert time.monotonic() < until
        tape.end()
        assert recorder.close(10.0)
    assert [entry["event"] for entry in logged] == ["inputs.stopped"]
    assert [line.get("t") for line in lines(tape.path)] == [None, 1.0]


def test_a_disk_that_is_too_slow_loses_the_recording_and_holds_up_nobody(
    tmp_path: Path, head: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When more waits than may wait, the recording that finds no room ends; nothing ever blocks."""
    held, writing = threading.Event(), threading.Event()
    line = tape_module._line

    def slow(told: Any) -> str:
        writing.set()
        assert held.wait(10)
        return line(told)

    monkeypatch.setattr(tape_module, "_line", slow)
    recorder = TapeRecorder(tmp_path, DAY, most_waiting=3)
    tape = recorder.begin(head)
    tape.told(Tick(), 0.0, ())
    assert writing.wait(10)
    with capture_logs() as logged:
        for at in range(1, 10):
            tape.told(Tick(), float(at), ())
        tape.end()
        held.set()
        assert recorder.close(10.0)
    assert [(entry["event"], entry["error"]) for entry in logged] == [("inputs.stopped", "the disk is too slow")]
    assert [each.get("t") for each in lines(tape.path)][:2] == [None, 0.0]
    assert not any("lines" in each for each in lines(tape.path))


def test_old_recordings_go_when_a_new_one_begins(tmp_path: Path, head: Header) -> None:
    """Nothing is kept for longer than said; other files in the folder are nobody's business."""
    old, fresh, other = (tmp_path / name for name in ("a.inputs.jsonl", "b.inputs.jsonl", "notes.txt"))
    for path in (old, fresh, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    recorder = TapeRecorder(tmp_path, DAY)
    recorder.begin(head).end()
    assert recorder.close(10.0)
    assert [path.exists() for path in (old, fresh, other)] == [False, True, True]


def test_a_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path) -> None:
    """The operator learns of it before the first call, with the setting's name."""
    (tmp_path / "inputs").write_text("not a folder")
    with pytest.raises(SettingsError, match="VOICEBOT_RECORD_INPUTS"):
        TapeRecorder(tmp_path / "inputs", DAY)


def test_a_strange_call_id_stays_within_the_folder(tmp_path: Path, head: Header) -> None:
    """Ids come from outside; none of them names another place."""
    recorder = TapeRecorder(tmp_path, DAY)
    tape = recorder.begin(replace(head, call_id="../../etc/passwd\x00"))
    tape.end()
    assert recorder.close(10.0)
    assert tape.path.parent == tmp_path
    assert tape.path.exists()
