"""Callers who speak while the bot does."""

from __future__ import annotations

import pytest

from voicebot.call.actions import Flush, Hold, Resume
from voicebot.call.record import TurnEnd
from voicebot.dialog.types import HangUp, Line, Listen, LookUp, Move
from voicebot.testing.conversation import ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice

LONG = "We are open from nine to five on every working day and from ten to two on Saturdays."
LEGAL = Line("This call may be recorded to improve our service.", uninterruptible=True)


def test_a_caller_who_talks_over_the_bot_stops_it() -> None:
    """160 ms of voice silence the bot, within the promised 300, and words end what it was saying."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_says("where is my order", at=2.0)
    line.run(8.0)
    assert line.of(Hold)[0][0] == pytest.approx(2.16, abs=0.03)
    assert line.of(Flush)[0][0] == pytest.approx(3.4, abs=0.03)
    assert not line.of(Resume)


def test_only_what_was_heard_is_on_record() -> None:
    """An interrupted sentence is cut after the last whole word the caller heard."""
    greeting = says(LONG, "How can I help?")
    line = Timeline(ScriptedConversation(greeting=greeting), voice=Voice(pace=0.05, lead=60.0))
    line.caller_says("where is my order", at=2.0)
    line.run(8.0)
    turn = line.turns[0]
    assert turn.interrupted
    assert turn.text == "We are open from nine to five on every"
    assert turn.ended == pytest.approx(2.16, abs=0.03)
    assert line.transcript[1] == ("caller", "where is my order")


def test_the_length_of_a_sentence_on_its_way_is_reckoned_from_its_text() -> None:
    """When only part of it was sent, the pace of what was heard before tells how long all of it would take."""
    line = Timeline(
        ScriptedConversation(replies={"when": says(LONG)}), voice=Voice(pace=0.1, lead=0.3, streams=True)
    )
    line.caller_says("when", at=5.0, seconds=0.6)
    line.caller_says("stop", at=10.0)
    line.run(12.0)
    assert line.turns[2].text == "We are open from nine to five on every"
    assert line.turns[2].ended - line.turns[2].started == pytest.approx(4.2, abs=0.1)


def test_the_length_of_the_first_sentence_is_reckoned_from_how_people_speak() -> None:
    """Until the voice has shown its pace, a second is fourteen characters of a sentence still being made."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)), voice=Voice(pace=0.07, lead=0.3, streams=True))
    line.caller_says("stop", at=3.0)
    line.run(6.0)
    assert line.turns[0].text == "We are open from nine to five on every"


def test_lines_never_begun_are_not_on_record() -> None:
    """Of a greeting of two lines stopped in the first, nothing of the second was heard."""
    line = Timeline(ScriptedConversation(greeting=says("Hello there.", LONG)))
    line.caller_says("where is my order", at=0.02)
    line.run(4.0)
    assert "open" not in line.turns[0].text


def test_a_speech_nobody_heard_a_word_of_is_not_noted() -> None:
    """A reply stopped before its first word leaves no trace in the transcript."""
    line = Timeline(ScriptedConversation(replies={"one": says(LONG)}), voice=Voice(delay=0.5))
    line.caller_says("one", at=4.0)
    line.caller_says("two", at=5.5)
    line.run(8.0)
    assert line.of(Flush)
    assert [text for _, text in line.transcript][1:3] == ["one", "two"]


def test_the_words_that_interrupt_are_heard_from_their_beginning() -> None:
    """What was said before the bot fell silent belongs to the utterance."""
    conversation = ScriptedConversation(greeting=says(LONG))
    line = Timeline(conversation)
    line.caller_says("an agent please", at=2.0, seconds=0.8)
    line.run(6.0)
    assert ("hear", "an agent please") in conversation.heard


