"""Numbers as people say and recognisers write them: text in, the digit strings it may stand for out.

Order numbers are read digit by digit, in pairs, as years, as amounts, with "double" and "oh"; a recogniser writes
any of that as words, as digits, or as a mix. English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

MOST_READINGS = 16
"""Readings tried for one run; the natural ones come first, so a longer list only costs time."""

MOST_WORDS = 40
"""Words one run may have; whoever says more is not telling a number."""

_UNITS = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "naught": 0, "nil": 0,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9,
}  # fmt: skip
_HOMOPHONES = {"won": 1, "to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8}
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred", "thousand"}
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_BRIDGES = {"and", "then", "dash", "hyphen", "space", "um", "uh", "er", "erm", "hmm", "followed", "by"}
_ZERO_OR_SIGH = {"oh", "o"}

_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+|[a-z]+(?:'[a-z]+)?")
_GAP = re.compile(r"[\s\-–—.,/:]*")


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of number in a text.

    readings: the digit strings it may stand for, likeliest first; never empty.
    start, end: character offsets into the text.
    """

    readings: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


def runs(text: str) -> list[Run]:
    """Every stretch of number in `text`, in order."""
    lowered = text.lower()
    tokens = [_Token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(lowered)]
    found_runs = []
    index = 0
    while index < len(tokens):
        end = _run_end(tokens, index, lowered)
        if end > index:
            readings = _readings([token.text for token in tokens[index:end]])
            if readings:
                found_runs.append(Run(readings, tokens[index].start, tokens[end - 1].end))
        index = max(end, index + 1)
    return found_runs


def _is_number(word: str) -> bool:
    return word.isdigit() or word in _UNITS or word in _TEENS or word in _TENS


def _starts(tokens: Sequence[_Token], index: int) -> bool:
    word = tokens[index].text
    if _is_number(word) or word in _SCALES:
        return True
    return word in _REPEATS and index + 1 < len(tokens) and _unit(tokens[index + 1].text) is not None


def _run_end(tokens: Sequence[_Token], index: int, text: str) -> int:
    """Index after the run that begins at `index`; `index` itself when none does."""
    if not _starts(tokens, index):
        return index
    end = index + 1
    while end < len(tokens) and end - index < MOST_WORDS and _joined(tokens, end, text):
        if _starts(tokens, end) or (tokens[end - 1].text in _REPEATS and _unit(tokens[end].text) is not None):
            end += 1
            continue
        reached = _across(tokens, end, text)
        if reached == end:
            break
        end = reached
    return end


def _joined(tokens: Sequence[_Token], index: int, text: str) -> bool:
    return _GAP.fullmatch(text, tokens[index - 1].end, tokens[index].start) is not None


def _across(tokens: Sequence[_Token], index: int, text: str) -> int:
    """Index of the number behind words that only count inside a number; `index` when there is none."""
    ahead = index
    while ahead < len(tokens) and ahead - index < 3 and _joined(tokens, ahead, text):
        if _starts(tokens, ahead):
            return ahead
        word, before = tokens[ahead].text, tokens[ahead - 1].text
        if word not in _BRIDGES and word not in _HOMOPHONES:
            return index
        if word in _HOMOPHONES and before.isdigit() and len(before) > 2:
            return index
        ahead += 1
    last = ahead == len(tokens) and ahead == index + 1 and tokens[index].text in _HOMOPHONES
    several = index >= 2 and _is_number(tokens[index - 1].text) and _is_number(tokens[index - 2].text)
    return ahead if last and several else index


def _readings(words: Sequence[str]) -> tuple[str, ...]:
    kept = [word for word in words if word not in _BRIDGES]
    found = list(islice(_digits(kept, 0), MOST_READINGS))
    if kept[0] in _ZERO_OR_SIGH and len(kept) > 1:
        found += [reading[1:] for reading in found]
    return tuple(dict.fromkeys(reading for reading in found if reading))


def _digits(words: Sequence[str], index: int) -> Iterator[str]:
    if index == len(words):
        yield ""
        return
    for piece, after in _pieces(words, index):
        for rest in _digits(words, after):
            yield piece + rest


def _pieces(words: Sequence[str], index: int) -> Iterator[tuple[str, int]]:
    """What the words from `index` may say, as (digits, index after them); the longest phrase first."""
    word = words[index]
    if word in _REPEATS and index + 1 < len(words):
        unit = _unit(words[index + 1])
        if unit is not None:
            yield str(unit) * _REPEATS[word], index + 2
        return
    amount = _amount(words, index)
    if amount is not None:
        yield str(amount[0]), amount[1]
        if index + 1 < len(words) and words[index + 1] in _SCALES and amount[1] > index + 2:
            scale = 100 if words[index + 1] == "hundred" else 1000
            yield str(_small_value(word) * scale), index + 2
        return
    if word.isdigit():
        yield word, index + 1
    elif word in _TENS:
        if index + 1 < len(words) and _unit(words[index + 1]):
            yield str(_TENS[word] + (_unit(words[index + 1]) or 0)), index + 2
        yield str(_TENS[word]), index + 1
    elif word in _TEENS:
        yield str(_TEENS[word]), index + 1
    else:
        unit = _unit(word)
        if unit is not None:
            yield str(unit), index + 1


def _unit(word: str) -> int | None:
    if len(word) == 1 and word.isdigit():
        return int(word)
    return _UNITS.get(word, _HOMOPHONES.get(word))


def _small_value(word: str) -> int:
    if word.isdigit():
        return int(word)
    return _TEENS.get(word) or _TENS.get(word) or _unit(word) or 1


def _amount(words: Sequence[str], index: int) -> tuple[int, int] | None:
    """A number said with "hundred" or "thousand" from `index`, as (value, index after it)."""
    thousands = _below_thousand(words, index)
    value, at = thousands if thousands is not None else (1, index)
    if at < len(words) and words[at] == "thousand":
        rest = _below_thousand(words, at + 1)
        return (value * 1000 + rest[0], rest[1]) if rest is not None else (value * 1000, at + 1)
    if thousands is not None and "hundred" in words[index:at]:
        return thousands
    return None


def _below_thousand(words: Sequence[str], index: int) -> tuple[int, int] | None:
    small = _small(words, index)
    value, at = small if small is not None else (1, index)
    if at < len(words) and words[at] == "hundred":
        rest = _small(words, at + 1)
        return (value * 100 + rest[0], rest[1]) if rest is not None else (value * 100, at + 1)
    return small


def _small(words: Sequence[str], index: int) -> tuple[int, int] | None:
    """A number of 1..99 at `index`, as (value, index after it)."""
    if index >= len(words):
        return None
    word = words[index]
    if word in _TENS:
        unit = _unit(words[index + 1]) if index + 1 < len(words) else None
        return (_TENS[word] + unit, index + 2) if unit else (_TENS[word], index + 1)
    if word in _TEENS:
        return _TEENS[word], index + 1
    if word.isdigit() and len(word) <= 2 and int(word) > 0:
        return int(word), index + 1
    unit = _unit(word)
    return (unit, index + 1) if unit else None
