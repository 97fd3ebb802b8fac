"""Numbers are found however they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.numbers import MOST_READINGS, runs

UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
REPEATS = {2: "double", 3: "triple"}

digit_strings = st.text("0123456789", min_size=2, max_size=8)


def two(value: int) -> str:
    """A number of 10..99 in words."""
    if value < 20:
        return TEENS[value - 10]
    return TENS[value // 10] + (f" {UNITS[value % 10]}" if value % 10 else "")


def cardinal(value: int) -> str:
    """A number of 1..9999 in words, as British people say it."""
    thousands, hundreds, rest = value // 1000, value // 100 % 10, value % 100
    parts = []
    if thousands:
        parts.append(f"{UNITS[thousands]} thousand")
    if hundreds:
        parts.append(f"{UNITS[hundreds]} hundred")
    if rest:
        parts.append(("and " if parts else "") + (two(rest) if rest >= 10 else UNITS[rest]))
    return " ".join(parts)


def repeats(digits: str) -> str:
    """Digits with "double" and "triple" where one comes again."""
    words, index = [], 0
    while index < len(digits):
        count = next((n for n in (3, 2) if digits[index : index + n] == digits[index] * n), 1)
        words.append(f"{REPEATS[count]} {UNITS[int(digits[index])]}" if count > 1 else UNITS[int(digits[index])])
        index += count
    return " ".join(words)


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("one two three four", "1234"),
        ("Twelve thirty-four.", "1234"),
        ("twelve hundred", "1200"),
        ("one hundred and five", "105"),
        ("nineteen eighty four", "1984"),
        ("one thousand two hundred and thirty four", "1234"),
        ("double two, triple five", "22555"),
        ("oh one two three", "0123"),
        ("one nought seven naught", "1070"),
        ("zero zero seven", "007"),
        ("12 34", "1234"),
        ("1-2-3-4", "1234"),
        ("1,234", "1234"),
        ("12 thirty four", "1234"),
        ("ORD1234", "1234"),
        ("one two, um, three four", "1234"),
        ("twenty twenty four", "2024"),
        ("ten oh one", "1001"),
        ("four five to nine", "4529"),
        ("one two won for five", "12145"),
        ("double 7 double 8", "7788"),
        ("two hundred and five thousand and one", "205001"),
    ],
)
def test_a_spoken_number_is_read(said: str, digits: str) -> None:
    """The likeliest reading is the one people mean."""
    assert [run.readings[0] for run in runs(said)] == [digits]


@pytest.mark.parametrize(
    "said", ["I won the lottery", "to whom it may concern", "for my order", "hundreds", "oh dear me"]
)
def test_words_that_sound_like_digits_are_words_outside_a_number(said: str) -> None:
    """Nothing of two digits or more is heard in ordinary words."""
    assert all(len(run.readings[0]) < 2 for run in runs(said))


def test_for_after_a_number_is_a_word() -> None:
    """A number does not swallow the "for" of the sentence that goes on."""
    assert [run.readings[0] for run in runs("one two three for my jacket")] == ["123"]


def test_a_sigh_before_a_number_may_be_no_zero() -> None:
    """Both readings of "oh" at the start are offered."""
    assert set(runs("Oh, one two three four")[0].readings) == {"01234", "1234"}


@pytest.mark.parametrize(("said", "reading"), [("twenty one", "201"), ("one hundred five", "1005")])
def test_the_less_likely_reading_is_kept(said: str, reading: str) -> None:
    """A slot that only takes the rarer reading finds it."""
    assert reading in runs(said)[0].readings


def test_offsets_name_the_number() -> None:
    """A run knows where in the text it stands."""
    text = "my order is twelve thirty four thanks"
    (run,) = runs(text)
    assert text[run.start : run.end] == "twelve thirty four"


@given(digit_strings)
def test_digit_by_digit_comes_back(digits: str) -> None:
    """Any number said digit by digit is read back exactly."""
    assert digits in runs(" ".join(UNITS[int(digit)] for digit in digits))[0].readings


@given(digit_strings, st.sampled_from([" ", "-", ", ", ". ", ""]))
def test_written_digits_come_back(digits: str, between: str) -> None:
    """Any number written with separators is read back exactly."""
    assert runs(between.join(digits))[0].readings[0] == digits


@given(digit_strings)
def test_doubles_and_triples_come_back(digits: str) -> None:
    """Any number said with double and triple is read back exactly."""
    assert digits in runs(repeats(digits))[0].readings


@given(st.lists(st.integers(10, 99), min_size=1, max_size=4))
def test_pairs_come_back(pairs: list[int]) -> None:
    """Any number said in pairs is among the readings."""
    said = " ".join(map(two, pairs))
    assert "".join(map(str, pairs)) in runs(said)[0].readings


@given(st.integers(1, 9999))
def test_amounts_come_back(value: int) -> None:
    """Any number said as an amount is its first reading."""
    assert runs(cardinal(value))[0].readings[0] == str(value)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a recogniser writes, runs are in order, within the text, and have few readings."""
    end = 0
    for run in runs(text):
        assert end <= run.start < run.end
        assert 0 < len(run.readings) <= 2 * MOST_READINGS
        assert all(reading.isdigit() for reading in run.readings)
        end = run.end


def test_a_recogniser_that_loops_costs_nothing() -> None:
    """A thousand number words, as a looping recogniser writes them, are cut into runs."""
    assert len(runs("twenty one " * 500)) >= 10
