"""Structured logs: events with numbers, as JSON or as text, and never a secret or a caller's words."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from voicebot.settings import Settings

_NUMBER = re.compile(
    # Ids of calls and contexts, as in an address: digits among their letters are nobody's number.
    # A machine's address with its port is none either.
    r"(?P<id>\b(?=[\d-]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"
    r"|\(?\b(?:\d{1,3}\.){3}\d{1,3}:\d{2,5}\b)"
    r"|[+(]?\d[\d\s().-]{6,}\d"
)
_KEEP = frozenset({"timestamp", "level", "event", "call", "node", "version", "at"})
_STEPS = 6


def configure(settings: Settings) -> None:
    """Log to standard error as the settings say."""
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    level = getattr(logging, settings.log_level.upper())
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_exception,
        redact_numbers,
        keep_one_line,
    ]
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Outlet())),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _LibraryText("%(levelname)s %(name)s %(message)s") if text else _LibraryJson("%(message)s")
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def quiet() -> None:
    """Log nothing: for commands whose output is their own."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class _Outlet:
    """Standard error; where it is a full disk or a pipe nobody reads, a line is lost and the call goes on."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _LibraryText(logging.Formatter):
    """What libraries log, under the same rules."""

    def format(self, record: logging.LogRecord) -> str:
        return _one_line(_without_numbers(super().format(record)))

    def formatException(self, ei: Any) -> str:
        kind, _, trace = ei
        return f"{kind.__name__ if kind else 'no exception'} at {_places(trace)}"


class _LibraryJson(_LibraryText):
    """The same as an event, so that every line is JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        event = {"logger": record.name, "event": super().format(record), "level": record.levelname.lower()}
        return json.dumps({**event, "timestamp": at})


def place_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception what it is and where it came from, not what it says.

    Messages quote the value that was wrong, and a pretty traceback shows every variable on the way: both may be a
    caller's words or a secret.
    """
    given = event.pop("exc_info", None)
    if given:
        kind, _error, trace = given if isinstance(given, tuple) else _raised(given)
        event["raised"] = kind.__name__ if kind else ""
        event["at"] = _places(trace)
    return event


def _raised(given: Any) -> Any:
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    return sys.exc_info()


def _places(trace: TracebackType | None) -> str:
    """The last steps to the fault, innermost last."""
    frames = traceback.extract_tb(trace)[-_STEPS:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames)


def keep_one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what could forge a line or colour a terminal: control characters in any text of the event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _one_line(value)
    return event


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def redact_numbers(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a telephone or card number in any text of the event."""
    for key, value in event.items():
        if key not in _KEEP and isinstance(value, str):
            event[key] = _without_numbers(value)
    return event


def _without_numbers(text: str) -> str:
    return _NUMBER.sub(lambda match: match["id"] or "[number]", text)
