"""A call that goes well: greeting, hearing, answering, looking up, handing over."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.asr.port import JobKind, Transcript
from voicebot.audio import FRAME_SAMPLES
from voicebot.call.actions import AskLookUp, End, Flush, Forget, Note, Promote, Recognise, Speak
from voicebot.call.call import Call
from voicebot.call.events import Frame, HungUp, LookedUp, Played, Recognised, Sent, Started, Tick
from voicebot.call.record import ConfirmedEntry, Disposition, EndEntry, Speaker, TurnEnd
from voicebot.call.rules import Rules
from voicebot.dialog.types import (
    Comeback,
    HangUp,
    Line,
    Listen,
    LookUp,
    LookUpResult,
    Meaning,
    Move,
    Patience,
    Transfer,
    TransferReason,
)
from voicebot.testing.conversation import GOODBYE, ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice
from voicebot.testing.timeline_caller import Network

GREETING = "Hello, this is the automated assistant."
ORDER = "where is my order"
LOOK_UP = Move((), LookUp("orders", {"number": "1234"}, Line("I am looking it up.")))
TO_DESK = Transfer("desk", TransferReason.REQUESTED, "Caller about order 1234")
PERSON = Move((Line("I will put you through."),), TO_DESK, Meaning("person", 0.8, {"order": "1234"}))


def test_the_bot_greets_at_once() -> None:
    """Every line of the greeting is asked for as the call starts, numbered in order."""
    line = Timeline(ScriptedConversation(greeting=says("Hello.", "How can I help?")))
    line.run(0.02)
    assert line.of(Speak) == [(0.0, Speak(1, "Hello.")), (0.0, Speak(2, "How can I help?"))]


def test_a_caller_who_comes_back_is_met_as_such() -> None:
    """After a transfer that failed the dialog knows why the caller is here."""
    conversation = ScriptedConversation()
    line = Timeline(conversation, comeback=Comeback.BUSY).run(1.0)
    assert conversation.heard == [("open", "busy")]
    assert line.spoken == ["Nobody was free. What else can I do?"]


def test_a_second_stream_goes_on_where_the_call_stands() -> None:
    """What is noted of a caller who came back counts from the call's beginning, not from the stream's."""
    call = Call(ScriptedConversation(), Rules())
    call.on(Started("call", "", "", Comeback.BUSY, after=40.0), 500.0)
    actions = call.on(HungUp(), 501.5)
    entries = [action.entry for action in actions if isinstance(action, Note)]
    assert [entry.at for entry in entries if isinstance(entry, EndEntry)] == [41.5]


def test_a_whole_answer_is_answered_after_the_shortest_pause() -> None:
    """What was asked for and no more is answered 250 ms after the last voice; the record says why."""
    line = Timeline(ScriptedConversation(replies={"one two": says("Thank you.")}, answered=frozenset({"one two"})))
    line.caller_says("one two", at=4.0)
    line.run(8.0)
    assert line.of(Speak)[-1][0] == pytest.approx(5.25, abs=0.03)
    assert [turn.reason for turn in line.turns] == [None, TurnEnd.ANSWERED, None]


def test_an_answer_waits_for_its_text_and_no_longer() -> None:
    """A slow guess delays the end of the turn by as much as it is late, to the tick."""
    line = Timeline(ScriptedConversation(answered=frozenset({"one two"})))
    line.caller_says("one two", at=4.0, delay=0.4)
    line.run(8.0)
    assert line.of(Speak)[-1][0] == pytest.approx(5.5, abs=0.03)


def test_a_patient_dialog_waits_longer() -> None:
    """The dialog's patience stretches the pause."""
    line = Timeline(ScriptedConversation(patience=Patience.HIGH))
    line.caller_says(ORDER, at=4.0)
    line.run(8.0)
    assert line.of(Speak)[-1][0] == pytest.approx(5.6, abs=0.03)


