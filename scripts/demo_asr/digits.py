"""Numbers as callers say them: digit by digit, in pairs, doubled, in groups with pauses, as amounts."""

from __future__ import annotations

from random import Random

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth",
    9: "ninth", 10: "tenth", 11: "eleventh", 12: "twelfth", 20: "twentieth", 30: "thirtieth",
}  # fmt: skip
_REPEATS = {2: "double", 3: "triple"}
_SHARE_REPEATED = 0.45
_RUNS = (2, 2, 2, 2, 3, 4)
"""How often a number gets a run of one digit, and how long such runs are."""


def cardinal(number: int, joint: str = "") -> str:
    """0 to 999,999 in words. joint: what stands before the tens and ones, such as the British "and "."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % unit
    more = f" {joint if rest < 100 else ''}{cardinal(rest, joint)}" if rest else ""
    return f"{cardinal(number // unit, joint)} {name}{more}"


def ordinal(number: int) -> tuple[str, str]:
    """1 to 39 as written ("21st") and as said."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    if number in _ORDINALS:
        spoken = _ORDINALS[number]
    elif number < 20:
        spoken = _ONES[number] + "th"
    else:
        spoken = f"{_TENS[number // 10]} {_ORDINALS[number % 10]}"
    return f"{number}{suffix}", spoken


def random_digits(rng: Random, count: int) -> str:
    """`count` digits; half of the numbers repeat a digit side by side, for that is where recognisers slip."""
    if count > 1 and rng.random() < _SHARE_REPEATED:
        return digits_with_run(rng, count, min(count, rng.choice(_RUNS)))
    return "".join(rng.choice("0123456789") for _ in range(count))


def digits_with_run(rng: Random, count: int, run: int) -> str:
    """`count` digits, `run` of them alike and side by side."""
    digits = [rng.choice("0123456789") for _ in range(count)]
    at = rng.randrange(count - run + 1)
    digits[at : at + run] = [digits[at]] * run
    return "".join(digits)


def amounts(digits: str, rng: Random) -> str:
    """Digits as one amount, or as one of every three or four; what begins with zero one by one."""
    size = rng.choice([3, 4, len(digits)])
    groups = [digits[at : at + size] for at in range(0, len(digits), size)]
    joint, pause = rng.choice(["", "and "]), rng.choice([" ", ", "])
    return pause.join(
        _one_by_one(group, rng) if group[0] == "0" else cardinal(int(group), joint) for group in groups
    )


def spell(digits: str, rng: Random) -> str:
    """A digit string as somebody might read it out."""
    way = rng.random()
    if way < 0.5:
        return _one_by_one(digits, rng)
    if way < 0.68:
        return _doubled(digits, rng)
    if way < 0.85 or len(digits) not in (4, 6):
        return _grouped(digits, rng)
    return _pairs(digits, rng)


def _one_by_one(digits: str, rng: Random) -> str:
    zero = rng.choice(["zero", "zero", "oh"])
    return " ".join(zero if digit == "0" else _ONES[int(digit)] for digit in digits)


def _doubled(digits: str, rng: Random) -> str:
    words, at = [], 0
    while at < len(digits):
        run = next(n for n in (3, 2, 1) if digits[at : at + n] == digits[at] * n)
        word = _one_by_one(digits[at], rng)
        words.append(f"{_REPEATS[run]} {word}" if run > 1 else word)
        at += run
    return " ".join(words)


def _grouped(digits: str, rng: Random) -> str:
    """Groups of two or three with a comma, that is a pause, between."""
    size = rng.choice([2, 3]) if len(digits) != 4 else 2
    groups = [digits[at : at + size] for at in range(0, len(digits), size)]
    return ", ".join(_one_by_one(group, rng) for group in groups)


def _pairs(digits: str, rng: Random) -> str:
    """Two by two ("twelve thirty-four"), or the round amounts ("twelve hundred", "four thousand")."""
    if len(digits) == 4 and digits[0] != "0" and digits[2:] == "00":
        whole = int(digits[:2])
        return f"{cardinal(whole // 10)} thousand" if whole % 10 == 0 else f"{cardinal(whole)} hundred"
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    joint = rng.choice([" ", " ", ", "])
    return joint.join(_one_by_one(pair, rng) if pair[0] == "0" else cardinal(int(pair)) for pair in pairs)
