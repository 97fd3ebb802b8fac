"""Calls in which something of ours fails: the caller always hears so."""

from __future__ import annotations

import pytest

from voicebot.asr.port import JobKind
from voicebot.call.actions import Flush, Forget, Recognise
from voicebot.call.events import Failed, Part
from voicebot.dialog.types import Line, LookUp, Move, Trouble
from voicebot.testing.conversation import ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice

GREETING = "Hello, this is the automated assistant."
SORRY = "Sorry, something went wrong here."
LOOK_UP = Move((), LookUp("orders", {}, Line("I am looking.")))


def test_a_guess_that_fails_is_made_again_in_earnest() -> None:
    """One failure of the recogniser costs a pause, not the call."""
    line = Timeline(ScriptedConversation())
    line.caller_says("order", at=4.0)
    line.run_to(lambda one: bool(one.of(Recognise)))
    line.call.on(Failed(Part.RECOGNIZER, "busy", line.of(Recognise)[0][1].job), line.clock + line.now)
    line.run(8.0)
    assert [recognise.kind for _, recognise in line.of(Recognise)] == [JobKind.GUESS, JobKind.FINAL]
    assert line.transcript[1] == ("caller", "order")


def test_a_recogniser_that_fails_leads_to_a_person() -> None:
    """When the words cannot be had the caller hears an apology and is handed over; the trouble is noted."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("order", at=4.0, error="no memory")
    line.run()
    assert conversation.heard[-1] == ("trouble", "hearing")
    assert line.turns[-1].text == SORRY
    assert line.end.reason == "failure"
    assert {(trouble.part, trouble.error) for trouble in line.troubles} == {("recognizer", "no memory")}


def test_a_failure_nobody_waits_for_is_ignored() -> None:
    """Jobs and sentences that were dropped may fail as they like."""
    line = Timeline(ScriptedConversation())
    line.happens(Failed(Part.RECOGNIZER, "late", 77), at=3.0)
    line.happens(Failed(Part.LOOKUP, "late", 78), at=3.0)
    line.happens(Failed(Part.SYNTHESIZER, "late", 79), at=3.0)
    line.run(4.0)
    assert line.troubles == []
    assert line.spoken == [GREETING]


def test_a_recogniser_that_never_answers_is_given_up() -> None:
    """The caller is told to wait, and after eight seconds handed over; the job is called off."""
    line = Timeline(ScriptedConversation())
    line.caller_says("order", at=4.0, delay=None)
    line.run()
    assert line.spoken == [GREETING, "One moment.", SORRY]
    assert len(line.of(Forget)) == 1
    assert [trouble.part for trouble in line.troubles] == ["recognizer"]
    assert ("caller", "order") not in line.transcript


def test_a_cut_turn_that_is_never_recognised_is_given_up() -> None:
    """Also the part of a long turn that waits for its text has a longest wait."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("very long", at=3.0, seconds=14.8, delay=None)
    line.run()
    assert conversation.heard[-1] == ("trouble", "hearing")


def test_a_look_up_that_fails_leads_to_a_person() -> None:
    """The dialog apologises for the look-up, not for the caller."""
    conversation = ScriptedConversation(replies={"order": LOOK_UP})
    line = Timeline(conversation, answers={"orders": Answer(result=None)})
    line.caller_says("order", at=4.0)
    line.run()
    assert conversation.heard[-1] == ("trouble", "lookup")
    assert [trouble.error for trouble in line.troubles] == ["broken look-up"]
    assert line.turns[-1].text == SORRY


def test_a_look_up_that_never_answers_is_given_up() -> None:
    """After eight seconds the look-up has failed."""
    conversation = ScriptedConversation(replies={"order": LOOK_UP})
    line = Timeline(conversation, answers={"orders": Answer(delay=None)})
    line.caller_says("order", at=4.0)
    line.run()
    assert conversation.heard[-1] == ("trouble", "lookup")
    assert len(line.of(Forget)) == 1