def test_a_cough_does_not_stop_the_bot() -> None:
    """A sound shorter than 160 ms is listened to and forgotten, and the bot talks on."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_coughs(at=2.0, seconds=0.14)
    line.run(8.0)
    assert not line.of(Hold)
    assert line.transcript == [("bot", LONG)]


def test_after_a_noise_the_bot_goes_on_where_it_was_held() -> None:
    """When nothing was said after all, the sentence goes on in the word in which it was held."""
    line = Timeline(ScriptedConversation(greeting=says("Good morning.", LONG, "How can I help?")))
    line.caller_coughs(at=2.2, seconds=0.5)
    line.run(12.0)
    assert line.spoken == ["Good morning.", LONG, "How can I help?"]
    (held,), ((at, resume),) = line.of(Hold), line.of(Resume)
    assert at - held[0] == pytest.approx(0.34 + 0.1 + 0.1, abs=0.05)
    assert resume.utterance == 2
    assert LONG[: round(resume.word / 0.05)] == "We are open from nine to five on "
    assert resume.heard - resume.word < 0.3
    assert line.transcript == [("bot", f"Good morning. {LONG} How can I help?")]
    assert not line.turns[0].interrupted


def test_a_voice_without_words_holds_the_bot_no_longer_than_needed() -> None:
    """Where no text comes the bot goes on 400 ms after the voice fell silent."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_says("hm", at=1.0, seconds=0.4, delay=None)
    line.run(5.0)
    ((at, _),) = line.of(Resume)
    assert at == pytest.approx(1.4 + 0.4 + 0.1, abs=0.05)


def test_a_sentence_is_waited_for_longer_than_a_sound() -> None:
    """A second of voice is no cough: its text may take as long as an unfinished turn, and still stops the bot."""
    conversation = ScriptedConversation(greeting=says(LONG), replies={"where is my order": says("Here.")})
    line = Timeline(conversation)
    line.caller_says("where is my order", at=1.0, seconds=1.1, delay=0.8)
    line.run(5.0)
    assert not line.of(Resume)
    assert line.spoken[-1] == "Here."


def test_a_caller_who_goes_on_is_heard_out() -> None:
    """As long as somebody speaks the bot stays silent."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_says("a long story", at=1.0, seconds=5.0)
    line.run(5.9)
    assert line.of(Hold)
    assert not line.of(Resume)
    assert not line.of(Flush)


def test_noise_does_not_stop_the_bot_again_and_again() -> None:
    """The second noise has to be longer, and after two only words stop it."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    for at in (1.0, 2.6, 4.2, 5.8):
        line.caller_coughs(at=at, seconds=0.5)
    line.run(14.0)
    holds = [at for at, _ in line.of(Hold)]
    assert holds == pytest.approx([1.16, 3.0], abs=0.03)
    assert line.turns[0].text == LONG


def test_words_stop_a_bot_that_noise_stops_no_more() -> None:
    """What was understood does stop the bot, even where noise does not."""
    line = Timeline(ScriptedConversation(greeting=says(LONG), replies={"stop": says("Yes?")}))
    for at in (1.0, 2.6):
        line.caller_coughs(at=at, seconds=0.5)
    line.caller_says("stop", at=4.2, seconds=0.4)
    line.run(7.0)
    assert len(line.of(Hold)) == 2
    assert line.spoken[-1] == "Yes?"


def test_the_next_speech_can_be_held_anew() -> None:
    """A noisy greeting does not make the bot deaf for the rest of the call."""
    conversation = ScriptedConversation(greeting=says("Good morning to you."), replies={"when": says(LONG)})
    line = Timeline(conversation)
    line.caller_coughs(at=0.3, seconds=0.4)
    line.caller_says("when", at=4.0, seconds=0.6)
    line.caller_coughs(at=7.0, seconds=0.3)
    line.run(9.0)
    assert line.of(Hold)[-1][0] == pytest.approx(7.16, abs=0.03)


