"""Recordings of calls in HubSpot, over real HTTP: private, once, and never in the way of the note."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pydantic import SecretStr

from tests.crm.support import Ledger, deliver_until_done
from tests.crm.test_note import NOTE
from voicebot.crm import hubspot_files
from voicebot.crm.build import crms
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_files import TRIES, UNFINISHED, Shelf
from voicebot.crm.hubspot_http import Api
from voicebot.crm.port import NoteRecording
from voicebot.errors import CrmError, CrmRejected, CrmThrottled
from voicebot.settings import Crm, Settings
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault

PATH = "2026-11-20/call-1-101500"
RECORDED = replace(NOTE, recordings=(NoteRecording(PATH, 2.0),))
SOUND = np.stack([np.arange(16_000, dtype=np.int16), -np.arange(16_000, dtype=np.int16)], axis=1)
ENDED = NOTE.started_at.timestamp() + NOTE.duration


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    """A fresh account."""
    with FakeHubSpot() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings with one file, packed."""
    (tmp_path / PATH).parent.mkdir()
    soundfile.write(tmp_path / f"{PATH}.flac", SOUND, 8000)
    return tmp_path


def connect(
    hubspot: FakeHubSpot, folder: Path, version: str = "2026-03", now: float = ENDED, **policy: Any
) -> HubSpot:
    """The account with recordings."""
    api = Api(hubspot.url, SecretStr(TOKEN), version, timeouts=(1.0, 0.5))
    return HubSpot(api, "US", create_contact=True, recordings=Shelf(folder, 30, lambda: now), **policy)


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_recording_is_attached_as_a_private_wav(hubspot: FakeHubSpot, folder: Path, version: str) -> None:
    """Sample by sample what was recorded, both sides; it ends at HubSpot when it ends here."""
    identity = connect(hubspot, folder, version).deliver(RECORDED, Ledger().attempt())
    (file,) = hubspot.files.kept.values()
    (note,) = hubspot.notes
    assert note.properties["hs_attachment_ids"] == file.id
    assert identity == f"{note.id} files/{file.id}"
    assert (file.options["access"], file.options["ttl"]) == ("PRIVATE", "P30D")
    pcm, rate = soundfile.read(io.BytesIO(file.content), dtype="int16")
    assert rate == 8000
    assert np.array_equal(pcm, SOUND)


def test_a_note_and_a_call_share_the_file(hubspot: FakeHubSpot, folder: Path) -> None:
    """It is sent once, whatever is written about the call."""
    hubspot.account.unique.add("voicebot_call_id")
    connect(hubspot, folder, activity="both", key="voicebot_call_id").deliver(RECORDED, Ledger().attempt())
    (file,) = hubspot.files.kept
    (note,), (call,) = hubspot.notes, hubspot.calls
    assert note.properties["hs_attachment_ids"] == call.properties["hs_attachment_ids"] == file


def test_forgetting_takes_the_file_too(hubspot: FakeHubSpot, folder: Path) -> None:
    """Note and file are gone; asked again, that does no harm."""
    crm = connect(hubspot, folder)
    identity = crm.deliver(RECORDED, Ledger().attempt())
    assert crm.erase(identity)
    assert not hubspot.notes
    assert not hubspot.files.kept
    crm.erase(identity)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.LOST,
        Fault.HANG,
        Fault.BAD_GATEWAY,
        Fault.GARBAGE,
        Fault.NO_ID,
        Fault.DROPPED,
        Fault.RESET,
        Fault.BROKEN,
    ],
)
def test_a_lost_answer_leaves_one_file_and_one_note(hubspot: FakeHubSpot, folder: Path, fault: Fault) -> None:
    """The second upload takes the place of the first."""
    hubspot.fail(fault, Operation.UPLOAD_FILE)
    _, errors = deliver_until_done(connect(hubspot, folder), RECORDED)
    assert len(errors) == 1
    assert (len(hubspot.files.kept), len(hubspot.notes)) == (1, 1)
    assert hubspot.notes[0].properties["hs_attachment_ids"] == next(iter(hubspot.files.kept))


def test_a_file_is_not_sent_again_for_a_note_that_failed(hubspot: FakeHubSpot, folder: Path) -> None:
    """Its id is kept before the note is written."""
    hubspot.fail(Fault.BROKEN, Operation.CREATE_NOTE, times=2)
    deliver_until_done(connect(hubspot, folder), RECORDED)
    assert len(hubspot.asked(Operation.UPLOAD_FILE)) == 1


@pytest.mark.parametrize("fault", [Fault.INVALID, Fault.TOO_LARGE, Fault.FORBIDDEN])
def test_a_refused_file_costs_only_the_file(hubspot: FakeHubSpot, folder: Path, fault: Fault) -> None:
    """The note goes without it at once, and says so."""
    hubspot.fail(fault, Operation.UPLOAD_FILE)
    identity = connect(hubspot, folder).deliver(RECORDED, Ledger().attempt())
    (note,) = hubspot.notes
    assert identity == note.id
    assert "hs_attachment_ids" not in note.properties
    assert "not attached: HubSpot refused it" in note.properties["hs_note_body"]


