"""Opening a database, and what is said when that or a write fails."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.store.support import Clock, ended, said, start, url
from voicebot.errors import StoreError
from voicebot.store import Records
from voicebot.store.schema import calls


def test_a_new_database_is_private(tmp_path: Path) -> None:
    """The folder is made for its owner alone, and so are the file and its journals."""
    folder = tmp_path / "var"
    records = Records.open(url(folder))
    start(records)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == {"voicebot.db": 0o600, "voicebot.db-wal": 0o600, "voicebot.db-shm": 0o600}
    records.close()


def test_the_mode_an_operator_gave_is_kept(tmp_path: Path) -> None:
    """A file that exists keeps its mode: somebody may have opened it to a backup group."""
    Records.open(url(tmp_path)).close()
    (tmp_path / "voicebot.db").chmod(0o640)
    Records.open(url(tmp_path)).close()
    assert stat.S_IMODE((tmp_path / "voicebot.db").stat().st_mode) == 0o640


def test_sqlite_is_set_to_survive_a_power_cut(records: Records) -> None:
    """Every connection runs with WAL, synchronous=FULL (2), foreign keys and a busy timeout of five seconds."""
    with records.engine.connect() as db:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked] == ["wal", 2, 1, 5000]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the message names the path and the settings to change."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/voicebot\.db .*VOICEBOT_DATA_DIR \(or VOICEBOT_DATABASE_URL\)"):
        Records.open(url(tmp_path / "file"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Any other file is left as it is, and said to be no database."""
    (tmp_path / "voicebot.db").write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match=r"voicebot\.db .*not a database"):
        Records.open(url(tmp_path))
    assert (tmp_path / "voicebot.db").read_text().startswith("Dear diary")


@pytest.mark.parametrize(
    "wrong", ["", "voicebot.db", "sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "x://y"]
)
def test_a_url_we_cannot_use_is_refused(wrong: str) -> None:
    """Anything but a SQLite file or PostgreSQL is refused naming the setting."""
    with pytest.raises(StoreError, match="VOICEBOT_DATABASE_URL"):
        Records.open(wrong)


def test_an_unreachable_server_is_named_without_its_password() -> None:
    """PostgreSQL that is not there, or whose driver is not installed, is a StoreError that keeps the password."""
    with pytest.raises(StoreError, match="VOICEBOT_DATABASE_URL") as raised:
        Records.open("postgresql://bot:hush-hush@127.0.0.1:1/voicebot")
    assert "hush" not in str(raised.value)


def test_a_full_disk_is_said_and_loses_nothing_committed(tmp_path: Path, clock: Clock) -> None:
    """The write that finds the disk full fails alone, without the caller's words in the message."""
    records = Records.open(url(tmp_path), clock)
    start(records)
    records.close()

    @event.listens_for(records.engine, "connect")
    def _limit(dbapi: Any, _record: Any) -> None:
        pages = dbapi.execute("PRAGMA page_count").fetchone()[0]
        dbapi.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StoreError, match="disk is full; free some space") as raised:
        records.add("call-1", said(0, "my secret is " * 10_000))
    assert "secret" not in str(raised.value)
    assert "INSERT" not in str(raised.value)
    view = records.call("call-1")
    assert view is not None
    assert view.turns == ()
    records.close()


def test_a_locked_database_is_a_store_error_until_it_is_free(tmp_path: Path) -> None:
    """A write waits for another's lock as long as the timeout says, fails clearly, and works once it is gone."""
    records = Records.open(url(tmp_path) + "?timeout=0.05")
    with closing(sqlite3.connect(tmp_path / "voicebot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked; another process"):
            start(records)
        assert records.calls() == []
        other.execute("ROLLBACK")
    start(records)
    assert len(records.calls()) == 1
    records.close()


def test_reading_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    """The agent's page does not wait for a write that hangs."""
    records = Records.open(url(tmp_path) + "?timeout=0.05")
    start(records)
    with closing(sqlite3.connect(tmp_path / "voicebot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert [row.call_id for row in records.calls()] == ["call-1"]
        records.ping()
        other.execute("ROLLBACK")
    records.close()


def test_text_no_database_can_store_is_cleaned(records: Records) -> None:
    """NUL and lone surrogates, which JSON may bring in, do not stop a call from being kept."""
    records.start("call-\x00\ud800", "\x00+1", "\udfff", "jambonz", "shop", "media-1")
    records.add("call-\x00\ud800", said(0, "he\x00llo \ud800"))
    records.finish("call-\x00\ud800", ended(), ["hubspot"])
    view = records.call("call-\x00\ud800")
    assert view is not None
    assert (view.row.call_id, view.row.caller, view.row.called) == ("call-?", "+1", "?")
    assert view.turns[0].text == "hello ?"


def test_a_time_without_a_zone_is_refused(records: Records) -> None:
    """A naive datetime is a mistake of ours, found at once."""
    with pytest.raises(StoreError, match="without a zone"), records._write() as db:
        db.execute(calls.update().values(ended_at=datetime(2030, 1, 1)))
