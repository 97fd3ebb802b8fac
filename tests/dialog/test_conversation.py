"""Conversations as text: what the caller says, what the bot must answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialog.talk import DEMO, Talk
from voicebot.dialog.types import (
    Comeback,
    HangUp,
    Hints,
    Line,
    Listen,
    LookUp,
    LookUpResult,
    Meaning,
    Move,
    Recollection,
    Transfer,
    TransferReason,
    Trouble,
)

SHIPPED = "Order 1 2 3 4, a blue jacket, has been shipped."
PACKED = "Order 1 2 4 3, a pair of boots, is being packed."
ASKS = "What is your order number?"
OFFER = "Shall I connect you to a person?"
LOST = "Sorry, I didn't understand that."


@pytest.mark.parametrize(
    "turns",
    [
        [("Where is my order ORD 1234?", SHIPPED)],
        [("ORD 1234.", SHIPPED)],
        [("Where's my order?", ASKS), ("twelve thirty-four", SHIPPED)],
        [("My order number is", ASKS), ("one two three four", SHIPPED)],
        [("where is my order", ASKS), ("one two", "I have 1 2 so far."), ("three four", SHIPPED)],
        [("where is my order one two", "I have 1 2 so far."), ("three four", SHIPPED)],
        [("where is my order", ASKS), ("one two three, no, one two four three", PACKED)],
        [("where is my order", ASKS), ("one two three, wait, sorry, one two four three", PACKED)],
        [
            ("where is my order", ASKS),
            ("one two", "I have 1 2 so far."),
            ("hang on", "Of course, take your time."),
            ("three four", SHIPPED),
        ],
        [
            ("where is my order", ASKS),
            ("one two three five", "I can't find an order 1 2 3 5."),
            ("no, four", SHIPPED),
        ],
        [("where is my order 1234", SHIPPED), ("no, the last two are four three", PACKED)],
        [("where is my order 1234", SHIPPED), ("No, it's 1243.", PACKED)],
        [("where is my order 1234", SHIPPED), ("five six", "Order 1 2 3 4 5 6, a tent, has been shipped.")],
        [("where is my order 1111", "I can't find an order 1 1 1 1."), ("1234", SHIPPED)],
        [("where is my order", ASKS), ("12345678", "I heard 1 2 3 4 5 6 7 8."), ("1234", SHIPPED)],
        [("where is my order 1234", SHIPPED), ("what about one two four three", PACKED)],
        [
            ("where is my order", ASKS),
            ("the blue one", "Sorry, I didn't get the number."),
            ("on the label", "Sorry, I didn't get the number."),
            ("it's one two", "I have 1 2 so far."),
            ("three four", SHIPPED),
        ],
        [("where is my order", ASKS), ("the blue one", "Sorry, I didn't get the number."), ("1234", SHIPPED)],
        [("where is my order", ASKS), ("what are your opening hours", "We are open"), ("order 1234", SHIPPED)],
        [
            ("where is my order", ASKS),
            ("I don't have it", f"A colleague can find your order by your name. {OFFER}"),
        ],
        [("where is my order 1234", SHIPPED), ("where is my other order", ASKS), ("1243", PACKED)],
        [
            ("where is my order 1234", SHIPPED),
            ("I want to cancel it", "Order 1 2 3 4, a blue jacket, has already"),
        ],
        [("where is my order 1234", SHIPPED), ("yes", "Sure. What can I do for you?")],
        [
            ("where is my order 1234 and when do you open", "Is there anything else I can help you with?"),
            ("yes, when do you open", "We are open"),
        ],
        [("where is my order 1234", SHIPPED), ("yes, when do you open?", "We are open Monday to Friday")],
        [("where is my order 1234", SHIPPED), ("thank you", "You're welcome.")],
        [("I don't want an agent", "All right. What can I help you with?")],
        [("is the order handled by a human or a robot?", "I'm an automated assistant;")],
        [("when do you open", "We are open"), ("say that again", "We are open Monday to Friday")],
        [("help", "I can tell you where your order is"), ("my bill", f"the help of a colleague. {OFFER}")],
        [("blub blub", LOST), ("foo bar", OFFER), ("no", "All right."), ("when do you open", "We are open")],
    ],
)
def test_the_bot_answers(turns: list[tuple[str, str]]) -> None:
    """Each thing said gets its answer, and the call goes on."""
    talk = Talk()
    for said, answer in turns:
        assert answer in talk.say(said)
        assert isinstance(talk.then, Listen)


@pytest.mark.parametrize(
    ("said", "target", "reason"),
    [
        (["agent"], "desk", TransferReason.REQUESTED),
        (["No, agent!"], "desk", TransferReason.REQUESTED),
        (["I don't want to talk to a robot."], "desk", TransferReason.REQUESTED),
        (["where is my order", "let me speak to a person"], "desk", TransferReason.REQUESTED),
        (["connect me to billing please"], "billing", TransferReason.REQUESTED),
        (["why was I charged twice", "yes please"], "billing", TransferReason.REQUESTED),
        (["why was I charged twice", "no", "agent"], "billing", TransferReason.REQUESTED),
        (["cancel order ORD 4529"], "desk", TransferReason.RULE),
        (["blub blub", "foo bar", "yes"], "desk", TransferReason.NOT_UNDERSTOOD),
        (["blub blub", "foo bar", "ping pong"], "desk", TransferReason.NOT_UNDERSTOOD),
        (["blub blub", "foo bar", "no", "ping pong"], "desk", TransferReason.NOT_UNDERSTOOD),
        (["where is my order", "purple", "foo", "bar bar", "yes"], "desk", TransferReason.NOT_UNDERSTOOD),
        (["where is my order", "purple", "foo", "bar bar", "ping pong"], "desk", TransferReason.NOT_UNDERSTOOD),
        (["where is my order 1111", "2222", "3333", "yes"], "desk", TransferReason.NOT_UNDERSTOOD),
    ],
)
def test_the_caller_reaches_a_person(said: list[str], target: str, reason: TransferReason) -> None:
    """Who asks for a person, or cannot be helped, is connected, for the reason that is true."""
    talk = Talk()
    for text in said:
        last = talk.say(text)
    assert last.endswith("I'm connecting you to a colleague now. Please stay on the line.")
    assert isinstance(talk.then, Transfer)
    assert (talk.then.target, talk.then.reason) == (target, reason)


@pytest.mark.parametrize("said", [["goodbye"], ["when do you open", "no thanks"], ["thanks, bye"], ["bye bye"]])
def test_the_bot_says_goodbye(said: list[str]) -> None:
    """A caller who is done is let go."""
    talk = Talk()
    for text in said:
        last = talk.say(text)
    assert last == "Thank you for calling Acme Outfitters. Goodbye."
    assert talk.then == HangUp("goodbye")


def test_the_greeting_tells_that_nobody_human_speaks() -> None:
    """The first sentence says that this is an automated assistant."""
    move = DEMO.converse("", "").open()
    assert "automated assistant" in move.say[0].text
    assert move.then == Listen()


def test_the_agent_hears_what_the_call_is_about() -> None:
    """The whisper names the order, its state, and the wish for a person."""
    talk = Talk()
    talk.say("where is my order 1234")
    talk.say("speak to an agent")
    assert isinstance(talk.then, Transfer)
    assert "Asked about order 1234 (shipped). Wants to speak to a person." in talk.then.whisper
    assert talk.conversation.summary in talk.then.whisper


def test_a_wish_for_somebody_that_was_heard_badly_is_asked_about_and_kept() -> None:
    """Yes brings whom the caller asked for, not whom the routing would name."""
    talk = Talk()
    assert talk.say("connect me to billing please", confidence=0.2) == OFFER
    talk.say("yes")
    assert isinstance(talk.then, Transfer)
    assert talk.then.target == "billing"


def test_an_unanswered_question_is_in_the_summary() -> None:
    """A caller who leaves before giving the number is still known to have asked."""
    talk = Talk()
    talk.say("where is my order")
    assert talk.conversation.summary == "Asked about an order."


def test_the_summary_is_short_however_much_was_asked() -> None:
    """The two things asked last are told."""
    talk = Talk()
    for question in (
        "where is my order 1234",
        "when do you open",
        "how do I return something",
        "when do you open",
    ):
        talk.say(question)
    assert talk.conversation.summary == "Asked about returns and refunds. Asked about the opening hours."


def test_the_meaning_of_a_call_is_its_business_not_its_manners() -> None:
    """Yes, thanks, and the wish for a person do not replace the order."""
    talk = Talk()
    for text in ("hello", "where is my order 1234", "thanks", "agent"):
        talk.say(text)
    meaning = talk.conversation.meaning
    assert (meaning.intent, meaning.confidence, meaning.slots) == ("order_status", 1.0, {"order_number": "1234"})


def test_a_call_that_only_asked_for_a_person_says_so() -> None:
    """With nothing else said, the transfer is the meaning."""
    talk = Talk()
    talk.say("agent")
    assert (talk.conversation.meaning.intent, talk.conversation.meaning.confidence) == ("agent", 1.0)


def test_each_turn_says_how_it_was_understood() -> None:
    """A move carries intent and confidence of the words; none were understood in noise words."""
    conversation = DEMO.converse("", "")
    understood, lost = conversation.hear("when do you open", 0.9).meaning, conversation.hear("blub", 0.9).meaning
    assert understood is not None
    assert (understood.intent, understood.confidence) == ("opening_hours", 1.0)
    assert lost is not None
    assert (lost.intent, lost.confidence) == (None, 0.0)


def test_a_badly_heard_wish_for_a_person_is_asked_back() -> None:
    """What costs an agent's time is confirmed when the recogniser was unsure."""
    talk = Talk()
    assert talk.say("agent", confidence=0.2) == OFFER
    talk.say("yes")
    assert isinstance(talk.then, Transfer)


