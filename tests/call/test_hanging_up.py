"""Callers who hang up, at any moment."""

from __future__ import annotations

import pytest

from voicebot.call.actions import AskLookUp, End, Flush, Forget, Note, Recognise, Speak
from voicebot.call.call import Call
from voicebot.call.events import HungUp, Tick
from voicebot.call.record import Disposition, EndEntry, TurnEnd
from voicebot.call.rules import Rules
from voicebot.dialog.types import Line, Listen, LookUp, Meaning, Move, Transfer, TransferReason
from voicebot.testing.conversation import GOODBYE, ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice

GREETING = "Hello, this is the automated assistant."
PERSON = Move((Line("I will put you through."),), Transfer("desk", TransferReason.REQUESTED, ""))


def test_hanging_up_in_the_greeting_leaves_what_was_heard() -> None:
    """The record ends with the words heard so far and says that the caller left."""
    line = Timeline(ScriptedConversation(), voice=Voice(pace=0.05, lead=9.0))
    line.caller_hangs_up(at=1.0)
    line.run()
    assert line.transcript == [("bot", "Hello, this is the")]
    assert line.turns[0].interrupted
    assert (line.end.disposition, line.end.reason) == (Disposition.ABANDONED, "hung_up")
    assert line.end.at == pytest.approx(1.0)
    assert line.plan is None


def test_hanging_up_after_being_helped_is_a_good_end() -> None:
    """A caller whose question was answered has not abandoned the call by hanging up without a goodbye."""
    line = Timeline(ScriptedConversation(settled=True))
    line.caller_says("where is my order", at=6.0)
    line.caller_hangs_up(at=12.0)
    line.run()
    assert (line.end.disposition, line.end.reason) == (Disposition.COMPLETED, "hung_up")


def test_the_last_words_before_hanging_up_are_kept_and_understood() -> None:
    """A caller who says what it is about and hangs up at once has said it."""
    meant = Meaning("order_status", 0.9, {"order": "1234"})
    conversation = ScriptedConversation(replies={"order 1234": Move((), Listen(), meant)})
    line = Timeline(conversation)
    said = line.caller_says("order 1234", at=6.0, seconds=1.0, delay=0.4)
    line.caller_hangs_up(at=said + 0.02)
    line.run()
    assert line.transcript[-1] == ("caller", "order 1234")
    assert line.turns[-1].intent == "order_status"
    assert (line.end.intent, line.end.slots) == ("order_status", {"order": "1234"})
    assert line.end.at == pytest.approx(said + 0.02, abs=0.03)


def test_last_words_are_not_waited_for_without_end() -> None:
    """A recogniser that never answers does not keep the record of a caller who is gone."""
    line = Timeline(ScriptedConversation())
    said = line.caller_says("order 1234", at=6.0, delay=None)
    line.caller_hangs_up(at=said)
    line.run(said + Rules().last_words + 0.1)
    assert line.call.over
    assert line.end.at == pytest.approx(said, abs=0.03)


def test_a_click_before_hanging_up_is_no_last_word() -> None:
    """The receiver put down is not sent to the recogniser."""
    line = Timeline(ScriptedConversation())
    line.caller_coughs(at=6.0, seconds=0.1)
    line.caller_hangs_up(at=6.1)
    line.run(6.2)
    assert line.call.over
    assert not line.of(Recognise)


def test_a_turn_not_yet_answered_is_not_lost() -> None:
    """Words the bot was about to answer are in the record."""
    line = Timeline(ScriptedConversation(), voice=Voice(delay=2.0))
    line.caller_says("where is my order", at=6.0)
    line.caller_hangs_up(at=8.0)
    line.run()
    assert line.transcript[-1] == ("caller", "where is my order")
    assert line.turns[-1].timings.committed is not None
    assert line.turns[-1].timings.answered is None


def test_words_recognised_but_not_yet_a_turn_are_not_lost() -> None:
    """Also what was only guessed in a pause is in the record."""
    line = Timeline(ScriptedConversation(unfinished=frozenset({"my order is"})))
    line.caller_says("my order is", at=4.0)
    line.caller_hangs_up(at=5.6)
    line.run()
    assert line.transcript[-1] == ("caller", "my order is")
    assert line.turns[-1].reason is TurnEnd.HUNG_UP
    assert line.turns[-1].timings.committed is None


