"""Calls as people name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.database import opened
from tests.replay.support import header
from voicebot.call.rules import Rules
from voicebot.call_ids import MOST, kept, recording
from voicebot.dialog import load
from voicebot.dialog.types import NOWHERE
from voicebot.errors import RecordingError, StoreConflict, StoreError
from voicebot.replay.tape import TapeRecorder
from voicebot.store import Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = opened(tmp_path / "calls.db")
    yield made
    made.close()


def start(records: Records, *call_ids: str) -> None:
    for call_id in call_ids:
        records.start(call_id, "+14155550100", "+14155550199", "jambonz", "shop", "media-1")


def taped(folder: Path, *call_ids: str) -> list[Path]:
    """A recording of each, begun a second after the one before."""
    head = header(load(Path(__file__).parents[1] / "config" / "dialog.yaml"), Rules(), NOWHERE)
    recorder = TapeRecorder(folder, timedelta(days=30))
    paths = []
    for number, call_id in enumerate(call_ids):
        tape = recorder.begin(replace(head, call_id=call_id, began=head.began + timedelta(seconds=number)))
        tape.end()
        paths.append(tape.path)
    assert recorder.close(10.0)
    return paths


def test_the_beginning_of_one_id_finds_its_call(records: Records) -> None:
    """An id finds its call though another begins with it."""
    start(records, "7f3c", "7f3c-2", "80aa-1")
    assert kept(records, "80").row.call_id == "80aa-1"
    assert kept(records, "7f3c").row.call_id == "7f3c"


@pytest.mark.parametrize("typed", ["c_", "c%", "A", "-1"])
def test_every_character_stands_for_itself(records: Records, typed: str) -> None:
    """No wildcards, capitals are letters of their own, and the end of an id is no beginning."""
    start(records, "call-1", "all-2")
    with pytest.raises(StoreError, match="there is no call"):
        kept(records, typed)


def test_calls_that_begin_alike_are_listed(records: Records) -> None:
    """As in the list of calls, some of them where they are many."""
    start(records, "7f3c-1", "7f3d-2", "80aa-3")
    with pytest.raises(StoreConflict, match="begins with 7f3") as several:
        kept(records, "7f3")
    assert "7f3c-1  +14155550100" in str(several.value)
    assert "7f3d-2  +14155550100" in str(several.value)
    assert "80aa-3" not in str(several.value)
    start(records, *(f"7f3e-{number:02}" for number in range(MOST)))
    with pytest.raises(StoreConflict) as many:
        kept(records, "7f3")
    assert str(many.value).count("+14155550100") == MOST
    assert str(many.value).endswith("…")


def test_a_recording_is_found_by_its_call(tmp_path: Path) -> None:
    """The whole id or its beginning; a file is taken as it is, whether or not there are settings."""
    paths = taped(tmp_path, "7f3c", "7f3c-2", "call/3")
    assert recording("7f3c", lambda: tmp_path) == paths[0]
    assert recording("7f3c-", lambda: tmp_path) == paths[1]
    assert recording("call", lambda: tmp_path) == paths[2]

    def none() -> Path:
        raise AssertionError("asked for the folder")

    assert recording(str(paths[2]), none) == paths[2]
    assert recording("elsewhere.inputs.jsonl", none) == Path("elsewhere.inputs.jsonl")


def test_recordings_that_may_be_meant_are_listed(tmp_path: Path) -> None:
    """Those of calls that begin alike, and those of one caller who came back."""
    paths = taped(tmp_path, "7f3c", "7f3c", "7f3d")
    with pytest.raises(RecordingError) as several:
        recording("7f3", lambda: tmp_path)
    assert all(str(path) in str(several.value) for path in paths)
    with pytest.raises(RecordingError) as twice:
        recording("7f3c", lambda: tmp_path)
    assert [str(path) in str(twice.value) for path in paths] == [True, True, False]


def test_a_call_nobody_recorded_is_said_to_have_no_recording(tmp_path: Path) -> None:
    """With the folder that was looked into, and the setting that records."""
    with pytest.raises(RecordingError, match="VOICEBOT_RECORD_INPUTS") as missing:
        recording("7f3c", lambda: tmp_path)
    assert str(tmp_path) in str(missing.value)
