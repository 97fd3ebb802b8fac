"""Recorded inputs go when their time is over, and when their call is forgotten."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.replay.support import header
from voicebot.call.rules import Rules
from voicebot.dialog import load
from voicebot.dialog.types import NOWHERE
from voicebot.replay.shelf import discard, sweep, tapes_of
from voicebot.replay.tape import TapeRecorder

MONTH = timedelta(days=30)


def _recorded(folder: Path, *call_ids: str, hours: float = 2.0) -> list[Path]:
    """A recording of each call, last written to some hours ago."""
    head = header(load(Path(__file__).parents[2] / "config" / "dialog.yaml"), Rules(), NOWHERE)
    recorder = TapeRecorder(folder, MONTH)
    paths = []
    for number, call_id in enumerate(call_ids):
        tape = recorder.begin(replace(head, call_id=call_id, began=head.began + timedelta(seconds=number)))
        tape.end()
        paths.append(tape.path)
    assert recorder.close(10.0)
    for path in paths:
        os.utime(path, (time.time() - hours * 3600, time.time() - hours * 3600))
    return paths


def test_the_files_of_one_call_are_discarded(tmp_path: Path) -> None:
    """Every stream of that call goes, and nothing of any other, however alike their ids are."""
    paths = _recorded(tmp_path, "call/1", "call_1", "call/1")
    assert tapes_of(tmp_path, "call/1") == [paths[0], paths[2]]
    assert discard(tmp_path, "call/1") == 2
    assert [path.exists() for path in paths] == [False, True, False]
    assert discard(tmp_path / "nowhere", "call/1") == 0


def test_what_belongs_to_no_call_is_swept(tmp_path: Path) -> None:
    """A call that was forgotten takes its inputs along within the hour; so does a file that cannot be read."""
    kept, gone = _recorded(tmp_path, "kept", "forgotten")
    broken = tmp_path / "broken.inputs.jsonl"
    broken.write_text("{")
    os.utime(broken, (0, 0))
    assert sweep(tmp_path, lambda call_id: call_id == "kept", MONTH) == 2
    assert [path.exists() for path in (kept, gone, broken)] == [True, False, False]


def test_a_call_that_is_just_beginning_is_left_alone(tmp_path: Path) -> None:
    """Its record may be written a moment after its inputs."""
    (path,) = _recorded(tmp_path, "new", hours=0.5)
    assert sweep(tmp_path, lambda call_id: False, MONTH) == 0
    assert path.exists()


def test_nothing_is_kept_beyond_its_time(tmp_path: Path) -> None:
    """However well its call is known."""
    (path,) = _recorded(tmp_path, "known", hours=31 * 24)
    assert sweep(tmp_path, lambda call_id: True, MONTH) == 1
    assert not path.exists()
