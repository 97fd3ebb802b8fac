"""Entries by keypad."""

from __future__ import annotations

from voicebot.call.keypad import Keypad
from voicebot.call.rules import Rules
from voicebot.dialog.types import KeyState


def test_an_entry_is_finished_by_a_pause() -> None:
    """Keys that may go on are taken when none follows."""
    pad = Keypad(Rules())
    pad.press("1", 1.0)
    pad.weigh(KeyState.MORE)
    pad.press("2", 3.0)
    assert not pad.finished(5.9)
    assert pad.finished(6.0)
    assert pad.take() == "12"
    assert not pad.finished(100.0)


def test_the_hash_key_ends_an_entry_and_is_no_part_of_it() -> None:
    """`12#` is the entry 12, at once."""
    pad = Keypad(Rules())
    for key in "12#":
        pad.press(key, 1.0)
    assert pad.finished(1.0)
    assert pad.take() == "12"


def test_the_hash_key_alone_is_an_entry() -> None:
    """A dialog may give `#` a meaning of its own."""
    pad = Keypad(Rules())
    pad.press("#", 1.0)
    assert pad.take() == "#"


def test_an_answer_needs_no_pause() -> None:
    """Once the dialog has an answer the entry is finished."""
    pad = Keypad(Rules())
    pad.press("0", 1.0)
    pad.weigh(KeyState.DONE)
    assert pad.finished(1.0)


def test_a_key_held_by_a_cat_ends_somewhere() -> None:
    """An entry has a longest length."""
    pad = Keypad(Rules(max_keys=5))
    for _ in range(5):
        pad.press("7", 1.0)
    assert pad.finished(1.0)
    assert (pad.started, pad.last) == (1.0, 1.0)
