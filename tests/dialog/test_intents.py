"""What callers say is taken for what they mean."""

from __future__ import annotations

import pytest

from tests.dialog.talk import CONFIG
from voicebot.dialog.hearing import understand
from voicebot.dialog.intents import Intents
from voicebot.dialog.load import read
from voicebot.dialog.schema import Answer, Intent
from voicebot.dialog.words import Words, is_noise, split

SCRIPT = read(CONFIG / "dialog.yaml")


def intent(text: str) -> str | None:
    wanted = understand(SCRIPT, text).wanted
    return wanted.intent if wanted is not None else None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Where is my order ORD 1234?", "order_status"),
        ("where's my package", "order_status"),
        ("Has my jacket shipped yet?", "order_status"),
        ("I'd like to check the status of order number 4529.", "order_status"),
        ("were is my ordr", "order_status"),
        ("I ordered a lamp last week and it still hasn't arrived yet.", "order_status"),
        ("Cancel order ORD 4529.", "cancel_order"),
        ("We changed our mind, please cancel the order.", "cancel_order"),
        ("Where is my refund?", "returns"),
        ("The jacket arrived damaged and I want a refund.", "returns"),
        ("Are you open on Sundays?", "opening_hours"),
        ("What time do you close today?", "opening_hours"),
        ("My credit card was charged twice.", "billing"),
        ("Agent.", "agent"),
        ("agent agent agent", "agent"),
        ("Human, please.", "agent"),
        ("Is there a human I can talk to?", "agent"),
        ("It's about my order.", "order_status"),
        ("Is 1234 shipped?", "order_status"),
        ("You are not a human, are you?", "about_bot"),
        ("I would like to talk to a real person about my jacket", "agent"),
        ("I don't want to talk to a robot.", "agent"),
        ("Why don't you connect me to an agent?", "agent"),
        ("Please transfer me through to billing.", "speak_to_billing"),
        ("No, where is my order?", "order_status"),
        ("I don't want to cancel my order, I want to know where it is", "order_status"),
        ("is the order handled by a human or a robot?", "about_bot"),
        ("I was wondering if you could help me find out where my parcel has got to", "order_status"),
        ("Can you tell me whether my order has been dispatched yet?", "order_status"),
        ("I've been waiting two weeks for my bloody parcel", "order_status"),
        ("Where the hell is my stuff?", "order_status"),
        ("Can I track my package?", "order_status"),
        ("this is useless, give me a human", "agent"),
        ("Am I speaking to a real person?", "about_bot"),
        ("Can you repeat that?", "repeat"),
        ("Thanks ever so much.", "thanks"),
        ("okay thanks", "thanks"),
        ("cheers mate bye", "goodbye"),
        ("no, bye", "goodbye"),
        ("Hang on a second.", "wait"),
        ("The jacket has a hole in it.", "returns"),
        ("the sweater is rather too small and I thought I could swap it", "returns"),
    ],
)
def test_a_sentence_has_its_intent(said: str, meant: str) -> None:
    """Ordinary ways to say it, and small mistakes of the recogniser, lead to the intent."""
    assert intent(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "human resources department",
        "agent orange jacket",
        "The human body is a strange thing",
        "I don't want an agent",
        "No, don't transfer me.",
        "please do not connect me to anyone",
        "no agent",
        "I never asked to speak to a person",
        "The farmer looked at the moon every day with great care.",
        "change my address",
        "the order of the garter",
        "wait for the green light",
        "my parents are coming on Friday",
        "no, I said goodbye to her",
        "",
    ],
)
def test_what_was_not_asked_for_is_not_done(said: str) -> None:
    """Words inside other sentences, and refusals, are no intent."""
    assert intent(said) is None


@pytest.mark.parametrize("said", ["I don't want an agent", "No, don't transfer me.", "no thanks"])
def test_a_refusal_says_no(said: str) -> None:
    """Turning something down answers a question about it."""
    assert understand(SCRIPT, said).agreed is False


@pytest.mark.parametrize("said", ["Yes, please.", "Sure, go ahead", "That's correct.", "yeah"])
def test_agreement_says_yes(said: str) -> None:
    """The usual ways to agree are understood."""
    heard = understand(SCRIPT, said)
    assert (heard.wanted, heard.agreed) == (None, True)


def test_only_all_that_was_said_is_certain() -> None:
    """Confidence falls with what else was said."""
    exact, longer = understand(SCRIPT, "speak to an agent"), understand(SCRIPT, "speak to an agent about jackets")
    assert exact.confidence == 1.0
    assert 0.75 <= longer.confidence < 1.0


def test_the_nearer_of_two_intents_wins() -> None:
    """A phrase that fits whole beats one that fits in part."""
    shelf = Intent(phrases=["open the top drawer"], answer=[Answer(say="Done.")])
    drawer = Intent(phrases=["open the bottom drawer"], answer=[Answer(say="Done.")])
    intents = Intents({"top": shelf, "bottom": drawer}, 0.5)
    found = intents.find(split("please open the bottom drawer"))
    assert found is not None
    assert found.intent == "bottom"


def test_contractions_are_written_out() -> None:
    """Phrases and speech meet in one spelling."""
    assert str(split("Where's my order? I can't find it, I won't wait.")) == (
        "where is my order i can not find it i will not wait"
    )


def test_long_numbers_are_no_words() -> None:
    """A value does not disturb the sentence around it."""
    assert split("where is order one two three four now") == Words(("where", "is", "order", "now"), (0, 0, 0, 0))


@pytest.mark.parametrize(("text", "noise"), [("", True), ("Um, uh.", True), ("...", True), ("no", False)])
def test_noises_are_no_words(text: str, noise: bool) -> None:
    """Only sounds, or nothing, is nothing said."""
    assert is_noise(text) is noise
