"""Personal data in what was said, written or spoken: cards, IBANs, e-mail addresses, national ids, numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from voicebot.dialog import numbers
from voicebot.dialog.checksums import CARD_LENGTHS, holds
from voicebot.dialog.numbers import Run
from voicebot.privacy.marks import Mark

LONG = 4
"""Digits from which a number nobody asked for may name a person or an account."""

IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""Characters of an IBAN by country (ISO 13616 register)."""

REACH = 200
"""Characters before a number that may tell what it is. Every pattern is bounded, for texts made to be slow."""

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SPOKEN_EMAIL = re.compile(
    r"\b(?:[a-z0-9]+ (?:dot|point|underscore|dash|hyphen|minus) ){0,8}[a-z0-9]+ at "
    r"(?:[a-z0-9]+ (?:dash|hyphen) ){0,8}[a-z0-9]+(?: ?(?:dot|\.) ?[a-z]{2,12})+\b",
    re.IGNORECASE,
)
_WRITTEN_IBAN = re.compile(r"\b[A-Z]{2} ?\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_COUNTRY_BEFORE = re.compile(r"\b([a-z])[ .,-]*([a-z])[ .,-]*$", re.IGNORECASE)
_NATIONAL_INSURANCE = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]\b", re.IGNORECASE)
_SOCIAL_SECURITY = re.compile(r"\b(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}\b")
_ID_BEFORE = re.compile(
    r"\b(?:social(?: security)?(?: number)?|ssn|national insurance(?: number)?|tax (?:id|number)|"
    r"passport(?: number)?|driver'?s? licen[cs]e(?: number)?|id (?:card )?number)\W*"
    r"(?:(?:is|it's|it is|number)\W+)*$",
    re.IGNORECASE,
)
_SECRET_BEFORE = re.compile(
    r"\b(?:pin|cvv|cvc|security code|pass ?code|password|expir\w+(?: date)?|sort code)\W*"
    r"(?:(?:is|it's|it is|code|number)\W+)*$",
    re.IGNORECASE,
)
_AMOUNT_BEFORE = re.compile(r"[$€£]\s*$")
_YEAR_BEFORE = re.compile(
    r"\b(?:in|since|of|year|until|before|after|from|january|february|march|april|may|june|july|august|september|"
    r"october|november|december)\s+(?:the (?:year )?)?$",
    re.IGNORECASE,
)
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_CLOCKS = re.compile(rf"{_CLOCK}(?:\s*(?:-|–|to|and|or)\s*{_CLOCK})?", re.IGNORECASE)
_CLOCK_READ = re.compile(r"(?:[01]?\d|2[0-3])[0-5]\d")
_CLOCK_BEFORE = re.compile(r"\b(?:at|by|till|until|around|about)\s+$", re.IGNORECASE)
_CLOCK_AFTER = re.compile(r"\s*(?:[ap]\.? ?m\b|o'?clock)", re.IGNORECASE)
_AMOUNT_AFTER = re.compile(r"\s*(?:dollars?|bucks|euros?|pounds?|cents?|percent|%)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data of kind `mark` at the character offsets `start` to `end`."""

    mark: Mark
    start: int
    end: int


def find(text: str, known: Collection[str] = ()) -> list[Found]:
    """Everything in `text` that may be personal, in order, none overlapping another.

    known: values the dialog asked for; numbers that are one of them, or a part of one, are what the call is about.
    """
    taken: list[Found] = []
    for found in _candidates(text, [_bare(value) for value in known]):
        if all(found.end <= other.start or found.start >= other.end for other in taken):
            taken.append(found)
    return sorted(taken, key=lambda one: one.start)


def _candidates(text: str, known: list[str]) -> Iterator[Found]:
    """The surest kinds first: they win where two claim the same characters."""
    for pattern in (_EMAIL, _SPOKEN_EMAIL):
        for match in pattern.finditer(text):
            yield Found(Mark.EMAIL, match.start(), match.end())
    for match in _WRITTEN_IBAN.finditer(text):
        if end := _iban_end(match.group()):
            yield Found(Mark.IBAN, match.start(), match.start() + end)
    for pattern in (_NATIONAL_INSURANCE, _SOCIAL_SECURITY):
        for match in pattern.finditer(text):
            if not _is_known(_bare(match.group()), known):
                yield Found(Mark.NATIONAL_ID, match.start(), match.end())
    for run in numbers.runs(text):
        if (one := _number(text, run, known)) is not None:
            yield one


def _number(text: str, run: Run, known: list[str]) -> Found | None:
    before = text[max(0, run.start - REACH) : run.start]
    if any(map(_has_card, run.readings)):
        return Found(Mark.CARD, run.start, run.end)
    country = _COUNTRY_BEFORE.search(before)
    if country is not None and any(_is_iban("".join(country.groups()) + reading) for reading in run.readings):
        return Found(Mark.IBAN, run.start - len(before) + country.start(), run.end)
    if any(_is_known(reading, known) for reading in run.readings):
        return None
    if _ID_BEFORE.search(before):
        return Found(Mark.NATIONAL_ID, run.start, run.end)
    digits = len(run.readings[0])
    if _SECRET_BEFORE.search(before):
        return Found(Mark.NUMBER, run.start, run.end)
    if _is_clock(text, run, before):
        return None
    if digits < LONG or _AMOUNT_BEFORE.search(before) or _AMOUNT_AFTER.match(text, run.end):
        return None
    year = digits == LONG and run.readings[0][:2] in ("19", "20") and _YEAR_BEFORE.search(before)
    return None if year else Found(Mark.NUMBER, run.start, run.end)


def _is_clock(text: str, run: Run, before: str) -> bool:
    """Whether the number is a time of day, or two of them: "10:30", "at ten thirty", "1030 pm"."""
    if _CLOCKS.fullmatch(text, run.start, run.end):
        return True
    told = _CLOCK_BEFORE.search(before) or _CLOCK_AFTER.match(text, run.end)
    return bool(told) and _CLOCK_READ.fullmatch(run.readings[0]) is not None


def _bare(value: str) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum())


def _is_known(digits: str, known: list[str]) -> bool:
    return any(digits in value for value in known)


def _has_card(digits: str) -> bool:
    """Whether a payment card number stands in `digits`, perhaps with expiry and code behind it."""
    return any(
        digits[start] in "23456" and holds("luhn", digits[start : start + length])
        for length in CARD_LENGTHS
        for start in range(len(digits) - length + 1)
    )


def _iban_end(text: str) -> int:
    """Length of the beginning of `text` that is an IBAN; 0 when none is."""
    return next((end for end in range(15, len(text) + 1) if text[end - 1].isalnum() and _is_iban(text[:end])), 0)


def _is_iban(text: str) -> bool:
    """Whether length and check digits are right."""
    bare = _bare(text)
    # Some letters outside ASCII have an upper case inside.
    return bare.isascii() and IBAN_LENGTHS.get(bare[:2].upper()) == len(bare) and holds("iban", bare.upper())
