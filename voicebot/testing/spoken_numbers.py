"""Numbers and codes as callers say them and recognisers write them: the other side of `voicebot.dialog.numbers`.

`say_number` renders a digit string in one of the `Way`s, `say_code` letters and digits with the phonetic
alphabet; `with_fillers` puts "um" and "dash" between the words, `in_pieces` cuts them where a caller pauses.
Chance comes from the `Random` that is passed in, so a seed repeats everything. English.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from itertools import pairwise
from random import Random

FILLERS = ("um", "uh", "erm", "dash", "hyphen")
"""Words between the digits that are no digits."""

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ZEROS = ("zero", "zero", "oh", "nought")
_REPEATS = {2: "double", 3: "triple"}
_NATO = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
    "xray", "yankee", "zulu",
)  # fmt: skip
_EVERYDAY = (
    "apple", "bertie", "cat", "david", "edward", "freddie", "george", "harry", "isaac", "john", "king", "london",
    "mary", "nelly", "orange", "peter", "queen", "robert", "sugar", "tommy", "uncle", "vincent", "william",
    "xylophone", "yellow", "zebra",
)  # fmt: skip
_NAMES = {
    "b": "bee", "c": "see", "d": "dee", "f": "eff", "g": "gee", "h": "aitch", "j": "jay", "k": "kay", "l": "el",
    "m": "em", "n": "en", "p": "pee", "q": "queue", "r": "are", "s": "ess", "t": "tee", "u": "you", "v": "vee",
    "x": "ex", "y": "why", "z": "zed",
}  # fmt: skip


class Way(enum.Enum):
    """How a number is said.

    DIGITS: "four one five oh"; PAIRS: "forty-one fifty"; REPEATS: "four double two"; AMOUNTS: "four hundred and
    fifteen", and thousands; WRITTEN: "41 50", as recognisers write pairs; MIXED: each group in another way.
    """

    DIGITS = "digits"
    PAIRS = "pairs"
    REPEATS = "repeats"
    AMOUNTS = "amounts"
    WRITTEN = "written"
    MIXED = "mixed"


class Letters(enum.Enum):
    """How a letter is said: "b", "bee", "bravo", "b as in bravo" or "b for bertie"."""

    LETTER = "letter"
    NAME = "name"
    NATO = "nato"
    AS_IN = "as in"
    FOR = "for"


def say_number(digits: str, way: Way, rng: Random) -> list[str]:
    """The words for `digits` (0-9, at least one), without fillers; what is no amount is said digit by digit."""
    match way:
        case Way.DIGITS:
            return _one_by_one(digits, rng)
        case Way.REPEATS:
            return _repeats(digits, rng)
        case Way.PAIRS:
            return [word for pair in groups(digits, 2) for word in _amount(pair, rng)]
        case Way.AMOUNTS:
            size = rng.choice((3, 4, 6))
            return [word for group in groups(digits, size) for word in _amount(group, rng)]
        case Way.WRITTEN:
            return groups(digits, rng.choice((1, 2, 3, len(digits))))
        case Way.MIXED:
            plain = [each for each in Way if each is not Way.MIXED]
            parts = groups(digits, rng.choice((2, 3, 4)))
            return [word for group in parts for word in say_number(group, rng.choice(plain), rng)]


def say_code(code: str, rng: Random, letters: Letters | None = None) -> list[str]:
    """The words for `code` (A-Z, 0-9): digits one by one, letters in the way `letters`, or in any."""
    words: list[str] = []
    for character in code.lower():
        if character.isdigit():
            words += _one_by_one(character, rng) if rng.random() < 0.7 else [character]
        else:
            words += _letter(character, letters or rng.choice(list(Letters)))
    return words


def with_fillers(words: Sequence[str], rng: Random, share: float = 0.15) -> list[str]:
    """`words` with a filler before every one in 1/`share` of them, never before the first."""
    filled: list[str] = []
    for word in words:
        if filled and rng.random() < share:
            filled.append(rng.choice(FILLERS))
        filled.append(word)
    return filled


def in_pieces(words: Sequence[str], count: int, rng: Random) -> list[str]:
    """`words` cut at `count` - 1 places by chance, as texts; fewer pieces where there are fewer words."""
    cuts = sorted(rng.sample(range(1, len(words)), min(count, len(words)) - 1))
    edges = [0, *cuts, len(words)]
    return [" ".join(words[start:end]) for start, end in pairwise(edges)]


def groups(digits: str, size: int) -> list[str]:
    """`digits` in groups of `size`, the last one as long as what is left."""
    return [digits[at : at + size] for at in range(0, len(digits), size)]


def cardinal(value: int) -> list[str]:
    """The words of 0..999,999, with the British "and"."""
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
    unit, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    rest = value % unit
    joint = ["and"] if rest and rest < 100 else []
    return [*cardinal(value // unit), name, *joint, *(cardinal(rest) if rest else [])]


def _one_by_one(digits: str, rng: Random) -> list[str]:
    return [rng.choice(_ZEROS) if digit == "0" else _ONES[int(digit)] for digit in digits]


def _repeats(digits: str, rng: Random) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(digits):
        count = next(n for n in (3, 2, 1) if digits[at : at + n] == digits[at] * n)
        words += [*([_REPEATS[count]] if count > 1 else []), *_one_by_one(digits[at], rng)]
        at += count
    return words


def _amount(digits: str, rng: Random) -> list[str]:
    if digits[0] == "0":
        return _one_by_one(digits, rng)
    if len(digits) == 4 and digits[1] != "0" and digits[2:] == "00" and rng.random() < 0.5:
        return [*cardinal(int(digits[:2])), "hundred"]
    return cardinal(int(digits))


def _letter(letter: str, way: Letters) -> list[str]:
    match way:
        case Letters.LETTER:
            return [letter]
        case Letters.NAME:
            return ["double", "you"] if letter == "w" else [_NAMES.get(letter, letter)]
        case Letters.NATO:
            return [_word(_NATO, letter)]
        case Letters.AS_IN:
            return [letter, "as", "in", _word(_NATO, letter)]
        case Letters.FOR:
            return [letter, "for", _word(_EVERYDAY, letter)]


def _word(alphabet: Sequence[str], letter: str) -> str:
    return next(word for word in alphabet if word[0] == letter)
