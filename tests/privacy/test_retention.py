"""Nothing is kept longer than the operator said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.database import opened
from tests.store.support import EPOCH, Clock
from voicebot.call.record import Disposition, EndEntry
from voicebot.privacy.retention import Swept, sweep_files, sweep_records
from voicebot.settings import Settings
from voicebot.store.records import Records


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(tmp_path: Path, clock: Clock) -> Iterator[Records]:
    made = opened(tmp_path / "calls.db", clock)
    yield made
    made.close()


def call(records: Records, call_id: str, recording: str, targets: tuple[str, ...] = ()) -> None:
    records.start(call_id, "+15551230001", "+15550000000", "jambonz", "shop", "node")
    records.keeping.recording(call_id, recording)
    records.finish(call_id, EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, ""), targets)


def file(folder: Path, name: str, made: datetime) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    os.utime(path, (made.timestamp(), made.timestamp()))
    return path


def test_recordings_go_before_the_call_does(tmp_path: Path, records: Records, clock: Clock) -> None:
    """After the days for recordings only the record is left; after those for calls nothing is."""
    settings = Settings(keep_recordings_days=30, keep_calls_days=90)
    call(records, "a", "day/a")
    clock.now += timedelta(days=29)
    assert sweep_records(records, settings) == Swept(0, 0)
    clock.now += timedelta(days=2)
    assert sweep_records(records, settings) == Swept(1, 0)
    assert records.call("a") is not None
    clock.now += timedelta(days=60)
    assert sweep_records(records, settings) == Swept(0, 1)
    assert records.call("a") is None


def test_records_are_kept_for_good_by_default(records: Records, clock: Clock) -> None:
    """Zero days mean for ever."""
    call(records, "a", "day/a")
    clock.now += timedelta(days=3650)
    assert sweep_records(records, Settings()) == Swept(1, 0)
    assert records.call("a") is not None


def test_a_note_that_is_owed_holds_its_call(records: Records, clock: Clock) -> None:
    """The CRM gets its note first, however long that takes."""
    call(records, "a", "day/a", targets=("hubspot",))
    clock.now += timedelta(days=400)
    assert sweep_records(records, Settings(keep_calls_days=1)).calls == 0


def test_files_go_when_their_record_did(tmp_path: Path, records: Records) -> None:
    """A recording that is kept stays, packed or not; one that was let go, and its empty folder, do not."""
    folder = tmp_path / "recordings"
    call(records, "a", "2026-11-01/a")
    kept = file(folder, "2026-11-01/a.flac", EPOCH)
    gone = file(folder, "2026-10-01/b.wav", EPOCH)
    assert sweep_files(records, folder, (EPOCH + timedelta(days=1)).timestamp()) == 1
    assert kept.exists()
    assert not gone.parent.exists()


def test_a_file_that_is_just_begun_stays(tmp_path: Path, records: Records) -> None:
    """Its row may still be on its way to the database."""
    folder = tmp_path / "recordings"
    young = file(folder, "2026-11-01/a.wav", EPOCH)
    assert sweep_files(records, folder, (EPOCH + timedelta(minutes=30)).timestamp()) == 0
    assert young.exists()


def test_no_folder_is_nothing_to_do(tmp_path: Path, records: Records) -> None:
    """Who never recorded has none."""
    assert sweep_files(records, tmp_path / "recordings") == 0