def test_a_complete_answer_is_answered_after_a_short_pause() -> None:
    """The guess made in the pause is the text; the reply is asked for 400 ms after the last voice."""
    line = Timeline(ScriptedConversation(replies={ORDER: says("It comes tomorrow.")}))
    line.caller_says(ORDER, at=4.0)
    line.run(8.0)
    ((guessed, recognise),) = line.of(Recognise)
    assert recognise.kind is JobKind.GUESS
    assert guessed == pytest.approx(5.1, abs=0.02)
    assert line.of(Speak)[-1][0] == pytest.approx(5.4, abs=0.02)
    assert line.transcript == [("bot", GREETING), ("caller", ORDER), ("bot", "It comes tomorrow.")]


@pytest.mark.parametrize(("text", "pause"), [("well maybe", 0.6), ("my order is", 1.2)])
def test_what_may_go_on_is_waited_for(text: str, pause: float) -> None:
    """Open and unfinished texts are answered after a longer pause."""
    conversation = ScriptedConversation(
        open_ended=frozenset({"well maybe"}), unfinished=frozenset({"my order is"})
    )
    line = Timeline(conversation)
    line.caller_says(text, at=4.0)
    line.run(9.0)
    assert line.of(Speak)[-1][0] == pytest.approx(5.0 + pause, abs=0.03)


def test_speech_after_a_pause_belongs_to_the_same_turn() -> None:
    """An unfinished sentence and its end are one turn, whatever was guessed in between."""
    conversation = ScriptedConversation(unfinished=frozenset({"my order is"}))
    line = Timeline(conversation)
    line.caller_says("my order is", at=4.0)
    line.caller_says("one two three four", at=5.5)
    line.run(10.0)
    assert line.of(Forget) == []
    assert [text for what, text in conversation.heard if what == "hear"] == ["my order is one two three four"]


def test_a_guess_still_under_way_is_called_off_when_the_caller_goes_on() -> None:
    """The recogniser does not work on what will not be used."""
    line = Timeline(ScriptedConversation())
    line.caller_says("my order is", at=4.0, delay=2.0)
    line.caller_says("one two", at=5.5)
    line.run(12.0)
    first = line.of(Recognise)[0][1].job
    assert [forget.job for _, forget in line.of(Forget)] == [first]


def test_the_same_audio_is_never_decoded_twice() -> None:
    """A guess that is late is waited for; no final recognition is asked for on top of it."""
    line = Timeline(ScriptedConversation(replies={ORDER: says("It comes tomorrow.")}))
    line.caller_says(ORDER, at=4.0, delay=3.0)
    line.run(12.0)
    assert len(line.of(Recognise)) == 1
    assert line.turns[1].text == ORDER


def test_a_late_guess_is_promoted_once_when_the_turn_is_over() -> None:
    """From the moment the caller waits for its text, the guess goes before what others merely guess."""
    line = Timeline(ScriptedConversation())
    line.caller_says(ORDER, at=4.0, delay=3.0)
    line.caller_says("hello", at=12.0)
    line.run(16.0)
    ((guessed, recognise), _) = line.of(Recognise)
    ((promoted, promote),) = line.of(Promote)
    assert promote.job == recognise.job
    assert guessed < promoted < guessed + 2.0


def test_the_recogniser_gets_the_frames_in_order() -> None:
    """Frames that come late and glued are heard as they were spoken, none lost and none doubled."""
    network = Network(delay=(0, 3, 0, 0, 5, 0, 2, 0))
    line = Timeline(ScriptedConversation(), network=network)
    line.caller_says(ORDER, at=4.0, seconds=2.0)
    line.run(9.0)
    pcm = line.of(Recognise)[-1][1].pcm.reshape(-1, FRAME_SAMPLES)
    voiced = pcm[pcm[:, 0] == 1]
    assert np.array_equal(voiced[:, 1], np.arange(100))