def test_words_that_wait_for_a_look_up_are_not_lost() -> None:
    """A turn that is over and waits for its move is noted, and the look-up is called off."""
    look_up = Move((), LookUp("orders", {}, Line("I am looking.")))
    line = Timeline(ScriptedConversation(replies={"order": look_up}), answers={"orders": Answer(delay=None)})
    line.caller_says("order", at=4.0)
    line.caller_says("hello", at=8.0, seconds=0.6)
    line.caller_hangs_up(at=10.0)
    line.run()
    assert line.transcript[-1] == ("caller", "hello")
    assert [forget.job for _, forget in line.of(Forget)] == [line.of(AskLookUp)[0][1].job]


def test_a_late_text_that_waits_for_a_look_up_is_not_lost() -> None:
    """The same where the turn had already taken its place while its text was late."""
    look_up = Move((), LookUp("orders", {}, Line("I am looking.")))
    line = Timeline(ScriptedConversation(replies={"order": look_up}), answers={"orders": Answer(delay=None)})
    line.caller_says("order", at=4.0)
    line.caller_says("hello", at=7.0, seconds=0.6, delay=2.0)
    line.caller_hangs_up(at=11.0)
    line.run()
    assert ("caller", "hello") in line.transcript


def test_a_sound_without_words_is_not_a_turn_at_the_end_either() -> None:
    """A cough cut off by the hang-up leaves nothing in the record."""
    line = Timeline(ScriptedConversation())
    line.caller_coughs(at=4.0, seconds=0.5)
    line.caller_hangs_up(at=4.8)
    line.run()
    assert line.transcript == [("bot", GREETING)]


def test_keys_not_yet_answered_are_not_lost() -> None:
    """Half an entry is in the record."""
    line = Timeline(ScriptedConversation(long_entries=frozenset({"1", "12"})))
    line.caller_presses("12", at=3.0)
    line.caller_hangs_up(at=4.0)
    line.run()
    assert line.turns[-1].keys == "12"


def test_outstanding_recognitions_are_called_off() -> None:
    """Nobody works for a caller who is gone."""
    line = Timeline(ScriptedConversation())
    line.caller_says("order", at=4.0, delay=5.0)
    line.caller_hangs_up(at=5.5)
    line.run()
    assert [forget.job for _, forget in line.of(Forget)] == [line.of(Recognise)[0][1].job]
    assert line.transcript == [("bot", GREETING)]


@pytest.mark.parametrize(
    ("move", "disposition"), [(PERSON, Disposition.TRANSFERRED), (GOODBYE, Disposition.COMPLETED)]
)
def test_a_plan_made_counts_even_if_its_sentence_was_not_heard(move: Move, disposition: Disposition) -> None:
    """Who hangs up during the goodbye was served."""
    line = Timeline(ScriptedConversation(replies={"bye": move}))
    line.caller_says("bye", at=4.0)
    line.caller_hangs_up(at=5.8)
    line.run()
    assert line.end.disposition is disposition
    assert line.of(End) == []
    assert line.call.plan == move.then


def test_after_the_end_nothing_matters() -> None:
    """Neither the stream's own end nor anything late leads to an action."""
    line = Timeline(ScriptedConversation(greeting=GOODBYE)).run()
    assert line.call.over
    for event in (HungUp(), Tick()):
        assert line.call.on(event, line.clock + 100.0) == []
    assert sum(isinstance(entry, EndEntry) for entry in line.entries) == 1


def test_a_stream_that_ends_before_it_starts_is_an_abandoned_call() -> None:
    """A socket lost at once leaves an end on record, and the bot has not said a word."""
    call = Call(ScriptedConversation(), Rules())
    assert call.on(Tick(), 5.0) == []
    (action,) = call.on(HungUp(), 5.0)
    assert isinstance(action, Note)
    assert isinstance(action.entry, EndEntry)
    assert action.entry.disposition is Disposition.ABANDONED
    assert call.over


def test_hanging_up_asks_for_nothing() -> None:
    """After a hang-up there is nobody to speak to or to silence."""
    line = Timeline(ScriptedConversation(greeting=says("Hello. " * 30)))
    line.caller_hangs_up(at=1.0)
    line.run()
    assert [did for did in line.did if did.at > 0.5 and isinstance(did.action, Speak | Flush)] == []