def test_a_badly_heard_cancellation_is_asked_back_with_its_number() -> None:
    """The order is named before anything is done to it."""
    talk = Talk()
    assert talk.say("cancel order 4529", 0.2) == "You would like to cancel order 4 5 2 9. Is that right?"
    assert "A colleague will cancel it for you." in talk.say("yes")


def test_a_badly_heard_cancellation_can_be_denied() -> None:
    """A no leaves the order alone."""
    talk = Talk()
    talk.say("cancel order 4529", 0.2)
    assert talk.say("no") == "All right. What can I help you with?"
    assert talk.then == Listen()


def test_a_badly_heard_goodbye_does_not_end_the_call() -> None:
    """Nobody is cut off by a cough that sounded like goodbye."""
    talk = Talk()
    assert talk.say("goodbye", 0.2) == "Would you like to end the call?"
    talk.say("yes")
    assert talk.then == HangUp("goodbye")


def test_a_noise_is_not_answered() -> None:
    """An "um" moves nothing."""
    assert DEMO.converse("", "").hear("Um...", 0.9) == Move((), Listen())


def test_silence_is_asked_into_twice_then_a_person_is_offered_then_called() -> None:
    """A silent caller is never left, and never kept."""
    talk = Talk()
    assert talk.silent() == "Are you still there?"
    assert talk.silent().startswith("I can't hear you.")
    assert talk.silent() == OFFER
    talk.silent()
    assert isinstance(talk.then, Transfer)
    assert talk.then.reason is TransferReason.SILENT


