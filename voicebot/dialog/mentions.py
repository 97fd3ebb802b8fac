"""Where in a sentence a slot's value stands, and whether the sentence is about it: cues, amounts, corrections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voicebot.dialog import numbers, repairs
from voicebot.dialog.numbers import Run
from voicebot.dialog.schema import Slot
from voicebot.dialog.spelling import Spelling
from voicebot.dialog.words import NOISES, split, word_set

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
AROUND = word_set(
    """it is its that this the my a an yes yeah yep okay sure please number digits digit code so and i said say
    here would be are first last next then was with of thanks thank you now well no not nope sorry wait actually
    rather mean meant make correction"""
)
"""Words that may stand around a value without being about anything else."""

_BETWEEN = word_set("um uh er erm hmm dash hyphen slash space followed by")
_PARTS = word_set(
    """second third fourth fifth sixth seventh eighth ninth tenth final one ones two three four should must has
    letter letters character characters figure figures group part bit ends ending in starts begins on to from but
    supposed really instead wrong right"""
)


class Mentions:
    """Finds where a sentence mentions values of one slot.

    A segment is what stands between two corrections of the caller's own: "four one five", "sorry", "four one six".
    """

    def __init__(self, slot: Slot, spelling: Spelling) -> None:
        self._spelling = spelling
        letters = r"[\W_]*".join(map(re.escape, slot.prefix.lower()))
        self._prefix = re.compile(rf"\b{letters}(?![a-z])[\W_]*", re.IGNORECASE) if letters else None
        self._cues = [split(cue).tokens for cue in slot.cues]
        self._cue_words = frozenset(word for cue in self._cues for word in cue)
        self._unknown = [split(text).tokens for text in slot.unknown_phrases]

    def corrected_before(self, text: str, start: int) -> bool:
        """Whether the caller contradicts before the place `start` of `text`, or names a part to be put right."""
        return any(found.end() <= start for found in _CORRECTION.finditer(text)) or repairs.names_a_part(text)

    def segments(self, text: str) -> list[tuple[str, int]]:
        """The text cut where the caller corrects themselves, with the offset of each piece."""
        if self._prefix is not None:
            text = self._prefix.sub(lambda found: " " * len(found.group()), text)
        pieces, start = [], 0
        for cut in _CORRECTION.finditer(text):
            pieces.append((text[start : cut.start()], start))
            start = cut.end()
        return [*pieces, (text[start:], start)]

    def identifiers(self, segment: str) -> list[Run]:
        """What is spelt in `segment` and is no amount, date or time."""
        return [
            run
            for run in self._spelling.runs(segment)
            if not _AMOUNT_AFTER.match(segment, run.end) and not _AMOUNT_BEFORE.search(segment[: run.start])
        ]

    def is_cued(self, text: str, start: int, run: Run) -> bool:
        """Whether what was said is about this value: its words or prefix stand before it, or little else does."""
        before = text[: start + run.start]
        if self._prefix is not None and self._prefix.search(before):
            return True
        tokens = split(before).tokens
        if any(_contains(tokens, cue) for cue in self._cues):
            return True
        around = (*tokens, *split(text[start + run.end :]).tokens)
        spoken = _without_numbers(around)
        return all(
            token in AROUND or token in NOISES or token in _BETWEEN or token in self._cue_words for token in spoken
        )

    def is_repair(self, said: str) -> bool:
        """Whether nothing but a correction was said."""
        allowed = AROUND | _BETWEEN | self._cue_words | (_PARTS if repairs.names_a_part(said) else frozenset())
        return all(word in allowed for word in _without_numbers(split(said).tokens))

    def cued_by(self, segment: str, run: Run) -> bool:
        """Whether the slot's words stand right before `run`."""
        before = split(segment[: run.start]).tokens
        return any(_ends(before, cue) for cue in self._cues)

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


def _without_numbers(tokens: Sequence[str]) -> Iterator[str]:
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
