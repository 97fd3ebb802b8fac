"""The simulated call keeps its own promises."""

from __future__ import annotations

import pytest

from voicebot.call.actions import Recognise, Speak
from voicebot.call.events import HungUp
from voicebot.testing.conversation import ScriptedConversation, says
from voicebot.testing.timeline import Timeline, Voice
from voicebot.testing.timeline_caller import Network


def test_a_sentence_takes_as_long_as_its_text() -> None:
    """What is audible follows the text and the pace of the voice."""
    line = Timeline(ScriptedConversation(greeting=says("x" * 40)), voice=Voice(pace=0.05)).run(5.0)
    assert line.audible[0][0] == pytest.approx(0.02)
    assert line.audible[-1][1] == pytest.approx(2.02)


def test_a_condition_that_never_comes_is_an_error() -> None:
    """Waiting for something that does not happen says when it gave up."""
    line = Timeline(ScriptedConversation())
    with pytest.raises(AssertionError, match=r"did not happen by 3\.00 s"):
        line.run_to(lambda one: len(one.of(Speak)) > 5, until=3.0)


def test_a_condition_is_not_waited_for_after_the_call() -> None:
    """Once the call is over nothing more can happen."""
    line = Timeline(ScriptedConversation())
    line.happens(HungUp(), at=1.0)
    with pytest.raises(AssertionError, match=r"did not happen by 1\.00 s"):
        line.run_to(lambda one: False)


def test_the_recogniser_only_hears_audio_that_came() -> None:
    """Of words of which half the frames were lost, half is recognised."""
    line = Timeline(ScriptedConversation(), network=Network(loss=(0,) * 230 + (1,) * 50 + (0,) * 1000))
    line.caller_says("one two three four", at=4.0, seconds=1.6)
    line.run(8.0)
    (recognise,) = [action for _, action in line.of(Recognise)][-1:]
    ((said, share),) = line.heard_in(recognise)
    assert said.text == "one two three four"
    assert share == pytest.approx(0.375, abs=0.05)
    assert line.transcript[1] == ("caller", "one")


def test_quiet_is_what_neither_side_fills() -> None:
    """Stretches of quiet lie between the voices, and end with the call."""
    line = Timeline(ScriptedConversation(greeting=says("x" * 40)), voice=Voice(pace=0.05))
    line.caller_says("hello", at=3.0)
    line.caller_hangs_up(at=4.2)
    line.run()
    first, second, last = line.quiet()
    assert first == pytest.approx((0.0, 0.02))
    assert second == pytest.approx((2.02, 3.0))
    assert last[0] == pytest.approx(4.0)
    assert last[1] == pytest.approx(4.2, abs=0.1)
