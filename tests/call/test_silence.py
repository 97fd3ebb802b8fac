"""Callers who say nothing, or nothing that is speech."""

from __future__ import annotations

import itertools

import pytest

from voicebot.asr.port import Transcript
from voicebot.call.actions import Forget, Hold, Recognise, Speak
from voicebot.call.events import Recognised
from voicebot.call.record import TurnEnd
from voicebot.call.rules import Rules
from voicebot.dialog.types import HangUp, Line, LookUp, Move, Trouble
from voicebot.testing.conversation import ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice
from voicebot.testing.timeline_caller import Network

GREETING = "Hello, this is the automated assistant."


def test_a_silent_caller_is_asked_and_in_the_end_handed_over() -> None:
    """Twice a question, each six seconds after the last word was heard, then a person."""
    line = Timeline(ScriptedConversation()).run()
    assert line.spoken == [
        GREETING,
        "Are you still there?",
        "Please say something.",
        "I will get you a person.",
    ]
    assert line.end.reason == "silent"
    assert line.of(Speak)[1][0] == pytest.approx(line.turns[0].ended + 6.0, abs=0.03)


def test_a_muted_line_is_a_silent_caller() -> None:
    """No frames at all for the whole call: time passes by ticks."""
    line = Timeline(ScriptedConversation(), network=Network(loss=(1,))).run()
    assert line.end.reason == "silent"


def test_silence_counts_from_what_was_heard_not_from_what_was_sent() -> None:
    """A long sentence sent at once is heard at its own pace before anybody is asked whether they are there."""
    text = "This is a rather long sentence, sent all at once to a gateway that buffers everything."
    line = Timeline(ScriptedConversation(greeting=says(text)), voice=Voice(lead=60.0))
    line.run(14.0)
    assert line.of(Speak)[1][0] == pytest.approx(len(text) * 0.05 + 6.0, abs=0.08)


def test_a_noise_does_not_restart_the_silence() -> None:
    """Coughing is not an answer: the caller is asked when he would have been asked anyway."""
    line = Timeline(ScriptedConversation())
    line.caller_coughs(at=4.0)
    line.run(8.5)
    assert line.of(Speak)[1][0] == pytest.approx(line.turns[0].ended + 6.0, abs=0.03)
    assert [turn.speaker.value for turn in line.turns] == ["bot"]


def test_text_a_guard_threw_away_is_noted_and_not_answered() -> None:
    """Invented text stays on record with the reason; the conversation never hears of it."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("Thanks for watching!", at=4.0, rejected="hallucination")
    line.run(7.0)
    assert [what for what, _ in conversation.heard] == ["open"]
    assert (line.turns[-1].text, line.turns[-1].rejected) == ("Thanks for watching!", "hallucination")


def test_a_long_noise_ends_in_nothing() -> None:
    """Fifteen seconds of a hoover are cut, found to be no speech, and the caller is asked again."""
    line = Timeline(ScriptedConversation())
    line.caller_coughs(at=3.0, seconds=15.2)
    line.run(20.0)
    assert line.spoken[1] == "Are you still there?"


def test_nobody_is_asked_while_speaking() -> None:
    """Six seconds of silence are not over while somebody talks for longer."""
    line = Timeline(ScriptedConversation())
    line.caller_says("a long story", at=4.0, seconds=8.0)
    line.run(12.0)
    assert line.spoken == [GREETING]


def test_the_longest_call_comes_to_an_end() -> None:
    """After the longest time the dialog apologises and hands over, whatever is going on."""
    endless = ScriptedConversation(silences=(says("Still there?"),))
    line = Timeline(endless, rules=Rules(max_call_seconds=30.0))
    line.caller_says("a story", at=29.0, seconds=3.0)
    line.run()
    assert ("trouble", "too_long") in endless.heard
    assert line.now == pytest.approx(31.8, abs=0.5)
    assert line.end.reason == "failure"


def test_a_dialog_that_would_go_on_for_ever_is_hung_up_on() -> None:
    """If the dialog only listens when time is up, the call is ended for it, after its words."""
    conversation = ScriptedConversation(troubles={Trouble.TOO_LONG: says("Time is up.")})
    line = Timeline(conversation, rules=Rules(max_call_seconds=1.0)).run()
    assert line.plan == HangUp("too_long")
    assert line.turns[-1].text == "Time is up."
    assert line.turns[0].interrupted


def test_a_look_up_under_way_is_called_off_when_time_is_up() -> None:
    """Nothing is waited for after the longest time, also if the dialog wants to look something up."""
    look_up = Move((), LookUp("orders", {}, Line("I am looking.")))
    conversation = ScriptedConversation(greeting=look_up, troubles={Trouble.TOO_LONG: look_up})
    never = {"orders": Answer(delay=None)}
    line = Timeline(conversation, rules=Rules(max_call_seconds=1.0), answers=never).run()
    assert [forget.job for _, forget in line.of(Forget)] == [1, 2]
    assert line.plan == HangUp("too_long")


def test_a_sentence_for_a_click_is_not_believed() -> None:
    """Text with next to no voice behind it was made up for the line around it; it is noted and not answered."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("please cancel all of my orders now", at=4.0, seconds=0.08)
    line.run(7.0)
    assert [what for what, _ in conversation.heard] == ["open"]
    assert (line.turns[-1].text, line.turns[-1].rejected) == (
        "please cancel all of my orders now",
        "too little voice",
    )


def test_text_that_was_thrown_away_is_on_record() -> None:
    """The recogniser's guard keeps what it did not believe, and so does the record."""
    line = Timeline(ScriptedConversation())
    line.run(4.0)
    line.caller_says("", at=4.2, seconds=0.3, delay=None)
    line.run_to(lambda one: bool(one.of(Recognise)))
    job = line.of(Recognise)[0][1].job
    doubted = Transcript("", 0.0, rejected="phantom phrase", doubted="Thanks for watching!")
    line.happens(Recognised(job, doubted), at=line.now + 0.02)
    line.run(7.0)
    noted = line.turns[-1]
    assert (noted.text, noted.rejected, noted.reason) == (
        "Thanks for watching!",
        "phantom phrase",
        TurnEnd.NOTHING,
    )


def test_a_noise_without_end_is_a_caller_who_says_nothing() -> None:
    """A television is asked like a silent caller whenever an utterance is cut, and in the end handed over."""
    line = Timeline(ScriptedConversation())
    line.caller_says("", at=4.0, seconds=200.0)
    line.run(200.0)
    assert line.spoken == [
        GREETING,
        "Are you still there?",
        "Please say something.",
        "I will get you a person.",
    ]
    assert line.end.reason == "silent"
    longest = Rules().max_utterance + 1.0
    assert all(later - sooner < 2 * longest for (sooner, _), (later, _) in itertools.pairwise(line.of(Speak)))


def test_after_a_noise_without_end_the_caller_can_interrupt_again() -> None:
    """Once it has paused, a voice holds the bot at once, as before."""
    prompt = "Are you still there? You can tell me your order number, or ask about our hours."
    line = Timeline(ScriptedConversation(silences=(says(prompt),)), voice=Voice(pace=0.1))
    line.caller_says("", at=6.0, seconds=17.0)
    line.caller_says("my order", at=25.0)
    line.run(30.0)
    assert line.spoken[1] == prompt
    assert [at for at, _ in line.of(Hold)] == pytest.approx([25.16], abs=0.03)
