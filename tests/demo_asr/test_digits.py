"""Numbers as callers say them."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.demo_asr.digits import cardinal, ordinal, random_digits, spell
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
    """Cardinals are said without "and"."""
    assert cardinal(number) == words


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
