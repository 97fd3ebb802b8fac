"""Which calls may be recorded for a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.support import bot, noticed
from voicebot.call.rules import Rules
from voicebot.dialog import load
from voicebot.errors import SettingsError
from voicebot.runtime.taping import Tapes
from voicebot.settings import Settings


def _tapes(folder: Path, text: str) -> Tapes:
    settings = Settings(data_dir=folder, dialog=bot(folder, lambda _: text))
    return Tapes(settings, load(settings.dialog), Rules())


def test_a_dialog_that_tells_callers_may_be_recorded(tmp_path: Path) -> None:
    """The folder is made for the owner alone."""
    assert _tapes(tmp_path, noticed(bot(tmp_path).read_text())).close(10.0)
    assert (tmp_path / "inputs").stat().st_mode & 0o777 == 0o700


def test_callers_who_are_not_told_are_not_recorded(tmp_path: Path) -> None:
    """The server does not start; the message shows the line to add."""
    with pytest.raises(SettingsError, match="notice: "):
        _tapes(tmp_path, bot(tmp_path).read_text())


def test_what_must_not_be_kept_is_not_recorded(tmp_path: Path) -> None:
    """A private slot's value would be in the audio: the server does not start, and names the slot."""
    text = noticed(bot(tmp_path).read_text()).replace(
        "  order_number:\n", "  order_number:\n    private: true\n", 1
    )
    text = text.replace("{{ 'order ' ~ order_number if order_number else 'an order' }}", "an order")
    with pytest.raises(SettingsError, match="order_number"):
        _tapes(tmp_path, text)