def test_an_account_takes_files_up_to_a_size_and_with_the_scope(hubspot: FakeHubSpot, folder: Path) -> None:
    """Both are said by HubSpot, and both notes are there."""
    hubspot.files.limit = 1000
    connect(hubspot, folder).deliver(RECORDED, Ledger().attempt())
    hubspot.files.limit = 1 << 20
    hubspot.scopes.discard("files")
    connect(hubspot, folder).deliver(replace(RECORDED, call_id="other"), Ledger().attempt())
    assert len(hubspot.notes) == 2
    assert not hubspot.files.kept


def test_files_that_fail_for_long_do_not_hold_up_the_note(hubspot: FakeHubSpot, folder: Path) -> None:
    """After some tries it goes without."""
    hubspot.fail(Fault.BROKEN, Operation.UPLOAD_FILE, times=99)
    _, errors = deliver_until_done(connect(hubspot, folder), RECORDED, tries=TRIES + 1)
    assert len(errors) == TRIES
    assert "HubSpot did not take it" in hubspot.notes[0].properties["hs_note_body"]


def test_a_limit_of_the_account_is_waited_for(hubspot: FakeHubSpot, folder: Path) -> None:
    """However often: it says nothing about the file."""
    hubspot.fail(Fault.THROTTLED, Operation.UPLOAD_FILE, times=TRIES + 2)
    _, errors = deliver_until_done(connect(hubspot, folder), RECORDED, tries=TRIES + 3)
    assert all(isinstance(error, CrmThrottled) for error in errors)
    assert len(hubspot.files.kept) == 1


def test_a_recording_that_is_elsewhere_is_missed(hubspot: FakeHubSpot, tmp_path: Path) -> None:
    """The note tells of it."""
    connect(hubspot, tmp_path).deliver(RECORDED, Ledger().attempt())
    assert "it is on another machine" in hubspot.notes[0].properties["hs_note_body"]
    assert not hubspot.asked(Operation.UPLOAD_FILE)


def test_a_broken_recording_is_missed(hubspot: FakeHubSpot, folder: Path) -> None:
    """A disk that was full left no sound file."""
    (folder / f"{PATH}.flac").write_bytes(b"no sound")
    connect(hubspot, folder).deliver(RECORDED, Ledger().attempt())
    assert "it cannot be read" in hubspot.notes[0].properties["hs_note_body"]


def test_a_recording_beyond_measure_is_missed(
    hubspot: FakeHubSpot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for half an hour of sound to be sent."""
    monkeypatch.setattr(hubspot_files, "MOST_BYTES", 10_000)
    connect(hubspot, folder).deliver(RECORDED, Ledger().attempt())
    assert "it is too long" in hubspot.notes[0].properties["hs_note_body"]


def test_an_unfinished_recording_is_waited_for(hubspot: FakeHubSpot, folder: Path) -> None:
    """For a while; that of a process that was killed is taken as it is."""
    unfinished = replace(RECORDED, recordings=(NoteRecording(PATH, 0.0),))
    with pytest.raises(CrmThrottled):
        connect(hubspot, folder, now=ENDED + 1).deliver(unfinished, Ledger().attempt())
    assert not hubspot.notes
    connect(hubspot, folder, now=ENDED + UNFINISHED).deliver(unfinished, Ledger().attempt())
    assert len(hubspot.files.kept) == 1


def test_a_note_that_is_never_written_tells_of_its_file(hubspot: FakeHubSpot, folder: Path) -> None:
    """So that it can be erased all the same."""
    hubspot.fail(Fault.TOO_LARGE, Operation.CREATE_NOTE, times=9)
    ledger = Ledger()
    crm = connect(hubspot, folder)
    with pytest.raises(CrmRejected):
        crm.deliver(RECORDED, ledger.attempt())
    assert crm.erase(ledger.progress["written"])
    assert not hubspot.files.kept


def test_recordings_stay_here_unless_they_are_wanted_there(hubspot: FakeHubSpot, folder: Path) -> None:
    """The setting is off by default."""
    settings = Settings(
        _env_file=None, crm=(Crm.HUBSPOT,), hubspot_token=SecretStr(TOKEN), hubspot_base_url=hubspot.url
    )
    crms(settings)["hubspot"].deliver(RECORDED, Ledger().attempt())
    assert not hubspot.asked(Operation.UPLOAD_FILE)
    assert "recording" not in hubspot.notes[0].properties["hs_note_body"]


def test_an_upload_that_drags_on_is_ended(
    hubspot: FakeHubSpot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery's lease is not outlived."""
    monkeypatch.setattr("voicebot.crm.hubspot_http.UPLOAD_SECONDS", -1.0)
    with pytest.raises(CrmError):
        connect(hubspot, folder).deliver(RECORDED, Ledger().attempt())
    assert not hubspot.files.kept
