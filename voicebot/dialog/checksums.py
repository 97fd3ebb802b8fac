"""Check digits: whether a number can be right, known without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Literal

Checksum = Literal["luhn", "ean", "mod11", "mod97", "iban"]
"""The rules a slot may name.

luhn: payment cards, IMEI (ISO/IEC 7812-1, Annex B). ean: EAN, UPC, GTIN, GLN (GS1 General Specifications, 7.9).
mod11: ISBN-10, and NHS numbers, whose weights are the same (ISO 2108; the last character may be X).
mod97: two check digits at the end, such as those of an LEI (ISO/IEC 7064, MOD 97-10).
iban: the same with the first four characters put last (ISO 13616-1).
"""

CARD_LENGTHS = range(13, 20)
"""Digits of a payment card number (ISO/IEC 7812-1 allows up to 19; cards in use have 13 and more)."""


def holds(checksum: Checksum, value: str) -> bool:
    """Whether `value`, digits and capital letters, passes `checksum`."""
    return value.isascii() and value.isalnum() and _RULES[checksum](value)


def _luhn(value: str) -> bool:
    if not value.isdigit():
        return False
    doubled = (int(digit) * weight for digit, weight in zip(reversed(value), cycle((1, 2)), strict=False))
    return sum(part - 9 if part > 9 else part for part in doubled) % 10 == 0


def _ean(value: str) -> bool:
    if not value.isdigit():
        return False
    return (
        sum(int(digit) * weight for digit, weight in zip(reversed(value), cycle((1, 3)), strict=False)) % 10 == 0
    )


def _mod11(value: str) -> bool:
    body, check = value[:-1], value[-1:]
    if not body.isdigit() or not (check.isdigit() or check == "X"):
        return False
    parts = [*map(int, body), 10 if check == "X" else int(check)]
    return sum(part * weight for weight, part in enumerate(reversed(parts), 1)) % 11 == 0


def _mod97(value: str) -> bool:
    # A letter stands for two digits: A for 10, Z for 35.
    return int("".join(str(int(character, 36)) for character in value)) % 97 == 1


def _iban(value: str) -> bool:
    return value[:2].isalpha() and value[2:4].isdigit() and _mod97(value[4:] + value[:4])


_RULES: Mapping[Checksum, Callable[[str], bool]] = {
    "luhn": _luhn,
    "ean": _ean,
    "mod11": _mod11,
    "mod97": _mod97,
    "iban": _iban,
}