def test_silence_repeats_the_question_that_is_open() -> None:
    """Whoever was asked for a number is asked for it again."""
    talk = Talk()
    talk.say("where is my order")
    assert talk.silent().endswith("What is your order number? You can say it or key it in.")


def test_speaking_ends_a_silence() -> None:
    """Silences are counted anew after the caller spoke."""
    talk = Talk()
    talk.silent()
    talk.say("when do you open")
    assert talk.silent() == "Are you still there?"


@pytest.mark.parametrize("comeback", [None, Comeback.NO_ANSWER])
def test_a_line_on_which_nobody_waits_is_left(comeback: Comeback | None) -> None:
    """After an answer, or after a failed transfer, silence does not ring an agent."""
    talk = Talk(comeback)
    if comeback is None:
        talk.say("when do you open")
    for _ in range(4):
        talk.silent()
        if isinstance(talk.then, HangUp):
            break
    assert talk.then == HangUp("silent")


@pytest.mark.parametrize(
    ("comeback", "said"),
    [
        (Comeback.NO_ANSWER, "nobody could take your call"),
        (Comeback.BUSY, "on the phone"),
        (Comeback.DECLINED, "can't take your call"),
        (Comeback.FAILED, "could not put you through"),
    ],
)
def test_a_caller_who_is_back_is_told_why_and_offered_another_way(comeback: Comeback, said: str) -> None:
    """The bot knows what happened, tries again when asked to, and helps on a no."""
    talk = Talk(comeback)
    assert said in talk.move.say[0].text
    assert "can call you back" in talk.move.say[1].text
    assert talk.say("no") == "All right. What can I help you with?"
    again = Talk(comeback)
    again.say("please try again")
    assert isinstance(again.then, Transfer)


