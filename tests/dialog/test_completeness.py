"""How complete a sentence is decides how long the bot waits."""

from __future__ import annotations

import pytest

from tests.dialog.talk import Talk
from voicebot.dialog.types import Completeness

COMPLETE, OPEN = Completeness.COMPLETE, Completeness.OPEN
UNFINISHED, NOTHING = Completeness.UNFINISHED, Completeness.NOTHING


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        ([], "Where is my order ORD 1234?", COMPLETE),
        ([], "What are your opening hours?", COMPLETE),
        ([], "agent", COMPLETE),
        ([], "goodbye", COMPLETE),
        ([], "1234", COMPLETE),
        ([], "order number four five two nine", COMPLETE),
        ([], "yes, my order number is 1234", COMPLETE),
        ([], "I want to know where my order is", OPEN),
        ([], "my order is", UNFINISHED),
        ([], "Where is my order?", OPEN),
        ([], "the weather is nice", OPEN),
        ([], "yes", OPEN),
        ([], "thanks", OPEN),
        ([], "My order number is", UNFINISHED),
        ([], "I would like to", UNFINISHED),
        ([], "where is order one two", UNFINISHED),
        ([], "it's about my jacket and", UNFINISHED),
        ([], "um", NOTHING),
        ([], "", NOTHING),
        (["where is my order"], "one two three four", COMPLETE),
        (["where is my order"], "one two", UNFINISHED),
        (["where is my order"], "it's", UNFINISHED),
        (["where is my order"], "let me look", OPEN),
        (["where is my order", "one two"], "three four", COMPLETE),
        (["where is my order", "one two"], "three", UNFINISHED),
        (["where is my order 1234"], "no", COMPLETE),
        (["where is my order 1234"], "I want to cancel it", COMPLETE),
        (["blub blub", "foo bar"], "yes please", COMPLETE),
    ],
)
def test_a_pause_is_judged_by_what_was_said(before: list[str], said: str, expected: Completeness) -> None:
    """An answer ends the turn soon, a beginning waits, and judging moves nothing."""
    talk = Talk()
    for text in before:
        talk.say(text)
    assert talk.conversation.completeness(said) is expected
    assert talk.conversation.completeness(said) is expected