def test_a_sentence_that_cannot_be_spoken_leads_to_a_person() -> None:
    """A reply that was lost is apologised for: the caller may be waiting for just that."""
    conversation = ScriptedConversation(replies={"order": says("It is Ωmega.")})
    line = Timeline(conversation, voice=Voice(broken=frozenset({"It is Ωmega."})))
    line.caller_says("order", at=4.0)
    line.run()
    assert conversation.heard[-1] == ("trouble", "internal")
    assert line.transcript[-2:] == [("caller", "order"), ("bot", SORRY)]
    assert [trouble.part for trouble in line.troubles] == ["synthesizer"]


def test_a_sentence_that_cannot_be_spoken_does_not_hold_up_the_others() -> None:
    """The lines after it are heard, and the call goes on from their end."""
    conversation = ScriptedConversation(greeting=says("Bad.", "Good."), troubles={Trouble.INTERNAL: says("So.")})
    line = Timeline(conversation, voice=Voice(broken=frozenset({"Bad."})))
    line.run(3.0)
    assert line.transcript == [("bot", "Good."), ("bot", "So.")]


def test_a_filler_that_cannot_be_spoken_is_no_trouble_for_the_caller() -> None:
    """A lost "one moment" costs nothing."""
    conversation = ScriptedConversation(replies={"order": says("Tomorrow.")})
    line = Timeline(conversation, voice=Voice(broken=frozenset({"One moment."})))
    line.caller_says("order", at=4.0, delay=4.0)
    line.run(10.0)
    assert line.transcript[-1] == ("bot", "Tomorrow.")
    assert "trouble" not in [what for what, _ in conversation.heard]


def test_a_voice_that_never_speaks_is_given_up() -> None:
    """Five seconds without audio are a failure: the call is handed over although nothing can be said."""
    conversation = ScriptedConversation()
    line = Timeline(conversation, voice=Voice(stuck=frozenset({"*"}))).run()
    assert conversation.heard == [("open", ""), ("trouble", "internal")]
    assert line.of(Flush)[0][0] == pytest.approx(5.0, abs=0.03)
    assert line.now == pytest.approx(10.0, abs=0.2)
    assert line.end.reason == "failure"


def test_a_voice_that_cannot_speak_is_apologised_for_once() -> None:
    """If the apology cannot be heard either, the dialog goes on by its own rules and ends the call."""
    conversation = ScriptedConversation(troubles={Trouble.INTERNAL: says("Sorry.")})
    line = Timeline(conversation, voice=Voice(stuck=frozenset({"*"}))).run()
    assert [what for what, _ in conversation.heard].count("trouble") == 1
    assert line.end.reason == "silent"


def test_a_voice_that_is_back_may_fail_again() -> None:
    """After a sentence that was heard, the next failure is a new trouble."""
    conversation = ScriptedConversation(
        replies={"one": says("Bad."), "two": says("Bad.")}, troubles={Trouble.INTERNAL: says("Sorry.")}
    )
    line = Timeline(conversation, voice=Voice(broken=frozenset({"Bad."})))
    line.caller_says("one", at=4.0)
    line.caller_says("two", at=8.0)
    line.run(11.0)
    assert line.spoken == [GREETING, "Bad.", "Sorry.", "Bad.", "Sorry."]


def test_trouble_during_a_goodbye_changes_nothing() -> None:
    """A plan is kept whatever fails after it; words that cannot be recognised then are let go."""
    goodbye = Move((Line("Goodbye. " * 20),), ScriptedConversation().apology.then)
    conversation = ScriptedConversation(replies={"bye": goodbye})
    line = Timeline(conversation)
    line.caller_says("bye", at=4.0)
    line.caller_says("oh", at=6.0, error="broken")
    line.run()
    assert [what for what, _ in conversation.heard] == ["open", "hear"]
    assert [trouble.part for trouble in line.troubles] == ["recognizer", "recognizer"]


def test_a_failure_after_the_answer_is_ignored() -> None:
    """A job fails or succeeds, not both."""
    line = Timeline(ScriptedConversation())
    line.caller_says("order", at=4.0)
    line.run_to(lambda one: bool(one.of(Recognise)))
    job = line.of(Recognise)[0][1].job
    line.happens(Failed(Part.RECOGNIZER, "late", job), at=line.now + 0.12)
    line.run(8.0)
    assert line.troubles == []
    assert line.transcript[1] == ("caller", "order")
