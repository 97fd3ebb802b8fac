"""Putting a part of a value right: "no, the last two are 16", "four one six", "not five, nine". English.

A caller who corrects a number seldom says all of it again. What was said is laid over the value wherever it fits,
and the places where it changes least come first: who says "four one six" means the group that was heard as "four
one five".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from voicebot.dialog.mishearings import alike
from voicebot.dialog.spelling import Spelling

MOST_REPAIRS = 6
"""Values that one correction may stand for; a caller is not helped by guessing further."""

_ALIKE = 0.5
"""What two characters that sound alike are apart, where others are 1."""

Valid = Callable[[str], bool]

_PLACES = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4,
    "5th": 4, "sixth": 5, "6th": 5, "seventh": 6, "7th": 6, "eighth": 7, "8th": 7, "ninth": 8, "9th": 8,
    "tenth": 9, "10th": 9,
    "last": -1, "final": -1, "second to last": -2, "second from last": -2, "last but one": -2, "next to last": -2,
}  # fmt: skip
_COUNTS = {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4, "five": 5, "5": 5, "six": 6, "6": 6}
_IS = (
    r"(?:is|are|was|were|'s|should\s+be|must\s+be|has\s+to\s+be)\s+"
    r"(?:actually\s+|really\s+|supposed\s+to\s+be\s+)?"
)
_THING = r"(?:digits?|numbers?|ones?|letters?|characters?|figures?|group|part|bit)"
_AT = re.compile(
    rf"\b(?P<place>{'|'.join(sorted(_PLACES, key=len, reverse=True))})\s+"
    rf"(?:(?P<count>{'|'.join(_COUNTS)})\s+)?(?:{_THING}\s+|(?={_IS}))?{_IS}(?:an?\s+)?",
    re.IGNORECASE,
)
_EDGE = re.compile(
    r"\b(?:(?P<end>ends|ending|finishes)|starts|starting|begins|beginning)\s+(?:in|on|with)\s+(?:an?\s+)?",
    re.IGNORECASE,
)
_OLD_FIRST = re.compile(
    rf"^\W*(?:an?\s+|the\s+)?[,;]?\s*(?:but\b|it's|it\s+is|{_IS})?\W*(?:an?\s+)?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Repair:
    """What a value may be after a correction.

    values: likeliest first. clear: there is no doubt about which part was meant.
    change: how many characters the likeliest differs in, those that sound alike by half; 0 where a part was named.
    """

    values: tuple[str, ...]
    clear: bool
    change: float = 0.0


def put_right(value: str, said: str, spelling: Spelling, valid: Valid) -> Repair | None:
    """`value` with the part that `said` names or repeats; None when nothing valid comes of it."""
    for found in (_by_place, _by_edge, _by_contrast):
        values = _kept(found(value, said, spelling), value, valid)
        if values:
            return Repair(values, len(values) == 1)
    laid = _laid_over(value, said, spelling, valid)
    if not laid:
        return None
    best = laid[0]
    clear = len(laid) == 1 or laid[1][0] >= best[0] + 1
    return Repair(tuple(text for _, text in laid[:MOST_REPAIRS]), clear, best[0])


def names_a_part(said: str) -> bool:
    """Whether `said` says which part is meant: "the last two are"."""
    return _AT.search(said) is not None or _EDGE.search(said) is not None


def _kept(values: Iterator[str], value: str, valid: Valid) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if each != value and valid(each)))[:MOST_REPAIRS]


def _by_place(value: str, said: str, spelling: Spelling) -> Iterator[str]:
    """ "The second digit is eight", "the last two are 16"; several in one sentence, one after the other."""
    places = list(_AT.finditer(said))
    for index, found in enumerate(places):
        end = places[index + 1].start() if index + 1 < len(places) else len(said)
        runs = spelling.runs(said[found.end() : end])
        if not runs:
            return
        place, count = _PLACES[found["place"].lower()], _COUNTS.get((found["count"] or "").lower())
        news = [
            new for new in spelling.readings(runs[0].words, (count,) if count else ()) if len(new) <= len(value)
        ]
        if not news:
            return
        new = news[0]
        start = place if place >= 0 else len(value) + place - (len(new) - 1 if place == -1 else 0)
        value = value[:start] + new + value[start + len(new) :]
    if places:
        yield value


def _by_edge(value: str, said: str, spelling: Spelling) -> Iterator[str]:
    """ "It ends in 16", "it starts with 41"."""
    for found in _EDGE.finditer(said):
        for run in spelling.runs(said[found.end() :])[:1]:
            for new in run.readings:
                rest = max(len(value) - len(new), 0)
                yield value[:rest] + new if found["end"] else new + value[len(value) - rest :]


def _by_contrast(value: str, said: str, spelling: Spelling) -> Iterator[str]:
    """ "Not five, nine", "nine, not five", "nine instead of five", "the five is a nine"."""
    runs = spelling.runs(said)
    if len(runs) == 1 and len(runs[0].words) == 2 and re.search(r"\bnot\s+\w+\W+\w+\W*$", said, re.IGNORECASE):
        # "Not five, nine" has no word between the two.
        pairs = [(spelling.readings(runs[0].words[:1]), spelling.readings(runs[0].words[1:]))]
    elif len(runs) == 2:
        first, second = runs
        before, between = said[: first.start], said[first.end : second.start]
        if re.search(r"\b(?:not|instead\s+of)\b", between, re.IGNORECASE):
            pairs = [(second.readings, first.readings)]
        elif re.search(r"\b(?:not|instead\s+of|the|that)\s+(?:an?\s+)?$", before, re.IGNORECASE):
            pairs = [(first.readings, second.readings)] if _OLD_FIRST.match(between) else []
        else:
            pairs = []
    else:
        pairs = []
    for olds, news in pairs:
        for old, new in ((old, new) for old in olds for new in news if len(old) == len(new)):
            places = [at for at in range(len(value)) if value.startswith(old, at)]
            yield from (value[:at] + new + value[at + len(old) :] for at in reversed(places))


def _laid_over(value: str, said: str, spelling: Spelling, valid: Valid) -> list[tuple[float, str]]:
    """Every value that what was said makes when it takes the place of a part, with how much it changes."""
    ranked: dict[str, tuple[float, bool, int]] = {}
    for run in spelling.runs(said):
        news = dict.fromkeys((*run.readings, *spelling.readings(run.words, range(1, len(value) + 1))))
        for place, new in enumerate(news):
            for cost, start, text in _overlays(value, new):
                cost += 1.0 if place else 0.0
                if len(new) == 1 and start == len(value) - 1:
                    # The digit that was said last is the one that a single digit answers to.
                    cost = min(cost, _ALIKE)
                aligned = start % len(new) == 0 or start + len(new) >= len(value)
                rank = (cost, not aligned, -start)
                if text != value and valid(text) and rank < ranked.get(text, (float("inf"), True, 0)):
                    ranked[text] = rank
    ordered = sorted(ranked.items(), key=lambda item: item[1])
    return [(rank[0] + 0.1 * rank[1], text) for text, rank in ordered]


def _overlays(value: str, new: str) -> Iterator[tuple[float, int, str]]:
    """(cost, start, result) for `new` in the place of each part of `value` that it may be."""
    for start in range(len(value) - len(new) + 1):
        part = value[start : start + len(new)]
        yield difference(part, new), start, value[:start] + new + value[start + len(new) :]
    once = "".join(character for character, _ in groupby(new))
    for start in range(len(value) - len(once) + 1):
        # "Double four" for a four that was heard once.
        if once != new and value.startswith(once, start):
            yield 0.0, start, value[:start] + new + value[start + len(once) :]


def difference(part: str, new: str) -> float:
    """How far two texts of one length are apart: characters that differ, those that sound alike by half."""
    return sum(_ALIKE if alike(old, other) else 1.0 for old, other in zip(part, new, strict=True) if old != other)
