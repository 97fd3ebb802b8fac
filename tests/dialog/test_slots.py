"""Values of slots are found in sentences."""

from __future__ import annotations

import pytest

from tests.dialog.talk import DEMO
from voicebot.dialog.readings import Fit, Piece, Reading
from voicebot.dialog.schema import Slot
from voicebot.dialog.slots import SlotReader

ORDER = SlotReader(
    "order_number",
    Slot(
        digits=[4, 6],
        prefix="ORD",
        cues=["order", "order number"],
        prompt="Number?",
        reprompt="Number?",
        rest="And?",
        invalid="No.",
        unknown="Fine.",
        unknown_phrases=["I don't have it"],
    ),
)


def value(text: str, kept: str = "") -> tuple[str, Fit] | None:
    reading = ORDER.read(text, Piece(kept, tuple(kept)))
    return None if reading is None else (reading.value, reading.fit)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("ORD 1234", "1234"),
        ("ORD-1234.", "1234"),
        ("O R D 1 2 3 4", "1234"),
        ("o.r.d. one two three four", "1234"),
        ("where is my order one two three four", "1234"),
        ("My order number is twelve thirty-four, please.", "1234"),
        ("one two three, no, one two four five", "1245"),
        ("1234, sorry, 1243", "1243"),
        ("1234 no wait I mean 1243", "1243"),
        ("one two three four, no, five six", "1256"),
        ("I bought 2 jackets, order 4529, for 1500 dollars", "4529"),
        ("order 1234 from May 2024", "1234"),
        ("oh, one two three four", "1234"),
        ("one two three four five six", "123456"),
    ],
)
def test_an_order_number_is_found(said: str, number: str) -> None:
    """The number that counts is read, whatever stands around it."""
    assert value(said) == (number, Fit.VALID)


@pytest.mark.parametrize("said", ["where is my order", "I paid $1500", "it took 1000 days", "ORD", ""])
def test_what_is_no_order_number_is_not_taken(said: str) -> None:
    """Amounts, times and plain words are no value."""
    assert value(said) is None


def test_a_part_of_a_number_is_short() -> None:
    """Fewer digits than needed are kept for later."""
    assert value("one two") == ("12", Fit.SHORT)
    assert value("1 2 3 4 5") == ("12345", Fit.SHORT)


def test_the_rest_completes_what_was_kept() -> None:
    """Two pieces make one number."""
    assert value("three four", kept="12") == ("1234", Fit.VALID)
    assert value("three", kept="12") == ("123", Fit.SHORT)


def test_a_whole_number_may_replace_what_was_kept() -> None:
    """A caller who starts over is not joined to their first attempt; where both are possible, both are kept."""
    assert value("1245", kept="12") == ("1245", Fit.VALID)
    assert value("4529", kept="123") == ("4529", Fit.VALID)
    reading = ORDER.read("4529", Piece("12", ("1", "2")))
    assert reading is not None
    assert reading.candidates == ("124529", "4529")


def test_too_many_digits_are_wrong() -> None:
    """A number longer than any order number fits nothing."""
    assert value("12345678") == ("12345678", Fit.WRONG)


def test_a_number_in_a_sentence_about_something_else_is_not_cued() -> None:
    """A four-digit number without the slot's words is told apart from one that answers."""
    assert ORDER.read("there were 1234 pigeons on the roof") == Reading("1234", Fit.VALID, cued=False)
    assert ORDER.read("it's 1234, thanks") == Reading("1234", Fit.VALID, cued=True)


def test_saying_that_one_has_no_number_is_understood() -> None:
    """The file's phrases are found within a sentence."""
    assert ORDER.declined("Sorry, I don't have it here.")
    assert not ORDER.declined("I have it here.")


@pytest.mark.parametrize(
    ("said", "begun"),
    [("My order number is", True), ("order number", True), ("my order is", True), ("where is my order", False)],
)
def test_a_sentence_that_stops_before_its_number_has_begun_it(said: str, begun: bool) -> None:
    """Words that announce the value are recognised as such."""
    assert ORDER.begun(said) is begun


def test_a_slot_of_words_takes_what_its_pattern_matches() -> None:
    """A pattern with a group gives the group."""
    colour = Slot(pattern=r"\b(red|blue)\b", prompt="Which?", reprompt="Which?", invalid="No.", unknown="Fine.")
    reader = SlotReader("colour", colour)
    assert reader.read("The Blue one, please") == Reading("blue", Fit.VALID)
    assert reader.read("the green one") is None


def test_a_pattern_restricts_digits() -> None:
    """Digits of the right length may still be wrong."""
    slot = Slot(digits=[4], pattern="[1-4].*", prompt="?", reprompt="?", rest="?", invalid="?", unknown="?")
    reader = SlotReader("pin", slot)
    assert reader.valid("1999")
    assert not reader.valid("9999")


def test_the_demo_stands_a_bare_number_for_an_order_status() -> None:
    """The demo's file names the intent of a number that comes alone."""
    talk = DEMO.converse("", "")
    assert talk.hear("ORD 1234.", 0.9).meaning is not None
    assert talk.meaning.intent == "order_status"
