"""What engines in packages of their own have in common: a thread that loads them, their version, their errors."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import TypeVar

from voicebot.errors import ModelUnavailable
from voicebot.tts.worker import Worker

T = TypeVar("T")


def loaded(engine: str, name: str, load: Callable[[], T], limit: float) -> tuple[Worker, T]:
    """The thread of an engine, and the voice `name` as `load` made it there within `limit` seconds.

    Raises ModelUnavailable when it takes longer, and what `load` raises.
    """
    worker = Worker(engine.lower())
    try:
        return worker, worker.call(lambda _stopped: load(), limit)
    except BaseException as error:
        worker.close()
        if isinstance(error, TimeoutError):
            raise ModelUnavailable(
                f"VOICEBOT_VOICE_NAME={name}: {engine} did not load it within {limit:.0f} s"
            ) from None
        raise


def version(package: str) -> str:
    """The version that is installed, "?" where that cannot be told."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "?"


def in_a_line(error: BaseException) -> str:
    """The kind of error and the beginning of what it says."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