@pytest.mark.parametrize("trouble", [Trouble.HEARING, Trouble.LOOKUP, Trouble.INTERNAL])
def test_trouble_of_ours_leads_to_an_apology_and_a_person(trouble: Trouble) -> None:
    """Whatever failed, the caller hears a sentence and reaches the fallback."""
    move = DEMO.converse("", "").trouble(trouble)
    assert move.say == (Line(DEMO.apology),)
    assert isinstance(move.then, Transfer)
    assert (move.then.target, move.then.reason) == (DEMO.fallback.name, TransferReason.FAILURE)


def test_a_call_that_takes_too_long_is_handed_over() -> None:
    """The longest call ends with a person, as the file says."""
    move = DEMO.converse("", "").trouble(Trouble.TOO_LONG)
    assert move.say[0].text == "I'm sorry, this is taking too long."
    assert isinstance(move.then, Transfer)


def test_an_answer_nobody_waits_for_is_dropped() -> None:
    """A caller who asked something else meanwhile does not get the old answer."""
    conversation = DEMO.converse("", "")
    assert isinstance(conversation.hear("order 1234", 0.9).then, LookUp)
    conversation.hear("when do you open", 0.9)
    assert conversation.looked_up(LookUpResult(True, {"status": "shipped"})) == Move((), Listen())


def test_a_look_up_takes_along_what_to_say_while_it_lasts() -> None:
    """The wait line and the slots are part of the move."""
    move = DEMO.converse("", "").hear("where is order 1234", 0.9)
    assert move.then == LookUp("orders", {"order_number": "1234"}, Line("One moment, please."))


def test_the_recogniser_is_told_what_is_expected() -> None:
    """Hints follow the question."""
    conversation = DEMO.converse("", "")
    assert "refund" in conversation.hints.hotwords
    conversation.hear("where is my order", 0.9)
    assert conversation.hints == Hints("", ("ORD", "order", "number"))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["where is my order", "1234", "12", "no", "yes", "cancel it", "agent", "bye", "repeat"]
            ),
            st.text(max_size=30),
        ),
        max_size=8,
    )
)
def test_every_conversation_always_has_a_next_step(said: list[str]) -> None:
    """Whatever is said in whatever order, the bot says something or waits, and silence is always broken."""
    conversation = DEMO.converse("", "")
    conversation.open()
    for text in said:
        conversation.completeness(text)
        move = conversation.hear(text, 0.9)
        if isinstance(move.then, LookUp):
            move = conversation.looked_up(LookUpResult(False))
        if isinstance(move.then, Transfer | HangUp):
            assert move.say
            return
    assert conversation.silent().say


