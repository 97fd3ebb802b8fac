"""The sentences that are said to the demo recogniser in training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from scripts.demo_asr.grammar import Grammar, Sentence, plural


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    """With the demo shop's dialog file as it is now."""
    return Grammar()


def _many(grammar: Grammar, held_out: bool = False) -> Iterator[Sentence]:
    rng = Random(11)
    while True:
        yield grammar.sentence(rng, held_out)


def test_sentences_are_written_as_whisper_writes(grammar: Grammar) -> None:
    """A capital or a figure in front, a stop at the end, no template left over, and nothing but words to say."""
    for sentence in islice(_many(grammar), 2000):
        assert sentence.text[0].isupper() or sentence.text[0] in "0123456789$"
        assert sentence.text[-1] in ".?"
        assert not set("{}[]()|~") & set(sentence.text + sentence.spoken)
        assert not any(letter.isdigit() for letter in sentence.spoken)


def test_what_is_held_out_is_never_trained_on(grammar: Grammar) -> None:
    """No sentence is offered for both, by whatever chance."""
    trained = {sentence.text for sentence in islice(_many(grammar), 3000)}
    held_out = {sentence.text for sentence in islice(_many(grammar, held_out=True), 300)}
    assert not trained & held_out


def test_the_dialogs_phrases_are_all_trained_on(grammar: Grammar) -> None:
    """Fixed phrases of the demo shop are never held out, for callers say them first."""
    for phrase in (
        "Where is my order?",
        "No, that's all.",
        "Thank you, goodbye.",
    ):
        assert not grammar.is_held_out(phrase)


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("laptop", "laptops"),
        ("mattress", "mattresses"),
        ("watch", "watches"),
        ("battery", "batteries"),
        ("shoes", "shoes"),
        ("pair of boots", "pairs of boots"),
    ],
)
def test_several_of_a_product_are_written_as_people_write(one: str, several: str) -> None:
    """What is wrong in training is wrong in what callers are heard to say."""
    assert plural(one) == several


def test_short_answers_are_among_the_sentences(grammar: Grammar) -> None:
    """A yes, a farewell and a single digit are said often enough to be learnt."""
    texts = [sentence.text for sentence in islice(_many(grammar), 20_000)]
    for answer in ("Yes, please.", "No, thank you.", "Goodbye.", "Thank you, goodbye.", "2."):
        assert texts.count(answer) >= 3, answer


def test_half_a_sentence_is_none_that_is_held_out(grammar: Grammar) -> None:
    """What is left by a pause has two words at least, ends like a sentence, and gives no held-out one away."""
    rng = Random(3)
    halves = [grammar.sentence(rng, kinds=["half"]) for _ in range(500)]
    assert all(len(half.spoken.split()) >= 2 and half.text[-1] in ".?" for half in halves)
    assert not any(grammar.is_held_out(half.text) for half in halves)
    assert len({half.text for half in halves}) > 300
