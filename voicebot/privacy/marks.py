"""The kinds of personal data that are found in text, and what is put in their place."""

from __future__ import annotations

from enum import Enum


class Mark(Enum):
    """One kind of personal data; `str()` is what stands in the text instead of it."""

    CARD = "card"
    IBAN = "iban"
    EMAIL = "email"
    NATIONAL_ID = "national_id"
    NUMBER = "number"

    def __str__(self) -> str:
        return f"[{self.value.replace('_', ' ')}]"