@pytest.mark.parametrize("words", ["from nine to", "nine to"])
def test_an_echo_of_the_bot_does_not_stop_it(words: str) -> None:
    """Words that are the bot's own of just then are noted as such, and it goes on at once."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_says(words, at=1.1, seconds=0.5)
    line.run(9.0)
    assert line.of(Resume)[0][0] == pytest.approx(1.6 + 0.2, abs=0.05)
    bot, echo = line.turns[:2]
    assert (echo.rejected, echo.reason) == ("echo of the bot", TurnEnd.ECHO)
    assert bot.text == LONG


def test_a_caller_who_repeats_the_bot_is_heard() -> None:
    """The bot's words, a while after it said them, are the caller's own."""
    line = Timeline(ScriptedConversation(greeting=says("For example: where is my order?", LONG)))
    line.caller_says("where is my order", at=4.5, seconds=0.9)
    line.run(9.0)
    assert line.turns[1].text == "where is my order"
    assert not line.turns[1].rejected


@pytest.mark.parametrize("seconds", [0.14, 0.5])
def test_a_nod_does_not_stop_the_bot(seconds: float) -> None:
    """A word that shows that the caller listens is noted as such, and the bot talks on."""
    line = Timeline(ScriptedConversation(greeting=says(LONG), nods=frozenset({"okay"})))
    line.caller_says("okay", at=1.0, seconds=seconds)
    line.run(9.0)
    assert not line.of(Flush)
    (nod,) = (turn for turn in line.turns if turn.text == "okay")
    assert (nod.rejected, nod.reason) == ("only listening", TurnEnd.NOD)
    assert [turn.text for turn in line.turns if turn is not nod] == [LONG]


@pytest.mark.parametrize(
    ("confidence", "seconds", "sense", "stops"),
    [(0.5, 0.6, False, False), (0.9, 0.6, False, True), (0.5, 0.6, True, True), (0.5, 1.4, False, True)],
)
def test_only_a_short_sound_nobody_understood_is_passed_over(
    confidence: float, seconds: float, sense: bool, stops: bool
) -> None:
    """What a recogniser makes of "mhm" stops nothing; words that are clear, make sense or last a second do."""
    unclear = frozenset() if sense else frozenset({"may a machine"})
    conversation = ScriptedConversation(greeting=says(LONG), open_ended=unclear)
    line = Timeline(conversation)
    line.caller_says("may a machine", at=1.0, seconds=seconds, confidence=confidence)
    line.run(9.0)
    assert bool(line.of(Flush)) is stops
    assert (("hear", "may a machine") in conversation.heard) is stops


def test_an_okay_to_a_question_is_an_answer() -> None:
    """Once most of a question was heard, the same word says yes to it."""
    greeting = says("Good morning to you.", "Shall I connect you to a person?", LONG)
    conversation = ScriptedConversation(greeting=greeting, nods=frozenset({"okay"}))
    line = Timeline(conversation)
    line.caller_says("okay", at=2.3, seconds=0.3)
    line.run(5.0)
    assert conversation.heard[-1] == ("hear", "okay")


def test_an_okay_after_the_bot_is_an_answer() -> None:
    """When the bot has nothing more to say, silence would be no reply to "okay"."""
    conversation = ScriptedConversation(greeting=says("Good morning."), nods=frozenset({"okay"}))
    line = Timeline(conversation)
    line.caller_says("okay", at=0.6, seconds=0.3)
    line.run(3.0)
    assert conversation.heard[-1] == ("hear", "okay")


def test_mhm_does_not_stop_the_bot() -> None:
    """A sound that is nothing to answer is noted as such, and the bot talks on."""
    line = Timeline(ScriptedConversation(greeting=says(LONG), nothing=frozenset({"mhm"})))
    line.caller_says("mhm", at=1.0, seconds=0.14)
    line.run(8.0)
    assert not line.of(Hold)
    assert [turn.text for turn in line.turns if turn.rejected] == ["mhm"]


def test_a_key_ends_what_was_held() -> None:
    """Who presses a key while the bot is held wants something else."""
    line = Timeline(ScriptedConversation(greeting=says(LONG)))
    line.caller_coughs(at=1.0, seconds=0.4)
    line.caller_presses("5", at=1.3)
    line.run(3.0)
    assert not line.of(Resume)
    assert line.turns[0].interrupted


def test_a_filler_is_stopped_by_words_while_a_look_up_runs() -> None:
    """The caller's turn has to wait for the look-up, but not in silence for the filler."""
    wait = Line("I am looking it up for you, which may take a good while today.")
    conversation = ScriptedConversation(replies={"order": Move((), LookUp("orders", {}, wait))})
    line = Timeline(conversation, answers={"orders": Answer(delay=5.0)})
    line.caller_says("order", at=4.0)
    line.caller_says("by the way", at=7.5)
    line.run(12.0)
    assert line.of(Hold)[0][0] == pytest.approx(7.66, abs=0.03)
    assert line.of(Flush)[0][0] == pytest.approx(8.7, abs=0.05)
    assert "It is on its way." in line.spoken


