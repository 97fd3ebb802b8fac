"""The migrations lead to the tables the code uses, however often and from however many processes they are run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.store.support import start, url
from voicebot.errors import StoreError
from voicebot.store import Records
from voicebot.store.migrate import FOLDER, HEAD
from voicebot.store.schema import metadata

OPEN = "import sys; from voicebot.store import Records; sys.stdin.readline(); Records.open(sys.argv[1]).ping()"


def test_migrations_and_tables_agree(records: Records) -> None:
    """Alembic finds nothing to change between a migrated database and the tables in the code."""
    with records.engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_last_step_is_the_one_that_files_are_numbered_up_to() -> None:
    """A database at it is up to date; the steps follow each other without a fork."""
    assert ScriptDirectory(str(FOLDER)).get_heads() == [HEAD]


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    """Migrating a database that is up to date changes nothing in it."""
    records = Records.open(url(tmp_path))
    start(records)
    before = records.call("call-1")
    records.close()
    records = Records.open(url(tmp_path))
    assert records.call("call-1") == before
    records.close()


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    """Four processes open a fresh database at the same moment, and all succeed."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, url(tmp_path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=50)[1] for process in processes]
    assert told == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4


def test_a_database_of_a_later_version_is_refused(records: Records, tmp_path: Path) -> None:
    """Code that is older than the database says so instead of writing into tables it does not know."""
    with records.engine.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="another version of voicebot"):
        Records.open(url(tmp_path))
