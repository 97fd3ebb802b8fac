"""A bot whose slots are words and whose look-up goes by one of several slots: a dentist's practice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialog.talk import CONFIG
from voicebot.dialog import FileConversation, load
from voicebot.dialog.types import LookUp, LookUpResult, Transfer

_SLOTS = r"""
  patient_number:
    digits: [6]
    prompt: "What is your patient number?"
    reprompt: "Six digits, please."
    rest: "And then?"
    invalid: "A patient number has six digits."
    unknown: "Never mind."
  day:
    pattern: '\b(tomorrow|monday|friday)\b'
    prompt: "For which day?"
    reprompt: "Please say a day."
    invalid: "Please say a day."
    unknown: "Never mind."
"""
_LOOK_UPS = """
  patients:
    url: https://dentist.example/{patient_number}
    gives: [doctor]
"""
_INTENTS = """
  appointment:
    phrases: [make an appointment, "I would like an appointment for {day}"]
    slots: [patient_number, day]
    look_up: patients
    answer: "You see doctor {{ doctor }} on {{ day }}."
    not_found: "I can't find {{ patient_number }}."
    about: "Wants an appointment."
  weekdays:
    phrases: ["do you work on {day}"]
    answer: "From eight to five."
  emergency:
    act: transfer
    target: billing
    phrases: [it is an emergency]
    about: "Has an emergency."
"""


@pytest.fixture
def dentist(tmp_path: Path) -> FileConversation:
    """A conversation with the demo shop that is a dentist's practice, too."""
    text = (CONFIG / "dialog.yaml").read_text()
    for part, more in (("slots:", _SLOTS), ("look_ups:", _LOOK_UPS), ("intents:", _INTENTS)):
        text = text.replace(f"\n{part}\n", f"\n{part}{more}", 1)
    (tmp_path / "bot.yaml").write_text(text)
    (tmp_path / "orders.yaml").write_text((CONFIG / "orders.yaml").read_text())
    return load(tmp_path / "bot.yaml").converse("+15550100", "+15550199")


def test_a_word_stands_for_the_placeholder_of_its_slot(dentist: FileConversation) -> None:
    """ "An appointment for {day}" is what "an appointment for Friday" says, and the day is taken from it."""
    move = dentist.hear("I'd like an appointment for Friday", 0.9)
    assert [line.text for line in move.say] == ["What is your patient number?"]
    assert dentist.meaning.slots == {"day": "friday"}


def test_a_word_in_another_question_corrects_nothing(dentist: FileConversation) -> None:
    """Who asks about Friday after an appointment on Monday keeps the Monday."""
    dentist.hear("make an appointment", 0.9)
    dentist.hear("123456", 0.9)
    dentist.hear("Monday", 0.9)
    dentist.looked_up(LookUpResult(True, {"doctor": "Lee"}))
    move = dentist.hear("do you work on Friday", 0.9)
    assert move.say[0].text == "From eight to five."
    assert dentist.meaning.slots["day"] == "monday"


def test_what_was_not_found_is_asked_for_again(dentist: FileConversation) -> None:
    """The slot asked for again is the one the look-up goes by, not the last of the intent."""
    dentist.hear("make an appointment", 0.9)
    dentist.hear("999999", 0.9)
    dentist.hear("Monday", 0.9)
    dentist.looked_up(LookUpResult(False, {}))
    move = dentist.hear("123456", 0.9)
    assert isinstance(move.then, LookUp)
    assert move.then.slots == {"patient_number": "123456", "day": "monday"}


def test_the_agent_hears_why_a_transfer_was_asked_for(dentist: FileConversation) -> None:
    """An intent that transfers may say what it is about, and the call is about it."""
    then = dentist.hear("it is an emergency", 0.9).then
    assert isinstance(then, Transfer)
    assert "Has an emergency." in then.whisper
    assert dentist.meaning.intent == "emergency"


def test_a_transfer_that_was_asked_back_keeps_its_target(dentist: FileConversation) -> None:
    """Yes to "shall I connect you" reaches whom the words named, though they were heard badly."""
    dentist.hear("it is an emergency", 0.1)
    then = dentist.hear("yes", 0.9).then
    assert isinstance(then, Transfer)
    assert then.target == "billing"
