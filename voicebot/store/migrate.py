"""Brings the database to the schema this version of the code needs."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from voicebot.errors import StoreError

# Names the lock that keeps two processes from migrating at once; any number, as long as all use the same.
ADVISORY_LOCK = 7_364_018_251

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
    config = Config()
    # Alembic's options are %-interpolated.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _alembic:
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"VOICEBOT_DATABASE_URL: this database was migrated by another version of voicebot ({error}); "
            "run the version that did, or restore a backup from before"
        ) from None
