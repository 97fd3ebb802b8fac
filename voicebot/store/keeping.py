"""What is kept for a while only: recordings, and whole calls that were asked to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, exists, or_, select, update

from voicebot.store import rows
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import calls, deliveries, recordings
from voicebot.store.views import CallState, DeliveryState, Recording

SUFFIXES = (".flac", ".wav")
"""How a recording may be packed; a WAV becomes a FLAC when the call is over, where that is wanted."""

BATCH = 500
"""Calls looked at in one go."""


class Keeping(Part):
    """The recordings of every call, and the end of calls' records. Safe from any thread; raises StoreError."""

    def recording(self, call_id: str, path: str) -> None:
        """The call is being recorded at `path`. Repeating it changes nothing."""
        with self._write() as db:
            insert_unless_there(db, recordings, call_id=call_id, path=path, seconds=0.0, made_at=self._now())

    def recorded(self, path: str, seconds: float) -> None:
        """The recording at `path` is complete, and `seconds` long."""
        with self._write() as db:
            db.execute(update(recordings).where(recordings.c.path == path).values(seconds=seconds))

    def recordings_of(self, call_id: str) -> list[Recording]:
        """The recordings of the call, in order."""
        query = select(recordings).where(recordings.c.call_id == call_id).order_by(recordings.c.id)
        with self._read() as db:
            return [rows.recording(row) for row in db.execute(query)]

    def drop_recordings(self, age: timedelta) -> int:
        """Let go of the recordings older than `age`, and return how many; whose disk they are on deletes them."""
        old = delete(recordings).where(recordings.c.made_at < self._now() - age)
        with self._write() as db:
            return db.execute(old).rowcount

    def kept(self, paths: Sequence[str]) -> set[str]:
        """Which of these recordings are to be kept."""
        found: set[str] = set()
        with self._read() as db:
            for start in range(0, len(paths), BATCH):
                some = select(recordings.c.path).where(recordings.c.path.in_(paths[start : start + BATCH]))
                found |= {row.path for row in db.execute(some)}
        return found

    def callers(self) -> list[str]:
        """Every number that ever called, as the gateways gave them."""
        with self._read() as db:
            return [row.caller for row in db.execute(select(calls.c.caller).distinct())]

    def calls_from(self, caller: str) -> list[str]:
        """The ids of the calls of one number, as a gateway gave it."""
        query = select(calls.c.call_id).where(calls.c.caller == caller).order_by(calls.c.started_at)
        with self._read() as db:
            return [row.call_id for row in db.execute(query)]

    def old_calls(self, age: timedelta) -> list[str]:
        """The ids of some calls that ended longer than `age` ago and owe nothing to any CRM, oldest first."""
        owed = exists().where(
            deliveries.c.call_id == calls.c.call_id, deliveries.c.state == DeliveryState.PENDING.value
        )
        query = (
            select(calls.c.call_id)
            .where(calls.c.state == CallState.ENDED.value, calls.c.started_at < self._now() - age, ~owed)
            .order_by(calls.c.started_at)
            .limit(BATCH)
        )
        with self._read() as db:
            return [row.call_id for row in db.execute(query)]

    def erase(self, call_id: str) -> bool:
        """Delete everything kept of the call; False, and nothing deleted, while it lasts or is being delivered."""
        busy = exists().where(
            deliveries.c.call_id == calls.c.call_id,
            deliveries.c.state == DeliveryState.PENDING.value,
            deliveries.c.leased_until > self._now(),
        )
        gone = delete(calls).where(
            calls.c.call_id == call_id, or_(calls.c.state == CallState.ENDED.value, calls.c.over), ~busy
        )
        with self._write() as db:
            return bool(db.execute(gone).rowcount)


def files(folder: Path, path: str) -> list[Path]:
    """What is in `folder` of the recording `path`, the best first; nothing when it is on another machine."""
    return [file for suffix in SUFFIXES if (file := folder / f"{path}{suffix}").is_file()]
