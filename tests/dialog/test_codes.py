"""Codes of letters and digits are found however they are spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.codes import readings, runs


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("a b one two", "AB12"),
        ("My code is A B 1 2, thanks", "AB12"),
        ("AB12", "AB12"),
        ("AB-1234", "AB1234"),
        ("alpha bravo dash twelve", "AB12"),
        ("b as in bravo, four", "B4"),
        ("B for Bertie, four", "B4"),
        ("b like boat, c is in cat", "BC"),
        ("see bee dee 9", "CBD9"),
        ("d as in bravo 4", "B4"),
        ("k as in knife 4", "K4"),
        ("double u one", "W1"),
        ("double b one", "BB1"),
        ("x-ray one", "X1"),
        ("capital q, letter r, two", "QR2"),
        ("b four for five", "B445"),
        ("w, um, dash, nine", "W9"),
        ("WEST 1", "WEST1"),
    ],
)
def test_a_code_is_read(said: str, code: str) -> None:
    """The likeliest reading is the one people mean."""
    assert [run.readings[0] for run in runs(said)] == [code]


@pytest.mark.parametrize("said", ["where is my order", "are you there", "I am here to see you", "why", "Hello."])
def test_ordinary_words_are_no_code(said: str) -> None:
    """Words that sound like letters count only beside letters that are none."""
    assert not any(len(run.readings[0]) > 1 for run in runs(said))


def test_what_may_be_a_letter_or_a_digit_is_both() -> None:
    """ "Oh" is a zero or the letter."""
    assert set(runs("oh b one")[0].readings) == {"0B1", "OB1"}


def test_a_word_that_is_too_much_is_left_out() -> None:
    """ "I" and "a" are letters only where there is room for them."""
    assert readings(["i", "b", "one"], [2]) == ("B1",)
    assert readings(["i", "b", "one"], [3]) == ("IB1",)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a recogniser writes, runs are in order, within the text, and spell something."""
    end = 0
    for run in runs(text):
        assert end <= run.start < run.end
        assert all(reading.isalnum() for reading in run.readings)
        end = run.end


def test_a_recogniser_that_loops_costs_nothing() -> None:
    """A thousand ambiguous words are cut into runs, and read in no time."""
    assert len(runs("oh twenty one double you " * 200)) >= 10
    assert len(readings(["oh", "twenty", "one"] * 13, [20])) <= 64
