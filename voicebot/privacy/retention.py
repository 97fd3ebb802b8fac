"""Nothing is kept for longer than the operator said: old recordings and calls go, and files nobody knows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from voicebot.settings import Settings
from voicebot.store.records import Records

UNCLAIMED = timedelta(hours=1)
"""Age from which a file that belongs to no call is a left-over, and not one that is just being begun."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was let go."""

    recordings: int = 0
    calls: int = 0


def sweep_records(records: Records, settings: Settings) -> Swept:
    """Let go of recordings and calls past their time. Raises StoreError."""
    keeping = records.keeping
    dropped = keeping.drop_recordings(timedelta(days=settings.keep_recordings_days))
    erased = 0
    if settings.keep_calls_days:
        while old := keeping.old_calls(timedelta(days=settings.keep_calls_days)):
            gone = sum(keeping.erase(call_id) for call_id in old)
            erased += gone
            if not gone:
                break
    return Swept(dropped, erased)


def sweep_files(records: Records, folder: Path, now: float | None = None) -> int:
    """Delete the recordings in `folder` that the records let go of; how many files that were.

    now: seconds since the epoch. Raises StoreError; then nothing is deleted.
    """
    before = (time.time() if now is None else now) - UNCLAIMED.total_seconds()
    old = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < before]
    names = {path: path.relative_to(folder).with_suffix("").as_posix() for path in old}
    kept = records.keeping.kept(sorted(set(names.values())))
    gone = [path for path, name in names.items() if name not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
        if path.parent != folder and not any(path.parent.iterdir()):
            path.parent.rmdir()
    return len(gone)
