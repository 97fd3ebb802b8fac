"""What logs may not say."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from voicebot import logs
from voicebot.logs import redact_numbers
from voicebot.settings import Settings


@contextlib.contextmanager
def configured(style: Literal["json", "text"]) -> Iterator[None]:
    """Logging as in a process of its own; as it was, afterwards."""
    handlers, logging.root.handlers = logging.root.handlers, []
    logs.configure(Settings(log_format=style))
    try:
        yield
    finally:
        logging.root.handlers = handlers
        structlog.reset_defaults()


@pytest.mark.parametrize("number", ["+15551234567", "555-123-4567", "(555) 123 4567", "4111 1111 1111 1111"])
def test_numbers_of_people_are_redacted(number: str) -> None:
    """A telephone or card number that slips into an error text does not reach the log."""
    event = redact_numbers(None, "", {"event": "x.failed", "error": f"cannot reach {number} now"})
    assert event["error"] == "cannot reach [number] now"


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_log_that_cannot_be_written_breaks_nothing(
    style: Literal["json", "text"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs lines of the log, not the call that wrote them; later lines come again."""
    disk = _Disk()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BufferedWriter(disk), write_through=True))
    with configured(style):
        log = structlog.get_logger()
        disk.full = True
        log.info("call.started", turns=1)
        disk.full = False
        log.info("call.ended", turns=2)
    assert b"call.ended" in disk.written


class _Disk(io.RawIOBase):
    """Takes what is written while there is room."""

    def __init__(self) -> None:
        self.full = False
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += bytes(data)
        return len(bytes(data))


def test_ids_and_times_stay_readable() -> None:
    """The call's id and the event's time are what a log is searched by."""
    event = {
        "event": "call.ended",
        "call": "11111111-2222-3333-4444-555555555555",
        "timestamp": "2026-11-20 10:00",
    }
    assert redact_numbers(None, "", dict(event)) == event


@pytest.mark.parametrize("identity", ["611a12345678be0e209818de45bf0988", "2f6f0c1e-0123-4567-8901-0d6c9d5f6a11"])
def test_an_id_in_an_address_stays_whole(identity: str) -> None:
    """An operator follows a call by it; the digits in it are nobody's number."""
    event = redact_numbers(None, "", {"event": "x", "path": f"/agent/calls/{identity}?from=4155550142"})
    assert event["path"] == f"/agent/calls/{identity}?from=[number]"


@pytest.mark.parametrize("digits", ["4" * 32, "12345678-1234-1234-1234-123456789012"])
def test_what_is_only_digits_is_no_id(digits: str) -> None:
    """However long it is, and wherever its dashes are."""
    assert digits not in redact_numbers(None, "", {"event": "x", "text": digits})["text"]


def test_numbers_that_are_figures_stay() -> None:
    """Measurements are no telephone numbers."""
    assert redact_numbers(None, "", {"event": "x", "seconds": 12.5, "text": "port 3000"})["text"] == "port 3000"


@pytest.mark.parametrize("style", ["json", "text"])
def test_an_exception_is_placed_and_not_quoted(
    style: Literal["json", "text"], capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of ours tells its kind and its place; neither its message nor any variable on the way is shown."""
    secret = "my card is 4111 and I live in Elm Street"
    with configured(style):
        try:
            int(secret)
        except ValueError:
            structlog.get_logger().exception("call.broken", call="call-1")
            logging.getLogger("websockets.server").exception("connection handler failed")
    out = capsys.readouterr().err
    assert out.count("ValueError") == 2
    assert "test_logs.py" in out
    assert "Elm" not in out
    assert len(out.strip().splitlines()) == 2


def test_a_value_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends and terminal sequences from outside are taken out, whatever the style."""
    with configured("text"):
        structlog.get_logger().warning("http.bad_hook", path="/agent/\n2026 call.ended\x1b[31m", call="a\nb")
        logging.getLogger("waitress").warning("odd %s", "one\ntwo +15551234567")
    out = capsys.readouterr().err
    assert len(out.strip().splitlines()) == 2
    assert "+1555" not in out


def test_every_line_is_json_whoever_wrote_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Who reads the log with a program meets no line of a library in a form of its own."""
    with configured("json"):
        structlog.get_logger().info("call.ended")
        logging.getLogger("waitress.queue").warning("Task queue depth is %d", 3)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert theirs["logger"] == "waitress.queue"
    assert (theirs["event"], theirs["level"]) == ("Task queue depth is 3", "warning")
    assert ours.keys() < theirs.keys()
    assert theirs["timestamp"][:11] == ours["timestamp"][:11]


def test_a_machines_address_is_nobodys_number() -> None:
    """Where something is not reached stays readable; telephone numbers beside it, with dots too, do not."""
    event = {"error": "(10.0.12.7:6379/0): refused", "said": "call (141) 555-0142 or 12.34.56.78"}
    redacted = redact_numbers(None, "", event)
    assert redacted == {"error": "(10.0.12.7:6379/0): refused", "said": "call [number] or [number]"}
