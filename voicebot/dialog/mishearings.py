"""What recognisers confuse in numbers and codes on a telephone line, and what a value may really be."""

from __future__ import annotations

from collections.abc import Iterator

MOST_MISHEARINGS = 12
"""Guesses tried for one value; each may cost a request."""

_GROUPS = ("59", "BCDEGPTVZ3", "MN", "FSX", "AHJK8", "IY5", "QU", "O0")


def alike(one: str, other: str) -> bool:
    """Whether two characters are easily heard for each other: "five" and "nine", M and N."""
    return any(one in group and other in group for group in _GROUPS)


def guesses(value: str, longest: int) -> Iterator[str]:
    """What `value` may really be, likeliest first: a digit said twice and heard once, or one heard for another.

    Of two like digits side by side recognisers drop one before they confuse any, as the demo model showed.
    longest: characters that a value may have.
    """
    if len(value) < longest:
        for at, character in enumerate(value):
            if at == 0 or value[at - 1] != character:
                yield value[:at] + character + value[at:]
    for at, character in enumerate(value):
        for group in _GROUPS[:1] if character.isdigit() else _GROUPS[1:]:
            if character in group:
                yield from (value[:at] + other + value[at + 1 :] for other in group if other != character)
