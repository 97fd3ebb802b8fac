"""Callers who press keys."""

from __future__ import annotations

import pytest

from voicebot.call.actions import Flush, Forget, Speak
from voicebot.call.events import Digit
from voicebot.dialog.types import HangUp, Line, Listen, LookUp, Move, Transfer, TransferReason
from voicebot.testing.conversation import GOODBYE, ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline

PERSON = Move((Line("One moment please."),), Transfer("desk", TransferReason.PRESSED_ZERO, ""))
PARTS = frozenset({"1", "12", "123"})


def test_a_key_that_is_an_answer_is_answered_at_once() -> None:
    """0 brings a person, in the middle of the greeting."""
    line = Timeline(ScriptedConversation(greeting=says("Hello. " * 20), presses={"0": PERSON}))
    line.caller_presses("0", at=1.0)
    line.run()
    assert line.of(Flush)[0][0] == pytest.approx(1.0, abs=0.03)
    spoken_at, spoken = line.of(Speak)[-1]
    assert spoken == Speak(2, "One moment please.")
    assert spoken_at == pytest.approx(1.0, abs=0.03)
    assert line.end.reason == "pressed_zero"


def test_keys_that_make_an_answer_together_are_one_turn() -> None:
    """The entry is complete with the key that makes it an answer."""
    line = Timeline(ScriptedConversation(presses={"1234": says("Found it.")}, long_entries=PARTS))
    at = line.caller_presses("1234", at=3.0)
    line.run(6.0)
    spoken_at, spoken = line.of(Speak)[-1]
    assert spoken == Speak(2, "Found it.")
    assert spoken_at == pytest.approx(at, abs=0.03)
    turn = line.turns[1]
    assert (turn.text, turn.keys) == ("", "1234")
    assert turn.started == pytest.approx(3.0, abs=0.02)
    assert turn.ended == pytest.approx(3.9, abs=0.02)
    assert turn.timings.answered is not None


def test_an_incomplete_entry_is_taken_after_a_pause() -> None:
    """Three seconds after the last key the dialog gets what there is."""
    conversation = ScriptedConversation(long_entries=PARTS)
    line = Timeline(conversation)
    line.caller_presses("12", at=3.0)
    line.run(7.0)
    assert conversation.heard[-1] == ("press", "12")
    assert line.of(Speak)[-1][0] == pytest.approx(6.3, abs=0.03)


def test_the_hash_key_ends_an_entry() -> None:
    """`12#` is answered at once."""
    conversation = ScriptedConversation(long_entries=PARTS)
    line = Timeline(conversation)
    line.caller_presses("12#", at=3.0)
    line.run(4.5)
    assert conversation.heard[-1] == ("press", "12")


def test_keys_put_an_end_to_what_was_being_said() -> None:
    """Words begun before the keys are dropped with everything that was done for them."""
    conversation = ScriptedConversation(presses={"5": says("Five.")})
    line = Timeline(conversation)
    line.caller_says("my order is", at=4.0, delay=3.0)
    line.caller_presses("5", at=5.3)
    line.run(9.0)
    assert len(line.of(Forget)) == 1
    assert [what for what, _ in conversation.heard] == ["open", "press"]


def test_words_that_wait_for_their_text_are_dropped_by_keys_too() -> None:
    """A turn already over is dropped as long as it was not understood."""
    line = Timeline(ScriptedConversation(presses={"5": says("Five.")}))
    line.caller_says("my order is", at=4.0, delay=5.0)
    line.caller_presses("5", at=7.0)
    line.run(10.0)
    assert ("caller", "5") in line.transcript
    assert ("caller", "my order is") not in line.transcript


def test_the_sound_of_keys_is_not_speech() -> None:
    """Tones that leak into the audio while keys are pressed open no utterance."""
    conversation = ScriptedConversation(long_entries=PARTS)
    line = Timeline(conversation)
    line.caller_says("beep", at=3.02, seconds=0.8)
    line.caller_presses("12", at=3.0)
    line.run(8.0)
    assert [what for what, _ in conversation.heard] == ["open", "press"]


def test_keys_do_not_stop_a_legal_line() -> None:
    """An uninterruptible line is heard to its end; the answer to the key follows it."""
    greeting = Move((Line("This call may be recorded.", uninterruptible=True),), Listen())
    line = Timeline(ScriptedConversation(greeting=greeting, presses={"1": says("One.")}))
    line.caller_presses("1", at=0.3)
    line.run(4.0)
    assert not line.of(Flush)
    assert [text for _, text in line.transcript] == ["This call may be recorded.", "1", "One."]


