"""Values are tried, read back and put right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.dialog.number_bot import SLOT, NumberTalk, dialog
from tests.dialog.talk import CONFIG
from voicebot.dialog import load
from voicebot.dialog.schema import Slot
from voicebot.dialog.types import Completeness, KeyState
from voicebot.errors import DialogError

ASKING: Mapping[str, Any] = {"digits": [6], "confirm": "always"}


def asked(said: str = "one two three four five six") -> NumberTalk:
    """A caller who was just asked whether the number is right."""
    talk = NumberTalk(dialog(ASKING, look_up=False))
    assert talk.say(said).startswith("Is it ")
    return talk


def test_a_value_is_read_back_in_groups() -> None:
    """The question has pauses, and a yes takes the value."""
    talk = asked()
    assert talk.answer == "Is it 1 2 3, 4 5 6?"
    assert talk.value is None
    assert talk.say("yes") == "It is 1 2 3 4 5 6. More?"
    assert talk.value == "123456"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("no, it's four one six", "1 2 3, 4 1 6"),
        ("no, four one three four five six", "4 1 3, 4 5 6"),
        ("no, the last two are 65", "1 2 3, 4 6 5"),
        ("the third digit is eight", "1 2 8, 4 5 6"),
        ("no, the second one is five", "1 5 3, 4 5 6"),
        ("it starts with four one", "4 1 3, 4 5 6"),
        ("no, it ends in 16", "1 2 3, 4 1 6"),
        ("not five, nine", "1 2 3, 4 9 6"),
        ("it's a nine, not a five", "1 2 3, 4 9 6"),
        ("the five should be a nine", "1 2 3, 4 9 6"),
        ("no, eight", "1 2 3, 4 5 8"),
        ("no, nine", "1 2 3, 4 9 6"),
        ("one two three four five seven", "1 2 3, 4 5 7"),
        ("the first digit is 2 and the last digit is 7", "2 2 3, 4 5 7"),
    ],
)
def test_a_part_is_put_right_and_read_back(said: str, value: str) -> None:
    """Only what was disputed changes."""
    talk = asked()
    if said == "no, nine":
        # The digit said last and the one that sounds like it are equally likely.
        assert talk.say(said) == "Is it 1 2 3, 4 5 9?"
        assert talk.say("no") == f"Is it {value}?"
    else:
        assert talk.say(said) == f"Is it {value}?"


@pytest.mark.parametrize(
    ("said", "question"),
    [("", "Which?"), ("one two", "So far 1 2."), ("one two three four five six", "Is it 1 2 3, 4 5 6?")],
)
def test_a_silent_caller_is_asked_what_is_open_about_the_value(said: str, question: str) -> None:
    """For all of it, for the rest of it, or whether it is right."""
    talk = NumberTalk(dialog(ASKING, look_up=False))
    if said:
        talk.say(said)
    assert talk.silent() == f"There? {question}"


def test_a_value_that_is_not_known_and_never_read_back_is_asked_for_again() -> None:
    """Where the file has no question whether it is right, silence is answered with the one for another try."""
    talk = NumberTalk(dialog({"digits": [6], "read_back": None}))
    assert talk.say("one two three four five six") == "No 1 2 3 4 5 6."
    assert talk.silent() == "There? Again, please."


def test_a_value_that_cannot_be_right_may_be_any_of_its_likely_mishearings() -> None:
    """Where a check digit tells, the caller is asked about one after the other."""
    talk = NumberTalk(dialog({"digits": [6], "checksum": "luhn", "mishearings": True}, look_up=False))
    assert talk.say("nine nine five five nine five") == "Is it 5 9 5, 5 9 5?"
    assert talk.say("no") == "Is it 9 9 5, 5 5 5?"
    assert talk.say("yes") == "It is 9 9 5 5 5 5. More?"


def test_after_an_answer_attempts_are_counted_anew() -> None:
    """Who was helped and then asks about another value is not offered a person sooner."""
    talk = NumberTalk(dialog({"digits": [6]}), known=["123456"])
    for wrong in ("one", "two"):
        talk.say(" ".join([wrong] * 6))
    assert talk.say("one two three four five six") == "It is 1 2 3 4 5 6. More?"
    for wrong, digits in (("three", "3 3 3 3 3 3"), ("four", "4 4 4 4 4 4"), ("seven", "7 7 7 7 7 7")):
        assert talk.say(" ".join([wrong] * 6)) == f"No {digits}."
    assert talk.say(" ".join(["eight"] * 6)) == "No 8 8 8 8 8 8. A person?"


def test_a_correction_that_cannot_be_one_is_heard_on_its_own() -> None:
    """Three digits have no first seven; what came last is what the caller means."""
    talk = NumberTalk(dialog(ASKING, look_up=False))
    assert talk.say("one two three, no, the first seven are 1234567") == "Wrong: 1 2 3 4 5 6 7."


def test_a_no_forgets_nothing() -> None:
    """A yes that was heard as no is taken back by the next sentence."""
    talk = asked()
    assert talk.say("no") == "Again, please."
    talk.say("yes, that's right")
    assert talk.value == "123456"


def test_the_same_number_again_is_a_yes() -> None:
    """Whoever answers the question by saying the number is not asked again."""
    talk = asked()
    talk.say("no, one two three four five six")
    assert talk.value == "123456"


def test_beginning_again_is_no_repair() -> None:
    """The start of the same number waits for its rest."""
    talk = asked()
    assert talk.say("one two three") == "So far 1 2 3."
    assert talk.say("four five seven") == "Is it 1 2 3, 4 5 7?"


def test_denying_without_end_leads_to_a_person() -> None:
    """Nobody is locked into a question."""
    talk = asked()
    for _ in range(3):
        assert talk.say("no") == "Again, please."
    assert talk.say("no") == "A person?"


def test_a_yes_to_a_read_back_is_a_complete_answer() -> None:
    """The pause after it is short."""
    talk = asked()
    assert talk.conversation.completeness("yes that's right") in (Completeness.COMPLETE, Completeness.ANSWERED)


def test_a_hum_says_yes_to_a_read_back() -> None:
    """ "Uh-huh" confirms a value as a word does."""
    talk = NumberTalk(dialog(ASKING, look_up=False))
    assert talk.press("123456") == "Is it 1 2 3, 4 5 6?"
    talk.say("uh-huh")
    assert talk.value == "123456"


def test_the_hash_key_says_yes() -> None:
    """A number keyed in is confirmed by a key."""
    talk = NumberTalk(dialog(ASKING, look_up=False))
    assert talk.press("123456") == "Is it 1 2 3, 4 5 6?"
    talk.press("#")
    assert talk.value == "123456"


def test_a_last_zero_may_be_keyed() -> None:
    """Where one digit is missing, 0 is that digit and no person."""
    talk = NumberTalk(dialog({"digits": [4]}), {"1230"})
    talk.say("one two three")
    assert talk.conversation.keys("0") is KeyState.MORE
    talk.press("0")
    assert (talk.value, talk.transferred) == ("1230", False)


@pytest.mark.parametrize(
    ("confirm", "said", "confidence", "asks"),
    [
        ("unsure", "1234", 0.9, False),
        ("unsure", "1234", 0.1, True),
        ("unsure", "one hundred five", 0.9, True),
        ("never", "1234", 0.1, False),
        ("never", "one hundred five", 0.9, False),
        ("always", "1234", 0.9, True),
    ],
)
def test_doubt_decides_whether_a_value_is_read_back(
    confirm: str, said: str, confidence: float, asks: bool
) -> None:
    """Low confidence and several readings are doubts; the file may ask always or never."""
    talk = NumberTalk(dialog({"digits": [3, 4], "confirm": confirm}, look_up=False))
    assert talk.say(said, confidence).startswith("Is it") is asks


def test_a_look_up_dispels_the_doubt() -> None:
    """A value that exists is not asked about, however badly it was heard."""
    talk = NumberTalk(dialog({"digits": [4]}), {"1234"})
    assert talk.say("1234", 0.1) == "It is 1 2 3 4. More?"


def test_readings_are_tried_until_one_is_found() -> None:
    """ "One hundred five" is 1005 where there is no 105; the answer costs no second request."""
    talk = NumberTalk(dialog({"digits": [3, 4]}), {"1005"})
    assert talk.say("one hundred five") == "It is 1 0 0 5. More?"
    assert talk.asked == ["105", "1005"]


def test_the_likeliest_is_told_where_none_is_found() -> None:
    """The caller hears what was understood, and can put it right."""
    talk = NumberTalk(dialog({"digits": [3, 4]}), {"108"})
    assert talk.say("one hundred five") == "No 1 0 5."
    assert talk.say("no, eight") == "It is 1 0 8. More?"


@pytest.mark.parametrize(
    ("lengths", "first", "rest", "value"),
    [([3, 4], "double", "one two three", "1 1 2 3"), ([4], "seven", "thousand and five", "7 0 0 5")],
)
def test_what_completes_a_word_is_no_number_of_its_own(
    lengths: list[int], first: str, rest: str, value: str
) -> None:
    """After "double", or beginning with "thousand", it belongs to what came before, and nobody is asked."""
    talk = NumberTalk(dialog({"digits": lengths}, look_up=False))
    talk.say(first)
    assert talk.say(rest) == f"It is {value}. More?"


def test_a_number_that_goes_on_after_it_was_not_found_is_completed() -> None:
    """A pause after four of six digits does no harm."""
    talk = NumberTalk(dialog({"digits": [4, 6]}), {"123456"})
    assert talk.say("one two three four") == "No 1 2 3 4."
    assert talk.say("five six") == "It is 1 2 3 4 5 6. More?"


def test_the_slots_own_look_up_is_asked_at_once() -> None:
    """A number nobody knows is read back before anything is done with it."""
    talk = NumberTalk(dialog({"digits": [4], "look_up": "codes"}, look_up=False), {"1234"})
    assert talk.say("one two three five", 0.1) == "Is it 1 2 3 5?"
    assert talk.say("no, four") == "It is 1 2 3 4. More?"
    assert talk.asked == ["1235", "1234"]


def test_check_digits_decide_between_readings() -> None:
    """Of 107 and 1007 only one is right, and it is taken without a question."""
    talk = NumberTalk(dialog({"digits": [3, 4], "checksum": "ean"}, look_up=False))
    assert talk.say("one hundred seven") == "It is 1 0 0 7. More?"


def test_a_value_with_wrong_check_digits_can_be_put_right() -> None:
    """The right length with a slip in it is mended in part."""
    talk = NumberTalk(dialog({"digits": [16], "checksum": "luhn"}, look_up=False))
    assert talk.say("4111 1111 1111 1112").startswith("Wrong: 4 1 1 1")
    talk.say("no, the last digit is one")
    talk.say("yes")
    assert talk.value == "4111111111111111"


@pytest.mark.parametrize(
    ("heard", "known", "told"),
    [
        ("one two three four five", "123345", "1 2 3, 3 4 5"),
        ("one two five four five six", "129456", "1 2 9, 4 5 6"),
    ],
)
def test_a_likely_mishearing_that_exists_is_asked_about(heard: str, known: str, told: str) -> None:
    """A dropped digit and a nine for a five are found, and never taken unasked."""
    talk = NumberTalk(dialog({"digits": [6], "mishearings": True}), {known})
    assert talk.say(heard) == f"Is it {told}?"
    assert talk.value is None
    talk.say("yes")
    assert talk.value == known


def test_a_guess_that_is_denied_is_dropped() -> None:
    """The caller says the number again, or goes on with what was only begun."""
    talk = NumberTalk(dialog({"digits": [6], "mishearings": True}), {"123345", "123456"})
    assert talk.say("one two three four five") == "Is it 1 2 3, 3 4 5?"
    assert talk.say("no") == "Again, please."
    assert talk.say("one two three four five six") == "It is 1 2 3 4 5 6. More?"
    talk = NumberTalk(dialog({"digits": [6], "mishearings": True}), {"123345", "123456"})
    talk.say("one two three four five")
    assert talk.say("six") == "It is 1 2 3 4 5 6. More?"


def test_an_unfinished_number_that_is_no_mishearing_goes_on() -> None:
    """Nothing is guessed where nothing is found."""
    talk = NumberTalk(dialog({"digits": [6], "mishearings": True}), {"123456"})
    assert talk.say("one two three four five") == "So far 1 2 3 4 5."
    assert talk.say("six") == "It is 1 2 3 4 5 6. More?"


@pytest.mark.parametrize(
    "said",
    [
        "AB 12",
        "A B one two",
        "a. b. 1 2",
        "alpha bravo twelve",
        "it's a as in apple, b for Bertie, one two",
        "ay bee dash one two",
        "capital A B one, no, one two",
        "ab12",
    ],
)
def test_a_code_is_taken_as_recognisers_write_it(said: str) -> None:
    """Letters in every spelling, digits in every form."""
    talk = NumberTalk(dialog({"length": [4], "alphabet": "both", "pattern": "[A-Z]{2}[0-9]{2}"}), {"AB12"})
    assert talk.say(said) == "It is A B 1 2. More?"


def test_a_pattern_tells_the_letter_from_the_zero() -> None:
    """ "Oh" is what the pattern has in its place."""
    bot = dialog({"length": [4], "alphabet": "both", "pattern": "[A-Z]{2}[0-9]{2}"})
    assert NumberTalk(bot, {"OB10"}).say("oh b one oh") == "It is O B 1 0. More?"


def test_letters_of_a_code_are_put_right() -> None:
    """ "P for Peter" replaces the B it was heard as."""
    talk = NumberTalk(dialog({"length": [4], "alphabet": "both", "confirm": "always"}, look_up=False))
    assert talk.say("bee bee one two") == "Is it B B, 1 2?"
    assert talk.say("no, the first letter is p for Peter") == "Is it P B, 1 2?"


def test_a_code_said_with_its_question_is_taken() -> None:
    """The code need not wait to be asked for."""
    bot = dialog({"length": [4], "alphabet": "both", "cues": ["parcel"]})
    assert NumberTalk(bot, {"AB12"}, first="where is parcel A B one two").answer == "It is A B 1 2. More?"


@pytest.mark.parametrize(
    "said",
    ["no thanks, one second please", "No, I ordered two", "okay, one more question", "thanks, that's five stars"],
)
def test_small_talk_changes_no_value(said: str) -> None:
    """Numbers that are no correction leave what was answered alone."""
    talk = NumberTalk(dialog({"digits": [4]}), {"1234"})
    talk.say("1234")
    talk.say(said)
    assert talk.value == "1234"
    assert talk.asked == ["1234"]


@pytest.mark.parametrize(
    ("said", "value"), [("no, the last two are 43", "1243"), ("No, four three", "1243"), ("sorry, 1243", "1243")]
)
def test_a_correction_after_the_answer_is_taken(said: str, value: str) -> None:
    """Whoever hears the wrong number in the answer says so."""
    talk = NumberTalk(dialog({"digits": [4]}), {"1234", value})
    talk.say("1234")
    assert talk.say(said) == f"It is {' '.join(value)}. More?"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"digits": [4], "alphabet": "both"}, "for a code write `length:`"),
        ({"digits": [4], "length": [4]}, "for a code write `length:`"),
        ({"pattern": "red", "checksum": "luhn", "read_back": None}, "`checksum:` goes with"),
        ({"length": [4], "alphabet": "both", "checksum": "luhn"}, "is one of digits"),
        ({"length": [4], "alphabet": "letters", "checksum": "iban"}, "needs digits"),
        ({"digits": [4], "confirm": "always", "read_back": None}, "`read_back:` is missing"),
        ({}, "say what the value looks like"),
    ],
)
def test_a_slot_that_makes_no_sense_is_refused(keys: dict[str, Any], message: str) -> None:
    """The mistake is named with the key that mends it."""
    with pytest.raises(ValidationError, match=message):
        Slot.model_validate(SLOT | keys)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    mishearings: true\n", "    look_up: order\n", "there is no look-up `order`"),
        (
            "    file: orders.yaml\n    key: order_number\n",
            "    url: https://a.example/x\n",
            "must go by `order_number`",
        ),
        ('    read_back: "I have {{ heard | groups }}. Is that right?"\n', "", "`read_back:` is missing"),
        ("{{ heard | groups }}", "{{ hear | groups }}", "there is no variable `hear` here"),
    ],
)
def test_a_file_whose_slot_cannot_work_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Names, templates and what belongs together are checked before any call."""
    text = (CONFIG / "dialog.yaml").read_text()
    assert old in text
    if "url" in new:
        text = text.replace("    mishearings: true\n", "    look_up: orders\n")
    (tmp_path / "bot.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(DialogError, match=message):
        load(tmp_path / "bot.yaml")
