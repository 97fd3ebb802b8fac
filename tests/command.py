"""`voicebot` with arguments, as a shell would start it, but in this process: a start costs a second otherwise."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from voicebot.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that is through: its exit status, and what it printed."""

    status: int
    stdout: str
    stderr: str


def voicebot(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run the command in `folder`, seeing no other environment; fails where a process would not come to an end."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        for name in list(os.environ):
            here.delenv(name)
        for name, value in environment.items():
            here.setenv(name, value)
        here.setattr(sys, "argv", ["voicebot", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = _status()
    running = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    assert running == [], "the process would not end"
    return Ended(status, _text(out), _text(err))


def _status() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _text(printed: io.TextIOWrapper) -> str:
    printed.seek(0)
    return printed.read()
