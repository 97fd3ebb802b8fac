"""How well a recogniser hears: sentences, words and numbers right, and text made up where nobody spoke."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from voicebot.asr.port import JobKind, Recognizer, Speech
from voicebot.audio import Pcm, seconds
from voicebot.testing.utterances import Utterance

_AT_ONCE = 16
"""Utterances under way at a time: enough to fill a batch, and few enough that none runs out of time."""

_WORD = re.compile(r"[a-z']+|\d")

_ORDER_NUMBER = re.compile(r"(?<!\d)\d{4,6}(?!\d)")

_DIGITS = {
    name: str(value)
    for value, names in enumerate(
        (
            ("zero", "oh"),
            ("one",),
            ("two",),
            ("three",),
            ("four",),
            ("five",),
            ("six",),
            ("seven",),
            ("eight",),
            ("nine",),
        )
    )
    for name in names
}


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one utterance."""

    utterance: Utterance
    text: str

    @property
    def exact(self) -> bool:
        """Whether every word is right; capitals, punctuation and how figures are written do not count."""
        return words(self.utterance.text) == words(self.text)

    @property
    def errors(self) -> int:
        """Words to insert, drop or replace."""
        return distance(words(self.utterance.text), words(self.text))

    @property
    def length(self) -> int:
        """Words that were said."""
        return len(words(self.utterance.text))

    @property
    def number(self) -> bool | None:
        """Whether all digits are right and in order; None where none were said."""
        said = digits(self.utterance.text)
        return digits(self.text) == said if said else None

    @property
    def order_number(self) -> bool | None:
        """The same for a sentence with one number of four to six digits; None for any other."""
        return self.number if len(_ORDER_NUMBER.findall(self.utterance.text)) == 1 else None


@dataclass(frozen=True, slots=True)
class Totals:
    """Shares of a group of utterances. wer: word error rate, may exceed 1. numbers: nan where there are none."""

    count: int
    exact: float
    wer: float
    numbers: float
    with_numbers: int

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Totals:
        """The group as a whole."""
        numbers = [score.number for score in scores if score.number is not None]
        return cls(
            count=len(scores),
            exact=sum(score.exact for score in scores) / max(1, len(scores)),
            wer=sum(score.errors for score in scores) / max(1, sum(score.length for score in scores)),
            numbers=sum(numbers) / len(numbers) if numbers else float("nan"),
            with_numbers=len(numbers),
        )


@dataclass(frozen=True, slots=True)
class Card:
    """A whole evaluation. false_texts: what was heard where nobody spoke. noise_seconds: how long nobody did."""

    scores: tuple[Score, ...]
    false_texts: tuple[str, ...]
    noise_seconds: float

    def by(self, key: Callable[[Score], str]) -> dict[str, Totals]:
        """The totals of each group, groups in order."""
        groups: dict[str, list[Score]] = defaultdict(list)
        for score in self.scores:
            groups[key(score)].append(score)
        return {name: Totals.of(groups[name]) for name in sorted(groups)}


async def judge(recognizer: Recognizer, said: Iterable[Utterance], nobody: Iterable[Pcm] = ()) -> Card:
    """Let `recognizer` hear everything. Raises RecognizerError.

    nobody: audio in which nobody speaks, like that of utterances without a text.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def hear(pcm: Pcm) -> str:
        async with places:
            return (await recognizer.recognize(Speech(pcm, JobKind.FINAL))).text

    everything = list(said)
    utterances = [one for one in everything if one.text]
    noises = [*nobody, *(one.pcm for one in everything if not one.text)]
    texts = await asyncio.gather(*(hear(one.pcm) for one in utterances))
    false = await asyncio.gather(*map(hear, noises))
    return Card(
        scores=tuple(Score(one, text) for one, text in zip(utterances, texts, strict=True)),
        false_texts=tuple(text for text in false if text),
        noise_seconds=sum(map(seconds, noises)),
    )


def page(card: Card, wrong: bool = False) -> str:
    """The card as tables by voice, noise and class. wrong: list the sentences that were misheard as well."""
    lines = []
    if wrong:
        lines += ["misheard", *(_misheard(score) for score in card.scores if not score.exact), ""]
    keys: dict[str, Callable[[Score], str]] = {
        "voice": lambda score: score.utterance.voice,
        "noise (dB)": lambda score: score.utterance.noise,
        "class": lambda score: score.utterance.kind,
        "": lambda score: "all",
    }
    for title, key in keys.items():
        lines.append(f"{title:24} {'n':>5} {'exact':>7} {'WER':>7} {'numbers':>8}")
        lines += [_line(name, totals) for name, totals in card.by(key).items()]
        lines.append("")
    orders = [score.order_number for score in card.scores if score.order_number is not None]
    if orders:
        share = sum(orders) / len(orders)
        lines.append(f"numbers of 4 to 6 digits: {sum(orders)} of {len(orders)} right, {share:.1%}")
    if card.noise_seconds:
        lines.append(
            f"text where nobody spoke: {len(card.false_texts)} times in {card.noise_seconds / 60:.1f} minutes"
        )
        lines += [f"  {text}" for text in card.false_texts]
    return "\n".join(lines).rstrip()


def words(text: str) -> list[str]:
    """Lower-case words; every digit is a word of its own, however it is written."""
    return [_DIGITS.get(word, word) for word in _WORD.findall(text.lower().replace("-", " "))]


def digits(text: str) -> list[str]:
    """The digits of a text in order, however they are written and grouped."""
    return [word for word in words(text) if word.isdigit()]


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, drop or replace (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, 1):
        corner, row[0] = row[0], place
        for to, other in enumerate(heard, 1):
            corner, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, corner + (word != other))
    return row[-1]


def _line(name: str, totals: Totals) -> str:
    numbers = f"{totals.numbers:8.1%}" if totals.with_numbers else f"{'-':>8}"
    return f"{name:24} {totals.count:5} {totals.exact:7.1%} {totals.wer:7.1%} {numbers}"


def _misheard(score: Score) -> str:
    said = score.utterance
    return f"  {said.voice} {said.noise}: {said.text} -> {score.text or '(nothing)'}"
