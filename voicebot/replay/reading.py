"""A recording read back, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicebot.call.events import Event
from voicebot.errors import RecordingError
from voicebot.replay.codec import Unreadable, event_from_json
from voicebot.replay.header import FORMAT, Header, digest, header_from_json
from voicebot.settings import PREFIX


@dataclass(frozen=True, slots=True)
class Step:
    """What the call was told at `at` and what it did then.

    line: of the file, from 1. at: seconds on the clock of the process.
    actions: as `codec.action_to_json` gives them.
    broke: the exception by which the call broke, or "".
    clock: what the time of day was each time the dialog asked for it.
    """

    line: int
    at: float
    event: Event
    actions: Sequence[Any] = ()
    broke: str = ""
    clock: Sequence[datetime] = ()


@dataclass(slots=True)
class Recording:
    """A file of `tape`, read as it is walked through.

    whole: whether the end was reached and is the end of the stream; False for what breaks off, such as the
        recording of a process that was killed, or of a call that goes on.
    """

    path: Path
    header: Header
    whole: bool = field(default=False, init=False)

    @classmethod
    def open(cls, path: Path) -> Recording:
        """The recording at `path`. Raises RecordingError where it is none, or none this version can read."""
        try:
            with path.open(encoding="utf-8") as lines:
                first = lines.readline()
        except FileNotFoundError:
            raise RecordingError(f"{path}: there is no such file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RecordingError(f"{path}: cannot be read: {error}") from None
        return cls(path, _header(path, first))

    def steps(self) -> Iterator[Step]:
        """Every event in the order in which the call was told it. Raises RecordingError naming the line."""
        self.whole = False
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            lines.readline()
            for number, line in enumerate(lines, 2):
                if self.whole:
                    raise RecordingError(f"{self.path}:{number}: something follows the end of the recording")
                if not line.endswith("\n"):
                    return
                step = self._step(number, line)
                if step is None:
                    self.whole = True
                else:
                    yield step

    def _step(self, number: int, line: str) -> Step | None:
        where = f"{self.path}:{number}"
        try:
            content = json.loads(line)
        except ValueError as error:
            raise RecordingError(f"{where}: not a line of a recording: {error}") from None
        if not isinstance(content, dict):
            raise RecordingError(f"{where}: not a line of a recording: it is no object")
        if "lines" in content:
            if content["lines"] != number - 1:
                raise RecordingError(
                    f"{where}: {content['lines']} lines were written before this one, and {number - 1} are there"
                )
            return None
        at, actions, broke = content.pop("t", None), content.pop("a", ()), content.pop("broke", "")
        clock = content.pop("now", ())
        if not isinstance(at, int | float) or len(content) != 1:
            raise RecordingError(f"{where}: not a line of a recording: it wants a time and one event")
        ((name, told),) = content.items()
        try:
            moments = tuple(datetime.fromisoformat(moment) for moment in clock)
            return Step(number, float(at), event_from_json(name, told), actions, broke, moments)
        except (Unreadable, TypeError, ValueError) as error:
            raise RecordingError(f"{where}: {error}") from None


def _header(path: Path, line: str) -> Header:
    try:
        content = json.loads(line)
        version = content["voicebot_inputs"]
    except (ValueError, KeyError, TypeError):
        raise RecordingError(f"{path}:1: this is no recording of a call (see {PREFIX}RECORD_INPUTS)") from None
    if version != FORMAT:
        raise RecordingError(
            f"{path}:1: recorded in format {version}; this voicebot reads format {FORMAT}. "
            f"Replay it with voicebot {content.get('voicebot', 'of the version that recorded it')}"
        )
    try:
        header = header_from_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordingError(f"{path}:1: {place}: {first['msg']}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordingError(f"{path}:1: the header is damaged: {error}") from None
    if digest(header.dialog.text) != header.dialog.sha256:
        raise RecordingError(f"{path}:1: the dialog's text is not the one that was recorded; the file was changed")
    return header
