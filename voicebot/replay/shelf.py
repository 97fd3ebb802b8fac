"""The recorded inputs on this machine's disk: whose they are, and which have to go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from voicebot.errors import RecordingError
from voicebot.replay.reading import Recording
from voicebot.replay.tape import SUFFIX, named

UNCLAIMED = timedelta(hours=1)
"""Age from which a file of no known call is a left-over, and not one whose call is just being put on record."""


def tapes_of(folder: Path, call_id: str) -> list[Path]:
    """The recorded inputs of the call, one for each of its streams, oldest first."""
    return [path for path, owner in _owned(folder, f"*-{named(call_id)}") if owner == call_id]


def tapes_like(folder: Path, beginning: str) -> Mapping[str, list[Path]]:
    """The recorded inputs of all calls whose id has this `beginning`, by id, oldest first."""
    found: dict[str, list[Path]] = {}
    for path, owner in _owned(folder, f"*-{named(beginning).removesuffix(SUFFIX)}*{SUFFIX}"):
        if owner is not None and owner.startswith(beginning):
            found.setdefault(owner, []).append(path)
    return found


def discard(folder: Path, call_id: str) -> int:
    """Delete the recorded inputs of the call; how many files that were."""
    found = tapes_of(folder, call_id)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def sweep(folder: Path, known: Callable[[str], bool], keep: timedelta, now: float | None = None) -> int:
    """Delete what is older than `keep` and what belongs to no `known` call; how many files that were.

    now: seconds since the epoch.
    """
    moment = time.time() if now is None else now
    gone = 0
    for path, owner in _owned(folder, f"*{SUFFIX}"):
        age = timedelta(seconds=moment - path.stat().st_mtime)
        if age > keep or (age > UNCLAIMED and (owner is None or not known(owner))):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _owned(folder: Path, pattern: str) -> Iterator[tuple[Path, str | None]]:
    """Every file and the id of its call; None for a file that does not tell."""
    for path in sorted(folder.glob(pattern)):
        try:
            yield path, Recording.open(path).header.call_id
        except RecordingError:
            yield path, None
