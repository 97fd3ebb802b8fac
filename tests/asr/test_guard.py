"""What is believed of what a model claims to have heard."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.engine import Heard
from voicebot.asr.guard import HOPELESS, doubt, unvoiced

REASONS = {
    "",
    "improbable",
    "no speech",
    "phantom phrase",
    "phantom word",
    "prompt echo",
    "repetition",
    "too many words",
}


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order ORD 1234?",
        "Yes.",
        "Thank you.",
        "Bye.",
        "Thanks for your help.",
        "My number is 0 0 0 0 0 0 0 0 7 7 7 7.",
        "zero zero zero zero zero zero zero zero",
        "No no no no, I want an agent.",
        "I'd like to cancel, cancel my subscription.",
        "Can I subscribe to your newsletter?",
        "Music is too loud on hold.",
        "555 0100 0100",
        "I want to know where my new order is now. " * 2,
    ],
)
def test_what_callers_say_is_believed(text: str) -> None:
    """Clear speech passes, also where it is short, repeats figures, or resembles a phantom."""
    assert doubt(Heard(text, -0.2, 0.05), duration=4.0) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for watching!",
        "Thank you so much for watching.",
        " Please like and subscribe.",
        "I'll see you in the next video.",
        "Subtitles by the Amara.org community",
        "[Music]",
        "(applause)",
        "♪♪♪",
    ],
)
def test_what_subtitles_say_is_not_believed(text: str) -> None:
    """Phrases models learnt from subtitled videos are dropped however sure the model is."""
    assert doubt(Heard(text, -0.1, 0.01), duration=4.0) == "phantom phrase"


@pytest.mark.parametrize(("logprob", "no_speech"), [(-0.9, 0.1), (-0.2, 0.5)])
def test_thank_you_needs_a_clear_voice(logprob: float, no_speech: float) -> None:
    """A word that models also write for noise is dropped when either sign of speech is weak."""
    assert doubt(Heard("Thank you.", logprob, no_speech), duration=1.0) == "phantom word"


def test_improbable_text_over_probable_silence_is_no_speech() -> None:
    """Both signs together are the reference decoder's rule; each alone is not enough."""
    assert doubt(Heard("Where is it?", -1.1, 0.7), duration=2.0) == "no speech"
    assert doubt(Heard("Where is it?", -1.1, 0.5), duration=2.0) == ""
    assert doubt(Heard("Where is it?", -0.9, 0.7), duration=2.0) == ""


def test_hopeless_text_is_improbable() -> None:
    """Under 18 % per token a text is worth nothing, whatever else speaks for it."""
    assert doubt(Heard("Where is it?", -1.8, 0.0), duration=2.0) == "improbable"


@pytest.mark.parametrize(
    "text",
    [
        "the order the order the order the order",
        "well well well well well well well well",
        "I want to I want to I want to I want to go",
        "I want to know where my new order is now. " * 3,
        "no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no",
    ],
)
def test_a_model_caught_in_a_loop_is_not_believed(text: str) -> None:
    """The same words over and over are the model's, not the caller's."""
    assert doubt(Heard(text, -0.1, 0.01), duration=20.0) == "repetition"


def test_more_words_than_anybody_can_say_are_not_believed() -> None:
    """Twelve words in half a second were not spoken; in three seconds they were."""
    text = "I would like to know where my new pair of shoes is"
    assert doubt(Heard(text, -0.1, 0.01), duration=0.5) == "too many words"
    assert doubt(Heard(text, -0.1, 0.01), duration=3.0) == ""


def test_a_sentence_without_a_voice_behind_it_is_not_believed() -> None:
    """Five words for a click were made up for the line around it; one or two may have been said."""
    assert unvoiced("I want to talk now", 0.08) == "too little voice"
    assert unvoiced("I want to talk now", 0.6) == ""
    assert unvoiced("no thanks", 0.1) == ""
    assert unvoiced("", 0.0) == ""


def test_the_prompt_handed_back_is_not_believed() -> None:
    """A doubtful text that is part of the prompt was read off the prompt; a clear one was said."""
    prompt = "Order numbers look like ORD 1234."
    assert doubt(Heard("look like ORD 1234", -0.3, 0.4), 2.0, prompt) == "prompt echo"
    assert doubt(Heard("look like ORD 1234", -0.3, 0.1), 2.0, prompt) == ""
    assert doubt(Heard("where is ORD 1234", -0.3, 0.4), 2.0, prompt) == ""


@pytest.mark.parametrize("logprob", [math.nan, -math.inf])
def test_text_without_a_figure_is_not_believed(logprob: float) -> None:
    """A model whose numbers overflowed knows no probability, which is none, and not certainty."""
    assert doubt(Heard("Where is it?", logprob, 0.0), duration=2.0) == "improbable"


@given(st.text(max_size=300), st.floats(-3, 0), st.floats(0, 1), st.floats(0.1, 30))
def test_any_text_has_a_verdict(text: str, logprob: float, no_speech: float, duration: float) -> None:
    """Whatever a model writes, in any script, the guard answers; a hopeless text is never believed."""
    verdict = doubt(Heard(text, logprob, no_speech), duration)
    assert verdict in REASONS
    assert verdict or logprob >= HOPELESS