def test_a_line_that_is_silent_between_words_is_understood() -> None:
    """Gateways that send no frames for silence do not stop a turn from ending, nor a call from going on."""
    conversation = ScriptedConversation(replies={ORDER: says("It comes tomorrow."), "goodbye": GOODBYE})
    line = Timeline(conversation, network=Network(mute=True))
    line.caller_says(ORDER, at=4.0)
    line.caller_says("goodbye", at=9.0)
    line.run()
    assert line.plan == HangUp("goodbye")
    assert [speaker for speaker, _ in line.transcript] == ["bot", "caller", "bot", "caller", "bot"]


def test_a_lossy_line_is_understood() -> None:
    """Every seventh frame missing changes nothing about the conversation."""
    line = Timeline(ScriptedConversation(), network=Network(loss=(0, 0, 0, 0, 0, 0, 1)))
    line.caller_says(ORDER, at=4.0)
    line.run(8.0)
    assert line.transcript[1] == ("caller", ORDER)


def test_the_times_of_a_turn_are_kept() -> None:
    """From the last voice to the first audio of the answer every stage is on record."""
    line = Timeline(ScriptedConversation(), voice=Voice(delay=0.2))
    line.caller_says(ORDER, at=4.0, delay=0.1)
    line.run(9.0)
    turn = line.turns[1]
    times = turn.timings
    assert turn.started == pytest.approx(4.0)
    assert turn.ended == pytest.approx(5.0)
    assert times.last_voice == pytest.approx(5.0)
    assert times.vad_end == pytest.approx(5.02, abs=0.01)
    assert times.queued == pytest.approx(5.1, abs=0.02)
    assert times.decoding == pytest.approx(times.queued)
    assert times.recognised == pytest.approx(5.2, abs=0.03)
    assert times.committed == times.understood == pytest.approx(5.4, abs=0.02)
    assert times.ready == pytest.approx(5.6, abs=0.03)
    assert times.answered == pytest.approx(5.6, abs=0.03)
    assert times.decode_seconds == pytest.approx(0.1)
    (confirmed,) = [entry for entry in line.entries if isinstance(entry, ConfirmedEntry) and entry.number == 1]
    assert confirmed.at == pytest.approx(line.turns[2].ended + 0.05, abs=0.02)


def test_a_text_that_comes_late_is_understood_after_the_turn_is_over() -> None:
    """Where the recogniser is slow, the rules' end of the turn and the dialog's decision lie apart by the wait."""
    line = Timeline(ScriptedConversation())
    line.caller_says(ORDER, at=4.0, delay=1.4)
    line.run(9.0)
    times = line.turns[1].timings
    assert times.committed == pytest.approx(6.2, abs=0.03)
    assert times.understood == pytest.approx(times.recognised)
    assert times.understood == pytest.approx(6.5, abs=0.03)


def test_a_look_up_is_part_of_deciding() -> None:
    """The answer is decided on once the look-up told; what the voice takes after that is the voice's."""
    line = Timeline(ScriptedConversation(replies={ORDER: LOOK_UP}), voice=Voice(delay=0.1))
    line.caller_says(ORDER, at=4.0)
    line.run(9.0)
    times = line.turns[1].timings
    assert times.committed is not None
    assert times.understood == pytest.approx(times.committed + 0.2, abs=0.03)
    assert times.ready == pytest.approx(times.committed + 0.3, abs=0.03)


def test_the_wait_for_the_engine_is_told_from_its_work() -> None:
    """The engine began when the recogniser says so, and never after its own answer."""
    for waited, latest in ((0.08, 5.26), (9.0, 5.3)):
        line = Timeline(ScriptedConversation())
        line.caller_says(ORDER, at=4.0, delay=None)
        line.run_to(lambda line: bool(line.of(Recognise)))
        ((_, asked),) = line.of(Recognise)
        heard = Transcript(ORDER, 0.9, decode_seconds=0.05, wait_seconds=waited)
        line.happens(Recognised(asked.job, heard), at=5.3)
        line.run(9.0)
        times = line.turns[1].timings
        assert times.queued is not None
        assert times.recognised == pytest.approx(5.3)
        assert times.decoding == pytest.approx(min(times.queued + waited, latest))


