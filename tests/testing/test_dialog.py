"""The dialog that stands in for a real one."""

from __future__ import annotations

from voicebot.dialog.types import Comeback, HangUp, Listen, Transfer, TransferReason, Trouble
from voicebot.testing.dialog import RECEPTION, EchoDialog


def test_it_greets_and_tells_a_caller_who_is_back_why() -> None:
    """The first line differs when a transfer failed before."""
    conversation = EchoDialog().converse("+15551230001", "+15559870002")
    assert conversation.open().say[0].text == EchoDialog().greeting
    assert "busy" in conversation.open(Comeback.BUSY).say[0].text


def test_it_repeats_what_it_hears_and_sums_up() -> None:
    """Words come back as they were understood, with their confidence."""
    conversation = EchoDialog().converse("", "")
    move = conversation.hear("green apples", 0.8)
    assert (move.say[0].text, move.then) == ("You said: green apples", Listen())
    assert move.meaning is not None
    assert (move.meaning.intent, move.meaning.confidence) == ("echo", 0.8)
    assert conversation.summary == "The caller said: green apples."


def test_a_targets_name_a_zero_and_trouble_hand_over() -> None:
    """Each for its own reason, to the right person."""
    conversation = EchoDialog().converse("", "")
    reasons = [
        move.then.reason
        for move in (
            conversation.hear("reception", 1.0),
            conversation.press("0"),
            conversation.trouble(Trouble.HEARING),
        )
        if isinstance(move.then, Transfer) and move.then.target == RECEPTION.name
    ]
    assert reasons == [TransferReason.REQUESTED, TransferReason.PRESSED_ZERO, TransferReason.FAILURE]


def test_goodbye_ends_the_call() -> None:
    """The one word it knows."""
    assert EchoDialog().converse("", "").hear("goodbye", 1.0).then == HangUp("goodbye")
