"""Numbers as people say and recognisers write them: text in, the digit strings it may stand for out.

Order numbers are read digit by digit, in pairs, as years, as amounts, with "double" and "oh"; a recogniser writes
any of that as words, as digits, or as a mix. English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

MOST_READINGS = 16
"""Readings tried for one run; the natural ones come first, so a longer list only costs time."""

MOST_FITTING = 64
"""Readings of a wanted length; there are more only where everything was said in tens and hundreds."""

BREAK = "|"
"""A word across which nothing is read together: what was keyed does not complete an amount that was spoken."""

MOST_WORDS = 40
"""Words one run may have; whoever says more is not telling a number."""

MOST_BETWEEN = 4
"""Words such as "um, and, er" that may stand between two digits."""

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
SCALES = frozenset({"hundred", "thousand"})
"""Words that count what stands before them."""

REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
"""Words that say how often the next digit comes."""

BRIDGES = frozenset(
    {"and", "then", "dash", "hyphen", "slash", "space", "um", "uh", "er", "erm", "hmm", "followed", "by"}
)
"""Words between digits that add nothing."""

_ZERO_OR_SIGH = {"oh", "o"}

_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+|[a-z]+(?:'[a-z]+)?")
_GAP = re.compile(r"[\s\-\u2010-\u2015\u2212.,/:_\u00b7\u2022\u00ad\u200b-\u200d\u2060\ufeff]*")
"""What may stand between two tokens of a number: blanks, dashes and dots of every kind, and what nobody sees."""


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of number in a text.

    readings: the digit strings it may stand for, likeliest first; never empty.
    start, end: character offsets into the text.
    words: what was said, lower case, for reading on when more is said; a last "double" waits for its digit.
    """

    readings: tuple[str, ...]
    start: int
    end: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


def runs(text: str) -> list[Run]:
    """Every stretch of number in `text`, in order."""
    lowered = _folded(text)
    tokens = [_Token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(lowered)]
    found_runs = []
    index = 0
    while index < len(tokens):
        end = _run_end(tokens, index, lowered)
        if end > index:
            words = tuple(token.text for token in tokens[index:end])
            found = readings(words)
            if found:
                found_runs.append(Run(found, tokens[index].start, tokens[end - 1].end, words))
        index = max(end, index + 1)
    return found_runs


def _folded(text: str) -> str:
    """`text` in lower case with ASCII digits, character by character, so that offsets are those of `text`."""
    if text.isascii():
        return text.lower()
    return "".join(
        str(unicodedata.decimal(each)) if each.isdecimal() else low if len(low := each.lower()) == 1 else each
        for each in text
    )


def readings(words: Sequence[str], lengths: Collection[int] = ()) -> tuple[str, ...]:
    """The digit strings that number `words` may stand for, likeliest first.

    lengths: how many digits are wanted, which brings out readings that are not among the likeliest.
    """
    kept = [word for word in words if word not in BRIDGES]
    while kept and kept[-1] in REPEATS:
        kept.pop()
    if not kept:
        return ()
    found = chains([list(pieces(kept, index)) for index in range(len(kept))], lengths)
    if kept[0] in _ZERO_OR_SIGH and len(kept) > 1:
        found += readings(kept[1:], lengths)
    return tuple(dict.fromkeys(found))


def chains(following: Sequence[Sequence[tuple[str, int]]], lengths: Collection[int] = ()) -> tuple[str, ...]:
    """The strings that pieces make from the first place to behind the last, in the order of the pieces.

    following: for each place the pieces that begin there, as (characters, place after them).
    lengths: how long a string may be; paths that cannot end in one of them are not walked.
    """
    longest = max(lengths, default=MOST_WORDS * len("100000"))
    reachable: list[set[int]] = [set() for _ in following] + [{0}]
    for index in reversed(range(len(following))):
        for piece, after in following[index]:
            reachable[index] |= {len(piece) + rest for rest in reachable[after] if len(piece) + rest <= longest}

    def walk(index: int, missing: frozenset[int]) -> Iterator[str]:
        if index == len(following):
            yield ""
            return
        for piece, after in following[index]:
            left = frozenset(length - len(piece) for length in missing) & reachable[after]
            if left:
                yield from (piece + rest for rest in walk(after, left))

    wanted = reachable[0] & set(lengths) if lengths else reachable[0]
    found = islice(walk(0, frozenset(wanted - {0})), MOST_FITTING if lengths else MOST_READINGS)
    return tuple(found)


def begins(words: Sequence[str]) -> bool:
    """Whether `words` are only what stands before or between digits: "double", "um", "dash"."""
    return bool(words) and all(word in BRIDGES or word in REPEATS for word in words)


def _is_number(word: str) -> bool:
    return word.isdigit() or word in _UNITS or word in _TEENS or word in _TENS


