"""Brings the database to the schema this version of the code needs."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from voicebot.errors import StoreError

# Names the lock that keeps two processes from migrating at once; any number, as long as all use the same.
ADVISORY_LOCK = 7_364_018_251

FOLDER = Path(__file__).parent / "migrations"

HEAD = max(step.name.partition("_")[0] for step in (FOLDER / "versions").glob("*.py"))
"""The last step: the files are named after their revisions, which are numbered."""

# Alembic's environment is a module-wide variable.
_alembic = threading.Lock()


def migrate(connection: Connection) -> None:
    """Run the missing steps inside the transaction `connection` is in.

    Safe when several processes start together: on SQLite the transaction must have begun IMMEDIATE, which holds
    the only write lock; on PostgreSQL an advisory lock is held until it ends. Raises StoreError for a database
    that a newer version has migrated.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if _revision(connection) != HEAD:
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    """The step the database is at; None where none was done."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    # Alembic takes a tenth of a second to load; only a database that is not up to date needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    # Alembic's options are %-interpolated.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _alembic:
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"VOICEBOT_DATABASE_URL: this database was migrated by another version of voicebot ({error}); "
            "run the version that did, or restore a backup from before"
        ) from None
