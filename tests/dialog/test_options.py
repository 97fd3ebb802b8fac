"""What a bot's file may choose beyond the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialog.number_bot import NumberTalk, dialog
from tests.dialog.talk import CONFIG, DEMO, Talk
from voicebot.dialog import FileConversation, load
from voicebot.dialog.types import HangUp, Line, LookUpResult, Patience, Transfer, TransferReason, Trouble

TEXT = (CONFIG / "dialog.yaml").read_text()


def changed(folder: Path, *changes: tuple[str, str]) -> FileConversation:
    """A conversation of the demo's file with some of its text replaced."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "bot.yaml").write_text(text)
    return load(folder / "bot.yaml").converse("+15550100", "+15550199")


def test_a_notice_comes_first_and_is_not_interrupted(tmp_path: Path) -> None:
    """Legal text is heard to its end, the greeting after it need not be."""
    conversation = changed(tmp_path, ("says:\n", 'says:\n  notice: "This call may be recorded."\n'))
    first, second = conversation.open().say
    assert first == Line("This call may be recorded.", uninterruptible=True)
    assert not second.uninterruptible


def test_a_call_that_takes_too_long_may_be_ended(tmp_path: Path) -> None:
    """A bot without people says goodbye."""
    move = changed(tmp_path, ("  too_long: transfer", "  too_long: hang_up")).trouble(Trouble.TOO_LONG)
    assert [line.text for line in move.say] == [
        "I'm sorry, this is taking too long.",
        "Thank you for calling Acme Outfitters. Goodbye.",
    ]
    assert move.then == HangUp("too_long")


def test_an_answer_may_end_the_call(tmp_path: Path) -> None:
    """`then: hang_up` says the answer and nothing more."""
    conversation = changed(
        tmp_path,
        (
            '      - say: "For bills and payments I need the help of a colleague."\n        then: offer',
            '      - say: "Please write to us about bills."\n        then: hang_up',
        ),
    )
    move = conversation.hear("why was I charged twice", 0.9)
    assert (move.say, move.then) == ((Line("Please write to us about bills."),), HangUp("answered"))


def test_an_answer_may_name_who_takes_the_call(tmp_path: Path) -> None:
    """The answer's own target goes before the routing."""
    conversation = changed(
        tmp_path, ("        then: transfer\n", "        then: transfer\n        target: billing\n")
    )
    conversation.hear("cancel order 4529", 0.9)
    move = conversation.looked_up(
        LookUpResult(True, {"status": "processing", "items": "a lamp", "arrives": "soon"})
    )
    assert isinstance(move.then, Transfer)
    assert (move.then.target, move.then.reason) == ("billing", TransferReason.RULE)


def test_a_second_rephrase_comes_before_the_offer(tmp_path: Path) -> None:
    """The list decides how often the bot rephrases."""
    conversation = changed(tmp_path, ("  not_understood:\n", '  not_understood:\n    - "Pardon?"\n'))
    said = [conversation.hear("blub blub", 0.9).say[0].text for _ in range(3)]
    assert said[0] == "Pardon?"
    assert said[1].startswith("Sorry, I didn't understand")
    assert said[2] == "Shall I connect you to a person?"


def test_the_whisper_may_name_the_caller(tmp_path: Path) -> None:
    """Both numbers, the intent and the reason can be told to the agent."""
    conversation = changed(
        tmp_path,
        (
            '"A call from the automated assistant. {% if customer_name %}{{ customer_name }} calls. {% endif %}'
            '{{ summary }}"',
            '"{{ caller }} {{ called }} {{ intent }} {{ reason }}"',
        ),
    )
    conversation.hear("when do you open", 0.9)
    then = conversation.hear("agent", 0.9).then
    assert isinstance(then, Transfer)
    assert then.whisper == "+15550100 +15550199 opening_hours requested"


@pytest.mark.parametrize(
    ("said", "settled"),
    [
        ([], False),
        (["blub blub"], False),
        (["where is my order"], False),
        (["where is my order 1234"], True),
        (["when do you open", "thanks"], True),
        (["where is my order", "I don't have it", "no"], False),
        (["why was I charged twice"], False),
    ],
)
def test_a_caller_who_was_helped_may_hang_up(said: list[str], settled: bool) -> None:
    """A call is settled once the question was answered and nothing is open."""
    talk = Talk()
    for text in said:
        talk.say(text)
    assert talk.conversation.settled is settled


def test_the_filler_is_the_files() -> None:
    """Waiting is filled with the bot's own words."""
    assert DEMO.converse("", "").filler() == Line("One moment, please.")


@pytest.mark.parametrize(
    ("slot", "patience"),
    [({}, Patience.NORMAL), ({"patience": "low"}, Patience.LOW), ({"patience": "high"}, Patience.HIGH)],
)
def test_a_slot_may_have_patience_of_its_own(slot: dict[str, str], patience: Patience) -> None:
    """While its value is asked for; else the dialog's holds."""
    talk = NumberTalk(dialog({"digits": [6], **slot}, look_up=False))
    assert talk.conversation.patience is patience
    talk.say("one two three four five six")
    assert talk.conversation.patience is Patience.NORMAL
