"""Numbers as callers say them."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.demo_asr.digits import amounts, cardinal, ordinal, random_digits, spell
from voicebot.dialog.numbers import runs


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (15, "fifteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (105, "one hundred five"),
        (4529, "four thousand five hundred twenty nine"),
    ],
)
def test_amounts_in_words(number: int, words: str) -> None:
    """Cardinals are said without "and", where no joint is asked for."""
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (885, "eight hundred and eighty five"),
        (800, "eight hundred"),
        (4005, "four thousand and five"),
        (896635, "eight hundred and ninety six thousand six hundred and thirty five"),
    ],
)
def test_the_british_and_joins_tens_and_ones(number: int, words: str) -> None:
    """After hundreds and after bare thousands."""
    assert cardinal(number, "and ") == words


@pytest.mark.parametrize(
    ("number", "written", "said"),
    [(1, "1st", "first"), (12, "12th", "twelfth"), (13, "13th", "thirteenth"), (22, "22nd", "twenty second")],
)
def test_days_of_the_month(number: int, written: str, said: str) -> None:
    """Ordinals are written with their ending and said in full."""
    assert ordinal(number) == (written, said)


@given(st.text("0123456789", min_size=3, max_size=8), st.integers(0, 2**32))
def test_every_way_of_saying_a_number_means_that_number(digits: str, seed: int) -> None:
    """What a voice is to read is one of the readings the product knows for it."""
    (run,) = runs(spell(digits, Random(seed)))
    assert digits in run.readings


@given(st.text("0123456789", min_size=3, max_size=6), st.integers(0, 2**32))
def test_a_number_said_as_amounts_is_that_number(digits: str, seed: int) -> None:
    """Whole or in groups, with and without "and"; what has a pause in it is read on as the product does."""
    said = amounts(digits, Random(seed)).replace(",", "")
    assert digits in {reading for run in runs(said) for reading in run.readings}


@given(st.integers(1, 10), st.integers(0, 2**32))
def test_random_numbers_have_as_many_digits_as_asked(count: int, seed: int) -> None:
    """Repeating a digit makes a number no longer."""
    digits = random_digits(Random(seed), count)
    assert len(digits) == count
    assert digits.isdecimal()


def test_numbers_often_have_like_digits_side_by_side() -> None:
    """Half of the six-digit ones, for those are misheard most; runs of three and four are among them."""
    numbers = [random_digits(Random(seed), 6) for seed in range(2000)]
    runs = [max(len(run[0]) for run in re.finditer(r"(\d)\1*", number)) for number in numbers]
    assert sum(run > 1 for run in runs) > 1000
    assert sum(run > 2 for run in runs) > 100