def test_an_interrupted_answer_is_not_confirmed() -> None:
    """What the caller talked over was not played to its end, whatever the gateway says of its mark."""
    line = Timeline(ScriptedConversation(), voice=Voice(pace=0.2))
    line.caller_says(ORDER, at=4.0)
    line.run_to(lambda line: any(turn.timings.answered for turn in line.turns))
    spoken = line.of(Speak)[-1][1].utterance
    flushed = len(line.of(Flush))
    line.caller_says("stop, stop", at=line.now + 0.3)
    line.run_to(lambda line: len(line.of(Flush)) > flushed)
    line.happens(Played(spoken), line.now + 0.05)
    line.run(line.now + 1.0)
    assert [entry.number for entry in line.entries if isinstance(entry, ConfirmedEntry)] == []


def test_a_cut_utterance_has_no_end_of_voice() -> None:
    """Who is cut in the middle of speech was never heard to fall silent."""
    line = Timeline(ScriptedConversation(), rules=Rules(max_utterance=3.0))
    line.caller_says(ORDER, at=4.0, seconds=6.0)
    line.run(8.0)
    assert line.turns[1].timings.vad_end is None


def test_on_a_line_without_silence_the_pause_is_the_end_of_voice() -> None:
    """A gateway that sends nothing while nobody speaks gives no frame to see the silence in."""
    line = Timeline(ScriptedConversation(), network=Network(mute=True))
    line.caller_says(ORDER, at=4.0)
    line.run(8.0)
    times = line.turns[1].timings
    assert times.vad_end == times.queued == pytest.approx(5.0 + line.rules.guess_after, abs=0.03)


def test_how_a_turn_was_understood_is_kept() -> None:
    """Intent and slots come from the dialog; the confidence is the smaller of hearing and understanding."""
    line = Timeline(ScriptedConversation(replies={"a person please": PERSON}))
    line.caller_says("a person please", at=4.0, confidence=0.7)
    line.run()
    turn = line.turns[1]
    assert (turn.intent, turn.confidence, turn.slots) == ("person", 0.7, {"order": "1234"})
    assert (line.end.intent, line.end.confidence, line.end.slots) == ("person", 0.8, {"order": "1234"})


def test_a_look_up_is_asked_and_its_answer_spoken() -> None:
    """The answer of a quick look-up is spoken without a word about waiting."""
    line = Timeline(ScriptedConversation(replies={ORDER: LOOK_UP}))
    line.caller_says(ORDER, at=4.0)
    line.run(9.0)
    ((_, ask),) = line.of(AskLookUp)
    assert (ask.name, ask.slots) == ("orders", {"number": "1234"})
    assert line.spoken == [GREETING, "It is on its way."]
    assert line.turns[1].timings.answered is not None


def test_a_slow_look_up_is_bridged() -> None:
    """After 1.5 s the caller is told to wait, and again when it takes much longer."""
    line = Timeline(
        ScriptedConversation(replies={ORDER: LOOK_UP}),
        answers={"orders": Answer(LookUpResult(False), delay=7.9)},
    )
    line.caller_says(ORDER, at=4.0)
    line.run(19.0)
    assert line.spoken == [GREETING, "I am looking it up.", "One moment.", "There is no such order."]
    asked = line.of(AskLookUp)[0][0]
    assert line.of(Speak)[1][0] == pytest.approx(asked + 1.5, abs=0.03)


def test_words_during_a_look_up_are_answered_after_it() -> None:
    """What the caller adds while we look up is neither lost nor in the way of the answer."""
    conversation = ScriptedConversation(replies={ORDER: LOOK_UP, "and hurry": says("I do.")})
    line = Timeline(conversation, answers={"orders": Answer(delay=3.5)})
    line.caller_says(ORDER, at=4.0)
    line.caller_says("and hurry", at=6.0, seconds=0.6)
    line.run(12.0)
    assert line.spoken[-2:] == ["It is on its way.", "I do."]
    assert ("bot", "It is on its way.") in line.transcript


