"""Templates say what they should, and nothing they should not."""

from __future__ import annotations

import pytest

from voicebot.dialog.replies import Replies, spell
from voicebot.errors import DialogError


def test_values_are_filled_in_and_space_is_folded() -> None:
    """A template over several lines is one sentence."""
    replies = Replies({"name": "Acme"})
    replies.add("{{ name }} has\n  {{ item }}.", ["item"])
    assert replies.render("{{ name }} has\n  {{ item }}.", {"item": "boots"}) == "Acme has boots."


def test_numbers_are_spelled_for_the_ear() -> None:
    """One character at a time."""
    assert spell("12 34") == "1 2 3 4"


def test_only_sentences_without_variables_are_fixed() -> None:
    """The bot's name is known; an item is not."""
    replies = Replies({"name": "Acme"})
    replies.add("This is {{ name }}.", [])
    replies.add("Your {{ item }}.", ["item"])
    assert replies.fixed("This is {{ name }}.") == ["This is Acme."]
    assert replies.fixed("Your {{ item }}.") == []


def test_the_fixed_sentences_of_a_template_are_known_ahead() -> None:
    """Only the sentence with the variable has to be spoken anew."""
    replies = Replies({})
    source = "Here is your {{ item }}.  It is late. Shall I\n  ask?"
    replies.add(source, ["item"])
    assert replies.fixed(source) == ["It is late.", "Shall I ask?"]


def test_conditions_hold_or_not() -> None:
    """A `when` is an expression over the values."""
    replies = Replies({})
    replies.add_condition('status in ("a", "b")', ["status"])
    assert replies.holds('status in ("a", "b")', {"status": "a"})
    assert not replies.holds('status in ("a", "b")', {"status": "c"})


def test_a_value_is_text_not_a_template() -> None:
    """What a look-up or a caller says is never executed."""
    replies = Replies({})
    replies.add("{{ item }}", ["item"])
    assert replies.render("{{ item }}", {"item": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"


def test_a_template_that_fails_on_a_value_is_our_error() -> None:
    """What passes the check but not the call is named."""
    replies = Replies({})
    replies.add("{{ 1 / (item | length - 1) }}", ["item"])
    with pytest.raises(DialogError, match="the template"):
        replies.render("{{ 1 / (item | length - 1) }}", {"item": "x"})
