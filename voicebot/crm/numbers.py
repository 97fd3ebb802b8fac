"""Turns what a gateway calls the caller into a telephone number, or into none."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

_WITHHELD = ("anonymous", "restricted", "blocked", "unknown", "unavailable", "private")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# Some carriers put the keypad spelling of such a word where the number belongs (+266696687 spells "anonymous").
_WITHHELD_DIGITS = frozenset(word.translate(_KEYPAD) for word in _WITHHELD)
_SHORTEST = 7
_LONGEST_INPUT = 64


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number that can exist.

    e164: `+14155552671`.
    national: the national significant number, `4155552671`; keeps the leading zero of Italian numbers.
    """

    e164: str
    national: str


def parse(caller: str, region: str) -> Number | None:
    """The number behind `caller`, or None for withheld and impossible numbers, short codes and extensions.

    caller: E.164, a nationally dialled number, a `tel:` or `sip:` URI, or no number at all; an extension is left
        out.
    region: country (ISO 3166) in which a number without `+` was dialled.

    A number with `+` needs only a possible length; one without must exist in the numbering plan of `region`,
    or, since some carriers leave the `+` out, in the plan of the country it begins with.
    """
    text = re.sub(r"^(sips?|tel):", "", caller.strip()[:_LONGEST_INPUT], flags=re.IGNORECASE)
    text = re.split(r"[@;]|\s*(?:ext\.?|x)\s*\d", text, maxsplit=1, flags=re.IGNORECASE)[0]
    digits = re.sub(r"\D", "", text)
    if len(digits) < _SHORTEST or digits in _WITHHELD_DIGITS or any(letter.isalpha() for letter in text):
        return None
    if text.lstrip().startswith("+"):
        return _read(text, None, strict=False)
    return _read(text, region, strict=True) or _read(f"+{digits}", None, strict=True)


def _read(text: str, region: str | None, strict: bool) -> Number | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    if strict and not phonenumbers.is_valid_number(number):
        return None
    return Number(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        national=phonenumbers.national_significant_number(number),
    )
