"""Calls as people name them: by id, or by the beginning of one that is no other's."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from voicebot.errors import RecordingError, StoreConflict, StoreError
from voicebot.replay.shelf import tapes_like
from voicebot.show import call_line
from voicebot.store.records import Records
from voicebot.store.views import CallView

MOST = 10
"""Candidates that are listed."""


def kept(records: Records, typed: str) -> CallView:
    """The call that `typed` stands for. Raises StoreError when there is none, StoreConflict listing several."""
    view = records.call(typed)
    if view is not None:
        return view
    found = records.calls(MOST + 1, typed)
    if len(found) > 1:
        listed = _listed([call_line(row) for row in found])
        raise StoreConflict(f"several calls have an id that begins with {typed}; write more of it:\n{listed}")
    view = records.call(found[0].call_id) if found else None
    if view is None:
        raise StoreError(f"there is no call {typed}; see `voicebot calls list`")
    return view


def recording(typed: str, inputs: Callable[[], Path]) -> Path:
    """The file `typed`, or the one in the folder `inputs` with the inputs of the call it stands for.

    Raises RecordingError when there is none, or listing several: of different calls, or of one that came back.
    """
    path = Path(typed)
    if path.is_file() or os.sep in typed or path.suffix == ".jsonl":
        return path
    folder = inputs()
    tapes = tapes_like(folder, typed)
    found = tapes.get(typed) or [each for paths in tapes.values() for each in paths]
    if len(found) > 1:
        listed = _listed([str(each) for each in found])
        raise RecordingError(f"{typed} has several recordings; write more of the id, or name a file:\n{listed}")
    if not found:
        raise RecordingError(
            f"{typed}: there is no such file, and in {folder} no recording of a call whose id begins so "
            "(see VOICEBOT_RECORD_INPUTS)"
        )
    return found[0]


def _listed(lines: Sequence[str]) -> str:
    more = ["  …"] if len(lines) > MOST else []
    return "\n".join([*(f"  {line}" for line in lines[:MOST]), *more])
