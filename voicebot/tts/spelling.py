"""Codes and phone numbers one character at a time, in groups a caller can write down."""

from __future__ import annotations

import re

import phonenumbers

_RUN = re.compile(r"[0-9]+|[^\W\d_]+")


def spell(code: str) -> str:
    """Letters and digits one by one, in groups with a pause between: `ORD-1234` as `O R D, 1 2 3 4`.

    Digits stay digits, which an engine reads in its own language.
    """
    spoken: list[str] = []
    for run in _RUN.findall(code):
        spoken += [" ".join(group) for group in (_groups(run) if run[0].isdigit() else [run.upper()])]
    # Engines read a lone capital A as the article; a pause behind it makes it the letter.
    return re.sub(r"\bA(?= )", "A,", ", ".join(spoken))


def spell_phone(written: str) -> str:
    """A phone number digit by digit, grouped as it is written in its country, or as it is written here."""
    number = written
    if written.startswith("+"):
        try:
            parsed = phonenumbers.parse(written)
        except phonenumbers.NumberParseException:
            pass
        else:
            if phonenumbers.is_possible_number(parsed):
                number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return ("+ " if number.startswith("+") else "") + spell(number)


def _groups(digits: str) -> list[str]:
    """Up to four digits whole, eight in halves, others in threes with a rest of two or four at the end."""
    if len(digits) <= 4:
        return [digits]
    if len(digits) == 8:
        return [digits[:4], digits[4:]]
    head = len(digits) - 4 if len(digits) % 3 == 1 else len(digits) - len(digits) % 3
    return [digits[i : i + 3] for i in range(0, head, 3)] + ([digits[head:]] if digits[head:] else [])
