"""Counting what a recogniser got right."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr import Speech
from voicebot.audio import silence
from voicebot.testing.scorecard import Card, Score, Totals, distance, judge, page, words
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.utterances import Utterance


def _score(said: str, heard: str, voice: str = "anna", noise: str = "clean", kind: str = "order") -> Score:
    return Score(Utterance(voice, noise, kind, said, silence(1.0)), heard)


def test_figures_count_the_same_however_they_are_written() -> None:
    """Digits, digit words, capitals, hyphens and punctuation make no difference."""
    assert words("My order is 4-5, two NINE.") == ["my", "order", "is", "4", "5", "2", "9"]
    assert _score("My order number is 4529.", "my order number is four five two nine").exact
    assert not _score("My order number is 4529.", "My order number is 4592.").exact


def test_a_number_is_right_when_all_its_digits_are() -> None:
    """Whatever else was misheard; a sentence without a number has none to get right."""
    assert _score("Where is my order 9021?", "wear is my door 9021").number is True
    assert _score("Where is my order 9021?", "where is my order 90211").number is False
    assert _score("Where is my order?", "where is my order 5").number is None


@pytest.mark.parametrize(
    ("said", "heard", "right"),
    [
        ("Cancel order ORD 4529.", "cancel order ord four five two nine", True),
        ("Cancel order ORD 4529.", "Cancel order ORD 4259.", False),
        ("My order number is 966697.", "It is 966 697.", True),
        ("4529.", "45299.", False),
        ("4529, no, 4528.", "4529, no, 4528.", None),
        ("It is 452.", "It is 452.", None),
        ("Where is my order?", "Where is my order 4529?", None),
    ],
)
def test_an_order_number_is_the_only_one_of_four_to_six_digits(said: str, heard: str, right: bool | None) -> None:
    """All of its digits in order, however grouped; a sentence with none or several has no order number."""
    assert _score(said, heard).order_number is right


_TEXT = st.lists(st.sampled_from("abcd"), max_size=8)


@given(_TEXT, _TEXT)
def test_distance_is_that_of_levenshtein(said: list[str], heard: list[str]) -> None:
    """Symmetric, nothing for the same, no less than the difference in length, no more than the longer one."""
    count = distance(said, heard)
    assert count == distance(heard, said)
    assert (count == 0) == (said == heard)
    assert abs(len(said) - len(heard)) <= count <= max(len(said), len(heard))


@given(_TEXT, st.integers(0, 8))
def test_one_more_word_is_one_more_error(said: list[str], place: int) -> None:
    """A word put in anywhere costs one."""
    assert distance(said, [*said[:place], "x", *said[place:]]) == 1


def test_totals_weigh_words_and_not_sentences() -> None:
    """One error in eight words of two sentences is 12.5 %; half of the sentences and numbers are exact."""
    totals = Totals.of([_score("Where is order 4529?", "where is order 4528"), _score("Yes.", "Yes")])
    assert (totals.count, totals.exact, totals.wer) == (2, 0.5, 1 / 8)
    assert (totals.numbers, totals.with_numbers) == (0.0, 1)


def test_a_recogniser_is_judged_by_what_it_says() -> None:
    """Every utterance and every piece of noise is heard; text for noise, or where none was said, is false text."""

    def hears(speech: Speech) -> str:
        return {1: "Yes.", 2: "No.", 3: "phantom"}.get(int(speech.pcm[0]), "")

    said = [
        Utterance(voice, "clean", "confirm", "Yes.", np.full(8000, number, np.int16))
        for voice, number in (("anna", 1), ("ben", 2))
    ]
    said.append(Utterance("street", "clean", "nobody", "", np.full(16000, 3, np.int16)))
    noises = [np.full(16000, number, np.int16) for number in (4, 4)]
    card = asyncio.run(judge(ScriptedRecognizer(hears), said, noises))
    assert [score.text for score in card.scores] == ["Yes.", "No."]
    assert card.false_texts == ("phantom",)
    assert card.noise_seconds == 6.0
    assert {name: totals.exact for name, totals in card.by(lambda score: score.utterance.voice).items()} == {
        "anna": 1.0,
        "ben": 0.0,
    }


def test_the_page_shows_each_group_and_what_was_misheard() -> None:
    """By voice, noise and class, then all; false text word for word."""
    scores = (
        _score("Yes.", "Yes", kind="confirm"),
        _score("It is 12.", "It is 13", voice="ben", noise="10", kind="number"),
    )
    card = Card(scores, ("Thank you.",), 120.0)
    lines = page(card, wrong=True).splitlines()
    assert "  ben 10: It is 12. -> It is 13" in lines
    shares = {line.split()[0]: line.split()[1:] for line in lines if "%" in line}
    assert shares["ben"] == ["1", "0.0%", "25.0%", "0.0%"]
    assert shares["confirm"] == ["1", "100.0%", "0.0%", "-"]
    assert shares["all"] == ["2", "50.0%", "20.0%", "0.0%"]
    assert "numbers of 4 to 6 digits" not in "".join(lines)
    assert lines[-2:] == ["text where nobody spoke: 1 times in 2.0 minutes", "  Thank you."]


def test_the_page_tells_how_many_order_numbers_are_right() -> None:
    """Those of four to six digits, over all voices and noises."""
    scores = (_score("It is 4529.", "4529"), _score("It is 45290.", "45299", voice="ben"), _score("Yes.", "Yes"))
    assert page(Card(scores, (), 0.0)).splitlines()[-1] == "numbers of 4 to 6 digits: 1 of 2 right, 50.0%"


def test_a_group_without_numbers_has_no_share_of_them() -> None:
    """It is not called 0 %."""
    assert np.isnan(Totals.of([_score("Yes.", "Yes")]).numbers)
    assert Totals.of([]).wer == pytest.approx(0.0)
