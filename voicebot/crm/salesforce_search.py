"""The contacts and leads of a Salesforce org who have a telephone number, told from look-alikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voicebot.crm import matches
from voicebot.crm.matches import Found
from voicebot.crm.numbers import Number
from voicebot.crm.salesforce_http import Api
from voicebot.errors import CrmUnavailable

_PHONES = {
    "Contact": ("Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone"),
    "Lead": ("Phone", "MobilePhone"),
}
_MOST = 200
"""People of a kind that a search brings."""


def people(api: Api, number: Number, region: str, fields: Mapping[str, Sequence[str]] | None = None) -> Found:
    """Contacts, then leads, with exactly this number. Raises CrmError.

    region: country (ISO 3166) of numbers stored without a country code.
    fields: what else they are to tell of themselves, by their kind.
    """
    wanted = [
        {
            "name": kind,
            "fields": ["Id", "LastModifiedDate", *phones, *(fields or {}).get(kind, ())],
            "limit": _MOST,
        }
        for kind, phones in _PHONES.items()
    ]
    question = {
        "q": number.national.lstrip("0"),
        "in": "PHONE",
        "sobjects": wanted,
        "overallLimit": _MOST * len(wanted),
    }
    answer = api.ask("parameterizedSearch", question)
    records = answer.get("searchRecords") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise CrmUnavailable("Salesforce answered a search without records")
    found: list[Mapping[str, Any]] = []
    for kind, phones in _PHONES.items():
        known = [record for record in records if isinstance(record, dict) and kind_of(record) == kind]
        same = matches.having(number, known, phones, region)
        same.sort(key=lambda record: str(record.get("LastModifiedDate") or ""), reverse=True)
        found += same
    return Found(found, len(found))


def kind_of(record: Mapping[str, Any]) -> str:
    """`Contact` or `Lead`; "" for what is no record."""
    attributes = record.get("attributes")
    return str(attributes.get("type")) if isinstance(attributes, dict) else ""
