"""Structured logs: events with numbers, as JSON or as text, and never a secret or a caller's words."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from voicebot.settings import Settings

_NUMBER = re.compile(r"[+(]?\d[\d\s().-]{6,}\d")
_KEEP = frozenset({"timestamp", "level", "event", "call", "node", "version"})


def configure(settings: Settings) -> None:
    """Log to standard error as the settings say."""
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    level = getattr(logging, settings.log_level.upper())
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_numbers,
    ]
    if not text:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def quiet() -> None:
    """Log nothing: for commands whose output is their own."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def redact_numbers(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a telephone or card number in any text of the event."""
    for key, value in event.items():
        if key not in _KEEP and isinstance(value, str):
            event[key] = _NUMBER.sub("[number]", value)
    return event
