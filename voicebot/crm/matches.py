"""People of a CRM by telephone number: which of those a search brought really have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.crm import numbers
from voicebot.crm.numbers import Number

# What a dialog may have asked the caller for, by the part of a person's name it is.
_FIRST = ("first_name", "firstname")
_LAST = ("last_name", "lastname", "name")
_WHOLE = ("name", "caller_name", "customer_name")
_COMPANY = ("company",)
_LONGEST = 80
"""Characters; the shortest limit any of the CRMs has for a name (Salesforce's LastName)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for a number brought.

    people: those with exactly this number, as the CRM describes them, the one changed last first.
    total: how many there are; where the CRM did not show all that it found, look-alikes are counted as well.
    """

    people: Sequence[Mapping[str, Any]]
    total: int


def having(
    number: Number, people: Iterable[Mapping[str, Any]], phones: Sequence[str], region: str
) -> list[Mapping[str, Any]]:
    """Those of `people` with exactly this number in one of the fields `phones`.

    region: country (ISO 3166) of numbers stored without a country code. Searches bring look-alikes: the same
    digits in another country, or as a part of a longer number.
    """

    def has(person: Mapping[str, Any]) -> bool:
        stored = (numbers.parse(str(person.get(name) or ""), region) for name in phones)
        return any(other is not None and other.e164 == number.e164 for other in stored)

    return [person for person in people if has(person)]


def several(count: int, chosen: str) -> str:
    """The sentence for the reader when more than one person has the number; "" when not."""
    return f"{count} {chosen} have this number; this is on the one changed last." if count > 1 else ""


def first_name(slots: Mapping[str, str]) -> str:
    """As the caller gave it, or ""."""
    return _said(slots, _FIRST)


def last_name(slots: Mapping[str, str]) -> str:
    """As the caller gave it, or ""; a name given whole counts as the last."""
    return _said(slots, _LAST)


def whole_name(slots: Mapping[str, str]) -> str:
    """As the caller gave it, or ""."""
    return _said(slots, _WHOLE) or " ".join(part for part in (first_name(slots), last_name(slots)) if part)


def company(slots: Mapping[str, str]) -> str:
    """As the caller gave it, or ""."""
    return _said(slots, _COMPANY)


def _said(slots: Mapping[str, str], names: Sequence[str]) -> str:
    found = (" ".join(slots.get(name, "").split()) for name in names)
    return next((value[:_LONGEST] for value in found if value), "")