def test_what_was_said_just_before_the_keys_counts() -> None:
    """The beginning of a number is heard though its pause was cut by a key; the reply to it is not spoken out."""
    conversation = ScriptedConversation(
        replies={"one two": says("And then?")},
        unfinished=frozenset({"one two"}),
        presses={"34": says("Found it.")},
    )
    line = Timeline(conversation)
    end = line.caller_says("one two", at=4.0)
    line.caller_presses("34", at=end + 0.5)
    line.run(10.0)
    told = [what for what in conversation.heard if what[0] in ("hear", "press")]
    assert told[0] == ("hear", "one two")
    assert "And then?" not in [text for _, text in line.transcript]


@pytest.mark.parametrize(("after", "delay"), [(0.02, 0.1), (0.02, 0.9), (0.3, 0.9)])
def test_what_was_said_before_the_keys_counts_however_late_its_text(after: float, delay: float) -> None:
    """A key pressed before the text is there, or before it was asked for, loses nothing: the keys wait for it."""
    conversation = ScriptedConversation(
        replies={"one two": says("And then?")},
        unfinished=frozenset({"one two"}),
        presses={"34": says("Found it.")},
        long_entries=frozenset({"3"}),
    )
    line = Timeline(conversation)
    end = line.caller_says("one two", at=4.0, delay=delay)
    line.caller_presses("34", at=end + after, apart=0.2)
    line.run(10.0)
    assert [what for what in conversation.heard if what[0] != "open"][:2] == [("hear", "one two"), ("press", "34")]
    assert "And then?" not in [text for _, text in line.transcript]


@pytest.mark.parametrize(("delay", "error"), [(None, ""), (0.2, "no engine")])
def test_keys_do_not_wait_for_ever_for_what_was_said_before(delay: float | None, error: str) -> None:
    """A recogniser that fails or says nothing costs the caller his words, not his keys."""
    conversation = ScriptedConversation(presses={"34": says("Found it.")}, long_entries=frozenset({"3"}))
    line = Timeline(conversation)
    end = line.caller_says("one two", at=4.0, delay=delay, error=error)
    line.caller_presses("34", at=end + 0.02)
    line.run(9.0)
    assert [what for what in conversation.heard if what[0] != "open"] == [("press", "34")]


def test_a_whole_sentence_before_a_key_gives_way_to_it() -> None:
    """Whoever presses a key while a complete sentence is in the air wants the key."""
    conversation = ScriptedConversation(replies={"agent": PERSON}, presses={"1": says("One.")})
    line = Timeline(conversation)
    end = line.caller_says("agent", at=4.0)
    line.caller_presses("1", at=end + 0.26)
    line.run(6.5)
    assert [what for what, _ in conversation.heard] == ["open", "press"]


def test_keys_during_a_look_up_are_answered_after_it() -> None:
    """The dialog gets one answer at a time."""
    look_up = Move((), LookUp("orders", {}, Line("I am looking.")))
    conversation = ScriptedConversation(replies={"order": look_up}, presses={"1": says("One.")})
    line = Timeline(conversation, answers={"orders": Answer(delay=3.0)})
    line.caller_says("order", at=4.0)
    line.caller_presses("1", at=6.0)
    line.run(12.0)
    assert [what for what, _ in conversation.heard] == ["open", "hear", "looked_up", "press"]


def test_words_and_keys_during_a_look_up_do_not_get_it_a_second_answer() -> None:
    """What was said while it runs gives way to the keys; the dialog still hears of one thing at a time."""
    look_up = Move((), LookUp("orders", {}, Line("I am looking.")))
    conversation = ScriptedConversation(
        replies={"order": look_up}, unfinished=frozenset({"one two"}), presses={"34": says("Found it.")}
    )
    line = Timeline(conversation, answers={"orders": Answer(delay=4.0)})
    line.caller_says("order", at=4.0)
    end = line.caller_says("one two", at=6.0)
    line.caller_presses("34", at=end + 0.3)
    line.run(14.0)
    assert [what for what, _ in conversation.heard] == ["open", "hear", "looked_up", "press"]


def test_letters_of_the_tone_alphabet_are_no_keys() -> None:
    """A to D exist on no telephone of a caller."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.happens(Digit("A"), at=1.0)
    line.run(4.0)
    assert conversation.heard == [("open", "")]
    assert not line.of(Flush)


def test_keys_do_not_cancel_a_goodbye() -> None:
    """Once the call is being ended keys are written down and nothing else."""
    line = Timeline(ScriptedConversation(replies={"bye": GOODBYE}))
    line.caller_says("bye", at=4.0)
    line.caller_presses("0", at=5.8)
    line.run()
    assert line.plan == HangUp("goodbye")
    assert ("caller", "0") in line.transcript
