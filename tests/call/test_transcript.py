"""Turns in order, and the words that were heard of a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.record import Speaker, TurnEntry
from voicebot.call.transcript import TurnLog, words_heard


def _entry(text: str) -> TurnEntry:
    return TurnEntry(0, Speaker.CALLER, text, 0.0, 1.0)


def test_an_open_turn_holds_back_those_after_it() -> None:
    """The order of the record is the order of the call, not the order in which things became known."""
    log = TurnLog()
    first, second = log.begin(), log.begin()
    first.entry, second.entry = _entry("first"), _entry("second")
    second.close()
    assert log.take() == []
    first.close()
    assert [(entry.number, entry.text) for entry in log.take()] == [(0, "first"), (1, "second")]


def test_a_discarded_turn_leaves_no_gap() -> None:
    """Numbers count what was noted."""
    log = TurnLog()
    nothing, something = log.begin(), log.begin()
    nothing.entry = _entry("not meant")
    nothing.discard()
    something.entry = _entry("meant")
    something.close()
    assert [entry.number for entry in log.take()] == [0]


def test_closing_the_log_loses_no_turn() -> None:
    """At the end of the call open turns are noted as far as they are known."""
    log = TurnLog()
    log.begin().entry = _entry("half known")
    log.begin()
    log.close()
    assert [entry.text for entry in log.take()] == ["half known"]
    assert log.take() == []


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (0.0, ""),
        (0.5, ""),
        (2.0, "one two"),
        (2.4, "one two"),
        (3.9, "one two three"),
        (4.0, "one two three four"),
    ],
)
def test_words_are_cut_at_a_boundary(heard: float, words: str) -> None:
    """A word that was not heard to its end was not heard."""
    assert words_heard("one two three four", heard, 4.0) == words


@given(st.text(max_size=60), st.floats(0, 10), st.floats(0.01, 10))
def test_what_was_heard_begins_what_was_said(text: str, heard: float, total: float) -> None:
    """Whatever the numbers, the heard text is a beginning of the whole one."""
    assert text.startswith(words_heard(text, heard, total))