def _starts(tokens: Sequence[_Token], index: int) -> bool:
    word = tokens[index].text
    if _is_number(word) or word in SCALES:
        return True
    if word not in REPEATS:
        return False
    ahead = (token.text for token in tokens[index + 1 : index + 1 + MOST_BETWEEN] if token.text not in BRIDGES)
    return _unit(next(ahead, "")) is not None


def _run_end(tokens: Sequence[_Token], index: int, text: str) -> int:
    """Index after the run that begins at `index`; `index` itself when none does."""
    if not _starts(tokens, index):
        return index
    end = index + 1
    while end < len(tokens) and end - index < MOST_WORDS and _joined(tokens, end, text):
        if _starts(tokens, end) or (tokens[end - 1].text in REPEATS and _unit(tokens[end].text) is not None):
            end += 1
            continue
        reached = _across(tokens, end, text)
        if reached == end:
            break
        end = reached
    rest = [token.text for token in tokens[end:]]
    if len(rest) <= MOST_BETWEEN and any(word in REPEATS for word in rest) and begins(rest):
        return len(tokens)
    return end


def _joined(tokens: Sequence[_Token], index: int, text: str) -> bool:
    return _GAP.fullmatch(text, tokens[index - 1].end, tokens[index].start) is not None


def _across(tokens: Sequence[_Token], index: int, text: str) -> int:
    """Index of the number behind words that only count inside a number; `index` when there is none."""
    ahead = index
    while ahead < len(tokens) and ahead - index <= MOST_BETWEEN and _joined(tokens, ahead, text):
        if _starts(tokens, ahead):
            return ahead
        word, before = tokens[ahead].text, tokens[ahead - 1].text
        if word not in BRIDGES and word not in _HOMOPHONES:
            return index
        if word in _HOMOPHONES and before.isdigit() and len(before) > 2:
            return index
        ahead += 1
    last = ahead == len(tokens) and ahead == index + 1 and tokens[index].text in _HOMOPHONES
    several = index >= 2 and _is_number(tokens[index - 1].text) and _is_number(tokens[index - 2].text)
    return ahead if last and several else index


def pieces(words: Sequence[str], index: int) -> Iterator[tuple[str, int]]:
    """What the words from `index` may say, as (digits, index after them); the longest phrase first."""
    word = words[index]
    if word == BREAK:
        yield "", index + 1
    elif word in REPEATS:
        unit = _unit(words[index + 1]) if index + 1 < len(words) else None
        if unit is not None:
            yield str(unit) * REPEATS[word], index + 2
    elif (unit := _unit(word)) == 0:
        yield "0", index + 1
    else:
        amounts = list(_amounts(words, index))
        yield from ((str(value), after) for value, after in amounts)
        if (
            word.isdigit()
            and not any(after == index + 1 for _, after in amounts)
            and not _scaled(words, index + 1)
        ):
            yield word, index + 1


def _unit(word: str) -> int | None:
    if len(word) == 1 and word.isdigit():
        return int(word)
    return _UNITS.get(word, _HOMOPHONES.get(word))


def _scaled(words: Sequence[str], index: int) -> bool:
    """Whether a "hundred" or "thousand" at `index` counts what stands before it."""
    return index < len(words) and words[index] in SCALES


def _amounts(words: Sequence[str], index: int) -> Iterator[tuple[int, int]]:
    """The numbers of 1..999,999 that begin at `index`, as (value, index after it), the longest first."""
    bare = words[index] == "thousand"
    for value, after in [(1, index)] if bare else _below_thousand(words, index):
        if after < len(words) and words[after] == "thousand":
            for rest, end in _below_thousand(words, after + 1):
                if not _scaled(words, end):
                    yield value * 1000 + rest, end
            yield value * 1000, after + 1
        elif not _scaled(words, after):
            yield value, after


def _below_thousand(words: Sequence[str], index: int) -> Iterator[tuple[int, int]]:
    bare = index < len(words) and words[index] == "hundred"
    for value, after in [(1, index)] if bare else _small(words, index):
        if after < len(words) and words[after] == "hundred":
            for rest, end in _small(words, after + 1):
                if not _scaled(words, end) or words[end] == "thousand":
                    yield value * 100 + rest, end
            yield value * 100, after + 1
        else:
            yield value, after


def _small(words: Sequence[str], index: int) -> Iterator[tuple[int, int]]:
    """The numbers of 1..99 that begin at `index`, as (value, index after it), the longest first."""
    if index >= len(words):
        return
    word = words[index]
    if word in _TENS:
        unit = _unit(words[index + 1]) if index + 1 < len(words) else None
        if unit:
            yield _TENS[word] + unit, index + 2
        yield _TENS[word], index + 1
    elif word in _TEENS:
        yield _TEENS[word], index + 1
    elif word.isdigit():
        if len(word) <= 2 and not word.startswith("0"):
            yield int(word), index + 1
    elif unit := _unit(word):
        yield unit, index + 1