def test_a_look_up_answer_waits_for_the_caller_to_finish() -> None:
    """Nobody is talked over by an answer that happens to arrive."""
    line = Timeline(ScriptedConversation(replies={ORDER: LOOK_UP}), answers={"orders": Answer(delay=1.0)})
    line.caller_says(ORDER, at=4.0)
    line.caller_says("it is really urgent", at=6.0, seconds=2.0)
    line.run(16.0)
    spoken = {speak.text: at for at, speak in line.of(Speak)}
    assert spoken["It is on its way."] >= 8.0
    assert not line.of(Flush)


def test_a_slow_recogniser_is_bridged() -> None:
    """When the turn is over and its text is late the caller hears so; the turn keeps its place before that."""
    line = Timeline(ScriptedConversation(replies={ORDER: says("It comes tomorrow.")}))
    line.caller_says(ORDER, at=4.0, delay=4.0)
    line.run(14.0)
    assert line.transcript == [
        ("bot", GREETING),
        ("caller", ORDER),
        ("bot", "One moment."),
        ("bot", "It comes tomorrow."),
    ]
    over = line.turns[1].timings.committed
    assert over is not None
    assert over == pytest.approx(6.2, abs=0.03)
    assert line.of(Speak)[1][0] == pytest.approx(over + 1.5, abs=0.03)


def test_a_transfer_is_left_to_the_gateway_once_its_sentence_was_heard() -> None:
    """The plan is handed over after the last word, and after the record says how the call ended."""
    line = Timeline(ScriptedConversation(replies={"a person please": PERSON}))
    line.caller_says("a person please", at=4.0)
    line.run()
    assert line.plan == TO_DESK
    assert line.turns[-1].text == "I will put you through."
    assert line.end.disposition is Disposition.TRANSFERRED
    assert line.end.reason == "requested"
    assert isinstance(line.did[-1].action, End)
    assert line.of(End)[0][0] >= line.turns[-1].ended


def test_a_goodbye_completes_the_call() -> None:
    """The bot hangs up after its last word; the record says the call was completed."""
    line = Timeline(ScriptedConversation(replies={"bye": GOODBYE}))
    line.caller_says("bye", at=4.0)
    line.run()
    assert line.plan == HangUp("goodbye")
    assert (line.end.disposition, line.end.reason) == (Disposition.COMPLETED, "goodbye")
    assert line.end.summary == "The caller spoke 1 times."


def test_a_plan_without_words_ends_at_once() -> None:
    """A transfer with nothing to say is not waited for, and the turn that asked for it is noted."""
    line = Timeline(ScriptedConversation(replies={"a person please": Move((), TO_DESK)}))
    line.caller_says("a person please", at=4.0)
    line.run()
    assert line.plan == TO_DESK
    assert line.now == pytest.approx(5.4, abs=0.05)
    assert line.transcript[-1] == ("caller", "a person please")


@pytest.mark.parametrize(("marks", "late"), [(None, 0.3), (0.15, 0.15), (-0.5, 0.0)])
def test_the_play_clock_decides_when_the_last_word_was_heard(marks: float | None, late: float) -> None:
    """Confirmations that are late are waited for a moment; early ones or none change nothing."""
    line = Timeline(ScriptedConversation(replies={"bye": GOODBYE}), voice=Voice(marks=marks))
    line.caller_says("bye", at=4.0)
    line.run()
    assert line.of(End)[0][0] - line.turns[-1].ended == pytest.approx(late, abs=0.05)


