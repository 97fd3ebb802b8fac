"""How complete a sentence is decides how long the bot waits."""

from __future__ import annotations

import pytest

from tests.dialog.talk import Talk
from voicebot.dialog.types import Completeness

ANSWERED, COMPLETE, OPEN = Completeness.ANSWERED, Completeness.COMPLETE, Completeness.OPEN
UNFINISHED, NOTHING = Completeness.UNFINISHED, Completeness.NOTHING


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        ([], "Where is my order ORD 1234?", OPEN),
        ([], "Where is my order ORD 123456?", ANSWERED),
        ([], "What are your opening hours?", ANSWERED),
        ([], "I want to speak to a person", ANSWERED),
        ([], "Are you a robot?", ANSWERED),
        ([], "Hello.", OPEN),
        ([], "Good morning.", OPEN),
        ([], "I want a refund for a jacket, a shirt,", UNFINISHED),
        ([], "I want a refund for my...", UNFINISHED),
        ([], "agent", COMPLETE),
        ([], "goodbye", COMPLETE),
        ([], "1234", OPEN),
        ([], "order number four five two nine", OPEN),
        ([], "yes, my order number is 1234", OPEN),
        ([], "I want to know where my order is", COMPLETE),
        ([], "my order is", UNFINISHED),
        ([], "Where is my order?", COMPLETE),
        ([], "my order", OPEN),
        ([], "What is your?", UNFINISHED),
        ([], "the weather is nice", OPEN),
        ([], "yes", OPEN),
        ([], "thanks", COMPLETE),
        ([], "My order number is", UNFINISHED),
        ([], "I would like to", UNFINISHED),
        ([], "I would like two.", UNFINISHED),
        ([], "I want too", UNFINISHED),
        ([], "where is order one two", UNFINISHED),
        ([], "it's about my jacket and", UNFINISHED),
        ([], "Can you tell me", UNFINISHED),
        ([], "Can you", UNFINISHED),
        ([], "I ordered a jacket and it", UNFINISHED),
        ([], "My jacket is too small and I want", UNFINISHED),
        (["where is my order"], "two five two six double", UNFINISHED),
        (["blub blub", "foo bar"], "Yes,", OPEN),
        ([], "What?", OPEN),
        ([], "how are you", ANSWERED),
        ([], "um", NOTHING),
        ([], "", NOTHING),
        (["where is my order"], "one two three four", OPEN),
        (["where is my order"], "one two three four five six", ANSWERED),
        (["where is my order"], "one two", UNFINISHED),
        (["where is my order"], "it's", UNFINISHED),
        (["where is my order"], "It is O R D", UNFINISHED),
        (["where is my order"], "off the record", OPEN),
        (["where is my order"], "let me look", OPEN),
        (["where is my order", "one two"], "three four", OPEN),
        (["where is my order", "one two"], "three", UNFINISHED),
        (["where is my order 1234"], "no", COMPLETE),
        (["where is my order 1234"], "No. Thank you.", ANSWERED),
        (["where is my order 1234"], "I want to cancel it", ANSWERED),
        (["blub blub", "foo bar"], "yes please", ANSWERED),
        (["blub blub", "foo bar"], "yes", COMPLETE),
    ],
)
def test_a_pause_is_judged_by_what_was_said(before: list[str], said: str, expected: Completeness) -> None:
    """An answer ends the turn soon, a beginning waits, and judging moves nothing."""
    talk = Talk()
    for text in before:
        talk.say(text)
    assert talk.conversation.completeness(said) is expected
    assert talk.conversation.completeness(said) is expected


@pytest.mark.parametrize("said", ["Okay.", "Mhm.", "Uh-huh.", "Right, I see.", "Yeah, okay.", "All right."])
def test_a_nod_says_that_the_caller_listens(said: str) -> None:
    """What people say while another speaks is no answer to it."""
    assert Talk().conversation.acknowledges(said)


@pytest.mark.parametrize("said", ["Mhm.", "Mm-hmm.", "Mmhmm.", "Uh-huh.", "Uh huh.", "Aha."])
def test_a_hum_answers_only_what_may_be_confirmed(said: str) -> None:
    """While nothing is confirmed it is no turn; after "Is that right?" it is one, and over."""
    talk = Talk()
    assert talk.conversation.completeness(said) is Completeness.NOTHING
    talk.say("where is my order")
    assert talk.conversation.completeness(said) is Completeness.NOTHING
    assert talk.say("8888") == "I can't find an order 8 8 8 8. Please say the number again."
    assert talk.conversation.completeness(said) is Completeness.NOTHING
    assert talk.say("cancel order 4529", 0.2).endswith("Is that right?")
    assert talk.conversation.completeness(said) is Completeness.COMPLETE


@pytest.mark.parametrize(
    "said",
    ["No.", "Stop.", "Okay, where is my order?", "1234", "yes I want to cancel", "Добрый день.", "Okay 你好"],
)
def test_words_are_no_nod(said: str) -> None:
    """Whoever objects, asks or answers is heard."""
    assert not Talk().conversation.acknowledges(said)
