"""A part of a number is put right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.mishearings import alike, guesses
from voicebot.dialog.repairs import names_a_part, put_right
from voicebot.dialog.spelling import CODES, DIGITS


def six(value: str) -> bool:
    return len(value) == 6


@pytest.mark.parametrize(
    ("value", "said", "right"),
    [
        ("123456", "the last two are 65", "123465"),
        ("123456", "the last digits are 65", "123465"),
        ("123456", "the second one is five", "153456"),
        ("123456", "the first three are four one six", "416456"),
        ("123456", "the second to last is 9", "123496"),
        ("123456", "it ends in 16", "123416"),
        ("123456", "begins with nine", "923456"),
        ("123456", "not a five, it's a nine", "123496"),
        ("415222", "four one six", "416222"),
        ("123456", "four one eight", "123418"),
        ("12345", "double four", "123445"),
    ],
)
def test_the_part_that_is_named_or_most_alike_changes(value: str, said: str, right: str) -> None:
    """There is no doubt about any of these."""
    repair = put_right(value, said, DIGITS, six)
    assert repair is not None
    assert (repair.values[0], repair.clear) == (right, True)


def test_which_of_several_digits_is_meant_is_in_doubt() -> None:
    """A nine may stand for either five, or the last digit; what sounds alike comes before what does not."""
    repair = put_right("152356", "nine", DIGITS, six)
    assert repair is not None
    assert not repair.clear
    assert set(repair.values[:3]) == {"152359", "152396", "192356"}


def test_letters_are_put_right_too() -> None:
    """Letters that sound alike are the likeliest to be exchanged."""
    repair = put_right("MB1234", "n", CODES, six)
    assert repair is not None
    assert repair.values[0] in ("NB1234", "MB123N")


def test_what_fits_nowhere_is_no_repair() -> None:
    """Too long, the same again, or nothing at all."""
    for said in ("one two three four five six seven", "hello", "one two three four five six"):
        assert put_right("123456", said, DIGITS, six) is None


def test_a_place_that_is_not_there_leaves_a_doubt() -> None:
    """A number of six digits has no ninth; which one was meant is asked back."""
    repair = put_right("123456", "the ninth digit is two", DIGITS, six)
    assert repair is not None
    assert not repair.clear


def test_naming_a_part_is_told_from_saying_one() -> None:
    """ "The last two are" names, "four one six" does not."""
    assert names_a_part("no, the last two are 16")
    assert not names_a_part("four one six")


@given(st.text("0123456789", min_size=6, max_size=6), st.text(max_size=80))
def test_no_text_breaks_a_repair(value: str, said: str) -> None:
    """Whatever is said, what comes of it is valid and another value."""
    repair = put_right(value, said, DIGITS, six)
    assert repair is None or all(six(each) and each != value for each in repair.values)


def test_likely_mishearings_come_first() -> None:
    """A dropped digit before a confused one, and none longer than values are."""
    assert list(guesses("1255", 5))[:3] == ["11255", "12255", "12555"]
    assert list(guesses("15", 2)) == ["19"]
    assert "P1" in guesses("B1", 2)


def test_characters_that_sound_alike_are_known() -> None:
    """Five and nine, M and N; not one and two."""
    assert alike("5", "9")
    assert alike("M", "N")
    assert not alike("1", "2")