def test_a_caller_who_never_pauses_is_answered_nevertheless() -> None:
    """After 15 s what was said so far is recognised in earnest; what follows is heard as well."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("a very long story told without any pause", at=3.0, seconds=20.0)
    line.run(30.0)
    (cut_at, cut), *_ = line.of(Recognise)
    assert cut.kind is JobKind.FINAL
    assert cut_at == pytest.approx(18.0, abs=0.4)
    assert len([text for what, text in conversation.heard if what == "hear"]) == 2


def test_a_long_turn_that_was_guessed_is_not_decoded_again() -> None:
    """A pause right at the longest length leaves the guess to be used."""
    line = Timeline(ScriptedConversation(unfinished=frozenset({"a long story"})))
    line.caller_says("a long story", at=3.0, seconds=14.4)
    line.run(25.0)
    assert len(line.of(Recognise)) == 1


def test_what_somebody_goes_on_saying_waits_for_the_part_before() -> None:
    """The second part of a turn that was cut is answered after the first, however late that was recognised."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("the first fifteen seconds", at=3.0, seconds=14.8, delay=4.0)
    line.caller_says("and the rest", at=18.3, seconds=0.6, delay=0.1)
    line.run(30.0)
    assert [text for what, text in conversation.heard if what == "hear"] == [
        "the first fifteen seconds",
        "and the rest",
    ]


def test_somebody_who_speaks_on_while_the_text_is_late_has_one_turn() -> None:
    """A turn that only waits for its text is still open: more words make it longer."""
    conversation = ScriptedConversation()
    line = Timeline(conversation)
    line.caller_says("my number is", at=4.0, delay=3.0)
    line.caller_says("one two", at=7.0, delay=0.2)
    line.run(12.0)
    assert [text for what, text in conversation.heard if what == "hear"] == ["my number is one two"]
    assert [turn.speaker for turn in line.turns] == [Speaker.BOT, Speaker.CALLER, Speaker.BOT]


def test_answers_nobody_waits_for_are_ignored() -> None:
    """Results of unknown jobs change nothing."""
    line = Timeline(ScriptedConversation())
    line.happens(LookedUp(99, LookUpResult(True)), at=3.0)
    line.happens(Recognised(98, Transcript("stale", 0.9)), at=3.0)
    line.run(4.0)
    assert line.spoken == [GREETING]


def test_a_move_without_words_still_closes_the_turn() -> None:
    """A dialog may choose to say nothing; the caller's turn is noted all the same."""
    line = Timeline(ScriptedConversation(replies={"hm well": Move((), Listen())}))
    line.caller_says("hm well", at=4.0)
    line.run(6.0)
    assert line.transcript[-1] == ("caller", "hm well")


def test_text_of_a_forgotten_job_is_ignored() -> None:
    """A late answer to a job that was called off does not become anybody's words."""
    line = Timeline(ScriptedConversation())
    line.caller_says("my order is", at=4.0, delay=2.0)
    line.caller_says("one two", at=5.5)
    line.run_to(lambda one: bool(one.of(Forget)))
    job = line.of(Forget)[0][1].job
    assert line.call.on(Recognised(job, Transcript("stale", 0.9)), line.clock + line.now) == []


def test_what_was_said_before_something_of_ours_is_heard_as_then() -> None:
    """Frames that were told late, after what came after them, are no voice of its own."""
    call = Call(ScriptedConversation(), Rules())
    call.on(Started("call", "", ""), 100.0)
    call.on(Sent(1, 0.1), 100.5)
    frames = [(np.full(FRAME_SAMPLES, number, np.int16), 100.6 + 0.02 * number) for number in range(20)]
    for pcm, at in frames[:2]:
        call.on(Frame(pcm, 0.9), at)
    call.on(Tick(), 100.62)
    call.on(Sent(1, 0.1), 101.0)
    for pcm, at in frames[2:]:
        call.on(Frame(pcm, 0.9), at)
    asked = [action for tick in range(10) for action in call.on(Tick(), 101.0 + 0.02 * tick)]
    (guess,) = [action for action in asked if isinstance(action, Recognise)]
    assert [int(number) for number in guess.pcm[::FRAME_SAMPLES]] == list(range(20))