def test_a_short_word_understood_stops_the_bot() -> None:
    """A "no" too short to interrupt by its sound interrupts by its meaning."""
    line = Timeline(ScriptedConversation(greeting=says(LONG), replies={"no": says("All right.")}))
    line.caller_says("no", at=1.0, seconds=0.14)
    line.run(5.0)
    assert line.of(Flush)[0][0] == pytest.approx(1.54, abs=0.03)
    assert line.spoken[-1] == "All right."


def test_a_legal_line_is_heard_to_its_end() -> None:
    """Voice does not stop an uninterruptible line; what was said meanwhile is answered after it."""
    line = Timeline(ScriptedConversation(greeting=Move((LEGAL,), Listen()), replies={"hello": says("Hello.")}))
    line.caller_says("hello", at=0.5, seconds=0.6)
    line.run(6.0)
    assert not line.of(Flush)
    assert line.transcript == [("bot", LEGAL.text), ("caller", "hello"), ("bot", "Hello.")]


def test_a_legal_line_still_to_come_is_not_lost() -> None:
    """A line before a legal one cannot be stopped: the flush would take both."""
    line = Timeline(ScriptedConversation(greeting=Move((Line("Good morning to you."), LEGAL), Listen())))
    line.caller_says("hello", at=0.1, seconds=0.5)
    line.run(3.0)
    assert not line.of(Flush)


def test_what_follows_a_legal_line_can_be_stopped() -> None:
    """Once the legal line was heard the rest of the greeting is like any other."""
    line = Timeline(ScriptedConversation(greeting=Move((LEGAL, Line(LONG)), Listen())))
    line.caller_says("yes yes all right but", at=2.0, seconds=2.0)
    line.run(6.0)
    assert line.of(Hold)[0][0] == pytest.approx(len(LEGAL.text) * 0.05, abs=0.06)
    assert line.turns[0].text.startswith(LEGAL.text)


def test_a_goodbye_is_not_stopped() -> None:
    """Once the call is being ended voice changes nothing about it, but is still written down."""
    goodbye = Move((Line(LONG),), HangUp("goodbye"))
    line = Timeline(ScriptedConversation(replies={"bye": goodbye}))
    line.caller_says("bye", at=4.0)
    line.caller_says("thank you", at=6.0, seconds=0.7)
    line.run()
    assert line.plan == HangUp("goodbye")
    assert line.transcript[-2:] == [("bot", LONG), ("caller", "thank you")]
    assert not line.turns[-2].interrupted


def test_a_caller_who_goes_on_after_a_short_pause_is_heard_out() -> None:
    """The answer that came too early is stopped, and the rest of the sentence is a turn of its own."""
    conversation = ScriptedConversation(replies={"where is my order": says(LONG)})
    line = Timeline(conversation)
    line.caller_says("where is my order", at=4.0)
    line.caller_says("one two three four", at=5.6, seconds=1.5)
    line.run(9.0)
    assert len(line.of(Flush)) == 1
    assert conversation.heard[-1] == ("hear", "one two three four")
