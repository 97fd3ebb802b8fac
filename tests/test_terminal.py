"""What strangers wrote, on an operator's terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.database import empty
from voicebot.call.record import Speaker, TurnEntry
from voicebot.cli import app
from voicebot.store import Records
from voicebot.terminal import clean


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b]0;owned\x07\x1b[31mred", "\ufffd]0;owned\ufffd\ufffd[31mred"),
        ("\x9b2J", "\ufffd2J"),
        ("paid \u202e001\u202c", "paid \ufffd001\ufffd"),
        ("a\r\tb\u2028c", "a  b c"),
        ("İnci, 日本 – ✓\nnext", "İnci, 日本 – ✓\nnext"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_such(written: str, shown: str) -> None:
    """Escapes, 8-bit controls and marks of direction become a replacement character; letters stay."""
    assert clean(written) == shown


@given(st.text())
def test_only_line_ends_and_what_can_be_seen_is_left(text: str) -> None:
    """Whatever comes."""
    assert all(each == "\n" or each.isprintable() for each in clean(text))


def test_a_call_is_shown_without_what_its_caller_smuggled_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list, on the call's page and in its waterfall."""
    folder = tmp_path_factory.mktemp("data")
    records = Records.open(empty(folder / "voicebot.db"))
    records.start("call-1", "+1\x1b[2J", "+2", "jambonz", "shop", "media1")
    records.add("call-1", TurnEntry(0, Speaker.CALLER, "hello \x1b]0;owned\x07", 0.0, 1.0, intent="a\x9bb"))
    records.close()
    monkeypatch.setenv("VOICEBOT_DATA_DIR", str(folder))
    for command in (["calls", "list"], ["calls", "show", "call-1"], ["turns", "call-1"]):
        told = CliRunner().invoke(app, command, color=True)
        assert told.exit_code == 0, told.output
        assert "\ufffd" in told.output
        assert not {"\x1b", "\x07", "\x9b"} & set(told.output), command
