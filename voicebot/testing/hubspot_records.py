"""Records of a fake HubSpot account as reads and searches see them: with what HubSpot calculates of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from html import unescape
from typing import Any

import phonenumbers

from voicebot.testing.hubspot_errors import invalid

_CALCULATED = (
    ("phone", "hs_searchable_calculated_phone_number", "hs_calculated_phone_number"),
    ("mobilephone", "hs_searchable_calculated_mobile_number", "hs_calculated_mobile_number"),
)
# A search on a phone property goes to the calculated field, which has no country code.
_SEARCHED = {stored: searchable for stored, searchable, _ in _CALCULATED}


@dataclass(slots=True)
class Record:
    """A contact, a note or a call. contacts: ids of those an activity is on.

    created, updated: seconds since the epoch.
    """

    id: str
    properties: dict[str, str]
    created: float
    updated: float
    contacts: list[str] = field(default_factory=list)


def values(record: Record, region: str) -> dict[str, str]:
    """Properties as search and read see them, with the calculated ones."""
    seen = {**record.properties, "lastmodifieddate": _iso(record.updated)}
    for stored, searchable, calculated in _CALCULATED:
        if record.properties.get(stored):
            seen[searchable], seen[calculated] = _calculated(record.properties[stored], region)
    if "hs_timestamp" in seen:
        seen["hs_timestamp"] = _iso(milliseconds(seen["hs_timestamp"]) / 1000)
    return seen


def shown(record: Record, properties: Iterable[str], region: str) -> dict[str, Any]:
    """The record as an answer holds it, with these properties."""
    seen = values(record, region)
    return {
        "id": record.id,
        "properties": {name: seen.get(name) for name in properties},
        "createdAt": _iso(record.created),
        "updatedAt": _iso(record.updated),
        "archived": False,
    }


def passes(seen: Mapping[str, str], question: Mapping[str, Any]) -> bool:
    """Whether a record with these values passes one filter of a search. Raises Refused."""
    name, operator = question["propertyName"], question["operator"]
    name = _SEARCHED.get(name, name)
    value, wanted = seen.get(name), str(question.get("value", ""))
    if name == "hs_timestamp":
        wanted = _iso(milliseconds(wanted) / 1000)
    if operator == "HAS_PROPERTY":
        return value is not None
    if operator == "NOT_HAS_PROPERTY":
        return value is None
    if value is None:
        return False
    if operator == "EQ":
        return value.lower() == wanted.lower()
    if operator == "NEQ":
        return value.lower() != wanted.lower()
    if operator == "IN":
        return value.lower() in question["values"]
    if operator == "CONTAINS_TOKEN":
        words = re.findall(r"\w+", unescape(re.sub(r"<[^>]*>", " ", value)).lower())
        tokens = re.findall(r"[\w*]+", wanted.lower())
        return bool(tokens) and all(any(fnmatchcase(word, token) for word in words) for token in tokens)
    raise invalid(f"operator {operator} is not known here", "operator")


def milliseconds(value: str) -> int:
    """Since the epoch, of a time as it was sent: in milliseconds, or by ISO 8601. Raises Refused."""
    if value.isdecimal():
        return int(value)
    try:
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    except ValueError:
        raise invalid("hs_timestamp is no time", "hs_timestamp") from None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _calculated(stored: str, region: str) -> tuple[str, str]:
    try:
        number = phonenumbers.parse(stored, region)
    except phonenumbers.NumberParseException:
        return re.sub(r"\D", "", stored).lstrip("0"), ""
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return phonenumbers.national_significant_number(number).lstrip("0"), e164
