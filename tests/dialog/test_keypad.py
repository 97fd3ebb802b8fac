"""Keys are answers too."""

from __future__ import annotations

import pytest

from tests.dialog.number_bot import NumberTalk, dialog
from tests.dialog.talk import Talk
from voicebot.dialog.types import KeyState, Listen, Transfer, TransferReason

DONE, MORE = KeyState.DONE, KeyState.MORE


@pytest.mark.parametrize(
    ("asked", "pressed", "state"),
    [
        (False, "0", DONE),
        (False, "*", DONE),
        (False, "1", MORE),
        (False, "123456", DONE),
        (True, "0", MORE),
        (True, "01", MORE),
        (True, "1234", MORE),
        (True, "1234#", DONE),
        (True, "123456", DONE),
        (True, "12*1234", MORE),
        (True, "*", DONE),
    ],
)
def test_keys_are_an_answer_as_soon_as_nothing_can_follow(asked: bool, pressed: str, state: KeyState) -> None:
    """A lone 0 is a person at once, unless a number that may begin with 0 is asked for."""
    talk = Talk()
    if asked:
        talk.say("where is my order")
    assert talk.conversation.keys(pressed) is state


@pytest.mark.parametrize("asked", [False, True])
def test_zero_is_a_person(asked: bool) -> None:
    """A lone 0 always reaches somebody in the end."""
    talk = Talk()
    if asked:
        talk.say("where is my order")
    talk.press("0")
    assert isinstance(talk.then, Transfer)
    assert talk.then.reason is TransferReason.PRESSED_ZERO


@pytest.mark.parametrize("pressed", ["1234", "1234#", "99*1234#"])
def test_digits_fill_the_open_slot(pressed: str) -> None:
    """A keyed number answers like a spoken one; * starts over, # ends."""
    talk = Talk()
    talk.say("where is my order")
    assert "Order 1 2 3 4, a blue jacket" in talk.press(pressed)


def test_a_number_may_be_keyed_unasked() -> None:
    """Whoever knows the bot keys the number into the greeting."""
    talk = Talk()
    assert "Order 1 2 3 4, a blue jacket" in talk.press("1234")
    assert talk.conversation.meaning.intent == "order_status"


def test_keys_complete_a_number_begun_by_voice() -> None:
    """Two spoken digits and two keyed ones make one number."""
    talk = Talk()
    talk.say("where is my order")
    talk.say("one two")
    assert "Order 1 2 3 4, a blue jacket" in talk.press("34#")


def test_a_number_ended_too_early_is_told_so() -> None:
    """The bot reads back what was keyed and asks again."""
    talk = Talk()
    talk.say("where is my order")
    assert talk.press("12#").startswith("I heard 1 2.")


def test_keys_that_stop_short_are_kept() -> None:
    """Without #, what was keyed so far may go on."""
    talk = Talk()
    talk.say("where is my order")
    assert talk.press("12").startswith("I have 1 2 so far.")


def test_a_wrong_key_is_met_kindly() -> None:
    """A key that means nothing is explained, and nothing is lost."""
    talk = Talk()
    assert talk.press("7").startswith("Sorry, that key does nothing here.")
    assert talk.then == Listen()


def test_star_repeats() -> None:
    """The last thing said is said again."""
    talk = Talk()
    said = talk.say("when do you open")
    assert talk.press("*") == said


def test_keys_spell_no_letters() -> None:
    """A value of letters cannot be keyed in; whoever tries is told."""
    letters = {"length": [4], "alphabet": "letters", "means": "ask"}
    talk = NumberTalk(dialog(letters, look_up=False), first="yes")
    assert talk.press("1234").startswith("No such key.")