def test_a_caller_is_helped_once_an_answer_was_given_and_nothing_is_open() -> None:
    """Hanging up after the answer is a good end; before it, or on the way to a person, it is not."""
    talk = Talk()
    assert not talk.conversation.settled
    talk.say("where is my order")
    assert not talk.conversation.settled
    talk.say("one two three four")
    assert talk.conversation.settled
    talk.say("I want to speak to an agent")
    assert not talk.conversation.settled


def test_a_caller_who_is_back_need_not_say_it_again() -> None:
    """Intent, slots and summary of the earlier stream are still known, and each is said once."""
    first = Talk()
    first.say("where is my order one two three four")
    first.say("I want to speak to an agent")
    earlier = Recollection(first.conversation.meaning, first.conversation.summary)
    again = DEMO.converse("", "", earlier)
    again.open(Comeback.BUSY)
    assert again.meaning == first.conversation.meaning
    assert again.summary == first.conversation.summary
    again.hear("yes please", 0.9)
    assert again.summary == first.conversation.summary
    assert not again.settled


def test_keys_that_fill_a_slot_say_what_they_mean() -> None:
    """A number keyed in counts in the record as fully as one that was spoken."""
    talk = Talk()
    talk.say("where is my order")
    talk.press("1234")
    assert talk.conversation.meaning == Meaning("order_status", 1.0, {"order_number": "1234"})
    move = DEMO.converse("", "").press("1234")
    assert move.meaning == Meaning("order_status", 1.0, {"order_number": "1234"})


def test_a_caller_may_drop_a_question_or_ask_to_hear_it_again() -> None:
    """Dropping the number leads to no person, and a puzzled sound repeats the last sentence."""
    talk = Talk()
    talk.say("where is my order")
    assert talk.say("never mind") == "All right. What else can I do for you?"
    assert talk.say("huh?") == "All right. What else can I do for you?"


@pytest.mark.parametrize(
    "said", ["Mhm.", "Mm-hmm.", "Mhmm.", "Uh-huh.", "Aha.", "I see.", "Oh, I see.", "Got it.", "Really?"]
)
@pytest.mark.parametrize("before", [[], ["where is my order 4529"], ["what are your opening hours"]])
def test_who_only_listens_is_not_answered(before: list[str], said: str) -> None:
    """Words that ask for nothing, while nothing is asked, are neither misunderstood nor the end of the call."""
    talk = Talk()
    for text in before:
        talk.say(text)
    assert talk.say(said) == ""
    assert isinstance(talk.then, Listen)
    assert talk.say("what are your opening hours").startswith("We are open")


def test_what_no_word_was_read_in_is_misunderstood() -> None:
    """Another script has words we cannot read: the caller is told so, and not left in silence."""
    assert Talk().say("Добрый день.").startswith(LOST)


@pytest.mark.parametrize("said", ["Mhm.", "Mm-hmm.", "Uh-huh.", "Aha."])
def test_a_hum_says_yes_where_we_ask_whether_we_are_right(said: str) -> None:
    """A sound is enough to confirm what was heard; it is what the word would be."""
    answers = []
    for word in (said, "Yes."):
        talk = Talk()
        assert talk.say("cancel order 4529", 0.2) == "You would like to cancel order 4 5 2 9. Is that right?"
        answers.append((talk.say(word), talk.then))
    assert answers[0] == answers[1]
    assert answers[0][0]


@pytest.mark.parametrize("said", ["I see, thanks, bye.", "See you.", "Oh I see. See you later."])
def test_a_goodbye_after_words_that_only_listen_is_one(said: str) -> None:
    """Who understands and leaves is let go."""
    talk = Talk()
    talk.say("where is my order 4529")
    talk.say(said)
    assert isinstance(talk.then, HangUp)
