"""Looking up the people of a CRM: what a finder is, and what it does with what its CRM says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import structlog

from voicebot.crm.http import Invalid
from voicebot.crm.numbers import Number
from voicebot.people import People

LOOK_SECONDS = 2.0
"""How long a CRM may take to say who calls."""

LOOK_TIMEOUTS = (1.0, LOOK_SECONDS)
"""Seconds to connect, and for the answer."""

SHOWN = 10
"""People of one CRM who are kept; who has more in common than a number is not found by it."""

_LONGEST = 200

A = TypeVar("A")

log = structlog.get_logger()


class Finder(Protocol):
    """Looks people up in one CRM. Used by one thread."""

    def find(self, number: Number) -> People:
        """Everybody with this number. Raises CrmError."""
        ...


def unless_refused(crm: str, properties: Mapping[str, str], search: Callable[[Mapping[str, str]], A]) -> A:
    """What `search` finds with these properties, or with none where the account has not all of them."""
    try:
        return search(properties)
    except Invalid as error:
        if not properties:
            raise
        log.warning("callers.properties_refused", crm=crm, error=str(error))
    return search({})


def told(person: Mapping[str, object], properties: Mapping[str, str]) -> dict[str, str]:
    """What the CRM says of a person, by our names; nothing of what it leaves empty.

    properties: the CRM's name of each that is wanted, by ours.
    """
    return {ours: value for ours, theirs in properties.items() if (value := text(person.get(theirs)))}


def text(value: object) -> str:
    """What a CRM says, as it can be kept and shown: printable, without line ends, not endless."""
    said = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return " ".join("".join(each if each.isprintable() else " " for each in said).split())[:_LONGEST]
