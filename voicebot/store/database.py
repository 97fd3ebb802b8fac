"""Opening the database of the records, SQLite or PostgreSQL, and what its failures are called."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
    StatementError,
)

from voicebot.errors import StoreError, Unstorable
from voicebot.store.migrate import migrate

BUSY_SECONDS = 5.0
"""How long a write waits for another process' write before it fails."""

SETTING = "VOICEBOT_DATABASE_URL"

HOPELESS = (DataError, IntegrityError)
"""The database works and refuses these values; a statement that never reached it (a value that could not be
converted) is as hopeless."""


def open_engine(url: str) -> Engine:
    """An engine on `url`, its database created and migrated. Every transaction of it takes the write lock at once.

    Raises StoreError naming the setting and, for SQLite, the file.
    """
    parsed = _parse(url)
    in_file = parsed.get_backend_name() == "sqlite"
    if in_file:
        _create_file(parsed)
    with store_errors(parsed):
        engine = _sqlite(parsed) if in_file else _postgresql(parsed)
        try:
            with engine.begin() as connection:
                migrate(connection)
        except BaseException:
            engine.dispose()
            raise
    return engine


def reader(engine: Engine) -> Engine:
    """`engine` for transactions that only read: on SQLite they neither wait for a writer nor make one wait."""
    return engine.execution_options(voicebot_reads=True)


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Turns the database's failures into StoreError, without a password, a statement or anybody's data in it."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        # Only the first line: PostgreSQL adds a DETAIL with the values of the row.
        said = (str(cause).splitlines() or [type(cause).__name__])[0]
        hopeless = isinstance(error, HOPELESS) or (
            isinstance(error, StatementError) and not isinstance(error, DBAPIError)
        )
        raise (Unstorable if hopeless else StoreError)(f"{_name(url)}: {said}{_advice(said)}") from None


def utc_now() -> datetime:
    """The time of day, aware, UTC."""
    return datetime.now(UTC)


class Part:
    """Some tables of the database, with the transactions in which they are read and written.

    now: aware, UTC.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self._reader = reader(engine)
        self._now = now

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors(self.engine.url), self._reader.begin() as db:
            yield db

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with store_errors(self.engine.url), self.engine.begin() as db:
            yield db


def insert_unless_there(db: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken; return whether it was inserted."""
    insert = sqlite.insert if db.dialect.name == "sqlite" else postgresql.insert
    return db.execute(insert(table).values(**values).on_conflict_do_nothing()).rowcount == 1


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return f"database file {url.database} ({SETTING}, or VOICEBOT_DATA_DIR if that is unset)"
    return f"{SETTING}={url.render_as_string(hide_password=True)}"


def _advice(said: str) -> str:
    if "disk is full" in said:
        return "; free some space on that disk: nothing committed so far is lost"
    if "locked" in said:
        return "; another process held its write lock for too long"
    if "readonly" in said or "unable to open" in said:
        return "; the user this process runs as must be able to write the file and its folder"
    return ""


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise StoreError(
            f"{SETTING} is no SQLAlchemy URL: write sqlite:////path/to/file.db or postgresql://user:password@host/name"
        ) from None
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError(
                f"{SETTING}={url}: name a file; records kept in memory would be lost with the process"
            )
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"{SETTING}: {backend} is not supported; use sqlite or postgresql")


def _create_file(url: URL) -> None:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Numbers and words of callers are in it; SQLite gives its -wal and -shm files the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror}): set VOICEBOT_DATA_DIR (or {SETTING}) to a place the user "
            "this process runs as may write"
        ) from None


def _sqlite(url: URL) -> Engine:
    patience = {} if "timeout" in url.query else {"timeout": BUSY_SECONDS}
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=5,
        max_overflow=40,
        pool_timeout=BUSY_SECONDS,
        connect_args=patience,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: Any) -> None:
        # Transactions are begun below: the sqlite3 module would begin them late, and fail instead of wait when two
        # transactions have read and then both want to write.
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL makes a commit survive a power cut in WAL mode; NORMAL only survives a killed process.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("voicebot_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    # libpq waits for ever by default; what the URL says itself stays.
    patience = {"connect_timeout": "5", "tcp_user_timeout": "10000"}
    try:
        return create_engine(
            url.update_query_dict({name: value for name, value in patience.items() if name not in url.query}),
            hide_parameters=True,
            pool_size=5,
            max_overflow=40,
            pool_timeout=BUSY_SECONDS,
            pool_pre_ping=True,
        )
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            f"{SETTING} names PostgreSQL, but its driver is missing: pip install -r requirements-postgres.txt"
        ) from None
