"""Finding a slot's value in what was said or pressed: formats, corrections, numbers that come in pieces."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voicebot.dialog import numbers
from voicebot.dialog.numbers import Run
from voicebot.dialog.schema import Slot
from voicebot.dialog.words import NOISES, split, word_set


class Fit(enum.Enum):
    """How what was heard suits the slot."""

    VALID = "valid"
    SHORT = "short"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Reading:
    """A value heard for a slot.

    cued: it came with the slot's own words or prefix ("order 1234", "ORD 1234"), or was all that was said.
    """

    value: str
    fit: Fit
    cued: bool = True


_CORRECTION = re.compile(
    r"\b(?:no|nope|sorry|wait|actually|rather|i mean|i meant|make that|correction|scratch that|excuse me)\b[\s,]*"
    r"(?:(?:no|sorry|wait|it is|it's|that is|that's|make it|i mean)\b[\s,]*)*",
    re.IGNORECASE,
)
_AMOUNT_AFTER = re.compile(
    r"\s*(?:dollars?|bucks|euros?|pounds?|cents?|percent|%|days?|weeks?|months?|years?|hours?|minutes?|"
    r"a\.?m\b|p\.?m\b|o'?clock|items?|pairs?|times|people|of (?:them|these|those))",
    re.IGNORECASE,
)
_AMOUNT_BEFORE = re.compile(
    r"(?:[$€£]|\b(?:january|february|march|april|may|june|july|august|september|october|november|december))\s*$",
    re.IGNORECASE,
)
_AROUND = word_set(
    """it is its that this the my a an yes yeah yep okay sure please number digits digit code so and i said say
    here would be are first last next then was with of thanks thank you now well no not nope sorry wait actually
    rather mean meant make correction"""
)


class SlotReader:
    """Reads values for one slot of the dialog file."""

    def __init__(self, name: str, slot: Slot) -> None:
        self.name = name
        self.slot = slot
        self._pattern = re.compile(slot.pattern) if slot.pattern is not None else None
        letters = r"[\W_]*".join(map(re.escape, slot.prefix.lower()))
        self._prefix = re.compile(rf"\b{letters}(?![a-z])[\W_]*", re.IGNORECASE) if letters else None
        self._cues = [split(cue).tokens for cue in slot.cues]
        self._cue_words = frozenset(word for cue in self._cues for word in cue)
        self._unknown = [split(text).tokens for text in slot.unknown_phrases]

    @property
    def by_keypad(self) -> bool:
        """Whether its value can be keyed in."""
        return bool(self.slot.digits)

    @property
    def longest(self) -> int:
        """Digits of the longest value."""
        return max(self.slot.digits, default=0)

    def valid(self, value: str) -> bool:
        """Whether `value` may fill the slot."""
        if self.slot.digits and len(value) not in self.slot.digits:
            return False
        return self._pattern is None or self._pattern.fullmatch(value) is not None

    def fit(self, digits: str) -> Fit:
        """How `digits` suit a slot of digits."""
        if self.valid(digits):
            return Fit.VALID
        return Fit.SHORT if len(digits) < self.longest else Fit.WRONG

    def read(self, text: str, kept: str = "") -> Reading | None:
        """The value in `text`; None when there is nothing like one.

        kept: digits of the same number heard before, which this may complete. A correction within the text
        wins over what it corrects.
        """
        if not self.slot.digits:
            return self._read_words(text)
        segments = self._segments(text)
        heard = [(segment, start) for segment, start in segments if self._identifiers(segment)]
        if not heard:
            return None
        last, start = heard[-1]
        found = self._identifiers(last)
        earlier = self._best(heard[-2][0]) if len(heard) > 1 else kept
        alone = len(heard) == 1
        chosen = self._choose(last, found)
        for reading in chosen.readings:
            if self.valid(reading):
                return Reading(reading, Fit.VALID, self._is_cued(text, start, chosen))
        for reading in chosen.readings:
            joined = kept + reading if alone else earlier[: len(earlier) - len(reading)] + reading
            if earlier and self.valid(joined):
                return Reading(joined, Fit.VALID)
        value = chosen.readings[0]
        if kept and alone and len(kept + value) < self.longest:
            value = kept + value
        return Reading(value, self.fit(value), self._is_cued(text, start, chosen))

    def declined(self, text: str) -> bool:
        """Whether the caller says that they do not have the value."""
        tokens = split(text).tokens
        return any(_contains(tokens, phrase) for phrase in self._unknown)

    def begun(self, text: str) -> bool:
        """Whether `text` stops where the value would begin: "my order number is"."""
        tokens = split(text).tokens
        stopped = tuple(token for token in tokens if token not in ("is", "it", "the"))
        waiting = len(tokens) > 0 and tokens[-1] == "is"
        return any(stopped[-len(cue) :] == cue for cue in self._cues if len(cue) > 1 or (cue and waiting))

    def _segments(self, text: str) -> list[tuple[str, int]]:
        """The text cut where the caller corrects themselves, with the offset of each piece."""
        if self._prefix is not None:
            text = self._prefix.sub(lambda found: " " * len(found.group()), text)
        pieces, start = [], 0
        for cut in _CORRECTION.finditer(text):
            pieces.append((text[start : cut.start()], start))
            start = cut.end()
        return [*pieces, (text[start:], start)]

    def _identifiers(self, segment: str) -> list[Run]:
        """The runs of number in `segment` that are not amounts, dates or times."""
        return [
            run
            for run in numbers.runs(segment)
            if not _AMOUNT_AFTER.match(segment, run.end) and not _AMOUNT_BEFORE.search(segment[: run.start])
        ]

    def _choose(self, segment: str, found: Sequence[Run]) -> Run:
        def rank(run: Run) -> tuple[bool, bool, int]:
            before = split(segment[: run.start]).tokens
            cued = any(_ends(before, cue) for cue in self._cues)
            return any(map(self.valid, run.readings)), cued, run.start if len(run.readings[0]) > 1 else -1

        return max(found, key=rank)

    def _best(self, segment: str) -> str:
        return self._choose(segment, self._identifiers(segment)).readings[0]

    def _is_cued(self, text: str, start: int, run: Run) -> bool:
        """Whether what was said is about this value: its words or prefix stand before it, or little else does."""
        before = text[: start + run.start]
        if self._prefix is not None and self._prefix.search(before):
            return True
        tokens = split(before).tokens
        if any(_contains(tokens, cue) for cue in self._cues):
            return True
        around = (*tokens, *split(text[start + run.end :]).tokens)
        spoken = split_numbers(around)
        return all(token in _AROUND or token in NOISES or token in self._cue_words for token in spoken)

    def _read_words(self, text: str) -> Reading | None:
        words = str(split(text))
        for candidate in (words, text.strip().lower()):
            found = self._pattern.search(candidate) if self._pattern is not None else None
            if found is not None and found.group():
                value = found.group(1) if found.re.groups else found.group()
                return Reading(value, Fit.VALID)
        return None


def split_numbers(tokens: Sequence[str]) -> Iterator[str]:
    """`tokens` without those that are numbers themselves."""
    return (token for token in tokens if not numbers.runs(token))


def _ends(tokens: Sequence[str], phrase: Sequence[str]) -> bool:
    trimmed = [word for word in tokens if word not in ("is", "it", "the", "number")]
    wanted = [word for word in phrase if word != "number"]
    return bool(wanted) and trimmed[-len(wanted) :] == wanted


def _contains(tokens: Sequence[str], phrase: Sequence[str]) -> bool:
    return bool(phrase) and any(
        tuple(tokens[at : at + len(phrase)]) == tuple(phrase) for at in range(len(tokens) - len(phrase) + 1)
    )
