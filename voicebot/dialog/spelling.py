"""How a value is spelt out: the readers of numbers, and of codes with letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from voicebot.dialog import codes, numbers
from voicebot.dialog.numbers import Run


class Spelling(Protocol):
    """Finds spelt values in a text; `numbers` and `codes` are such."""

    def runs(self, text: str) -> list[Run]:
        """Every stretch of `text` that spells something, in order."""
        ...

    def readings(self, words: Sequence[str], lengths: Collection[int] = ()) -> tuple[str, ...]:
        """What `words` may stand for, likeliest first; those with one of `lengths` characters if given."""
        ...


DIGITS: Spelling = numbers
CODES: Spelling = codes
