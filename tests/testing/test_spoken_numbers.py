"""Numbers are rendered as callers say them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.testing.spoken_numbers import FILLERS, Letters, Way, in_pieces, say_code, say_number, with_fillers


@pytest.mark.parametrize(
    ("digits", "way", "said"),
    [
        ("4152", Way.DIGITS, "four one five two"),
        ("4152", Way.PAIRS, "forty one fifty two"),
        ("41522", Way.PAIRS, "forty one fifty two two"),
        ("42255567", Way.REPEATS, "four double two triple five six seven"),
        ("105", Way.AMOUNTS, "one hundred and five"),
    ],
)
def test_each_way_sounds_as_people_do(digits: str, way: Way, said: str) -> None:
    """The words are those of everyday English."""
    assert " ".join(say_number(digits, way, Random(1))) == said


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (Letters.LETTER, "b"),
        (Letters.NAME, "bee"),
        (Letters.NATO, "bravo"),
        (Letters.AS_IN, "b as in bravo"),
        (Letters.FOR, "b for bertie"),
    ],
)
def test_letters_are_said_in_every_way(way: Letters, said: str) -> None:
    """A letter alone, by its name, or with a word."""
    assert " ".join(say_code("B", Random(1), way)) == said


@given(st.text("0123456789", min_size=1, max_size=10), st.sampled_from(Way), st.randoms(use_true_random=False))
def test_cutting_and_filling_lose_nothing(digits: str, way: Way, rng: Random) -> None:
    """Pieces joined are the words, and words without the fillers are what was said."""
    words = say_number(digits, way, rng)
    filled = with_fillers(words, rng, 0.5)
    assert [word for word in filled if word not in FILLERS] == words
    assert " ".join(in_pieces(filled, 3, rng)) == " ".join(filled)
