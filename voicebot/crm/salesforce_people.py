"""The people of a Salesforce org by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from voicebot.crm import matches
from voicebot.crm.callers import LOOK_SECONDS, SHOWN, text
from voicebot.crm.http import Invalid
from voicebot.crm.numbers import Number
from voicebot.crm.salesforce import PHONES
from voicebot.crm.salesforce_http import Api
from voicebot.errors import CrmUnavailable
from voicebot.people import Match, People

_SEARCHED = 200

log = structlog.get_logger()


class SalesforcePeople:
    """The contacts and leads of one Salesforce org.

    region: country (ISO 3166) of numbers without a country code. url: the org's My Domain address.
    properties: Salesforce's name of each that is wanted, by ours; fields of contacts, which leads do not have.
    """

    def __init__(self, api: Api, region: str, url: str, properties: Mapping[str, str]) -> None:
        self._api = api
        self._region = region
        self._url = url
        self._properties = properties

    def find(self, number: Number) -> People:
        """Contacts, then leads, with exactly this number, the one changed last first. Raises CrmError."""
        with self._api.within(LOOK_SECONDS):
            try:
                answer = self._search(number, self._properties)
            except Invalid as error:
                if not self._properties:
                    raise
                log.warning("callers.properties_refused", crm="salesforce", error=str(error))
                answer = self._search(number, {})
        records = answer.get("searchRecords") if isinstance(answer, dict) else None
        if not isinstance(records, list):
            raise CrmUnavailable("Salesforce answered a search without records")
        found: list[Match] = []
        total = 0
        for kind, phones in PHONES.items():
            people = [record for record in records if isinstance(record, dict) and _kind(record) == kind]
            same = matches.having(number, people, phones, self._region)
            same.sort(key=lambda record: str(record.get("LastModifiedDate") or ""), reverse=True)
            found += [self._match(kind, record) for record in same[:SHOWN]]
            total += len(same)
        return People(tuple(found[:SHOWN]), total)

    def _search(self, number: Number, properties: Mapping[str, str]) -> Any:
        wanted = [
            {
                "name": kind,
                "fields": ["Id", "Name", "LastModifiedDate", *phones, *_of(kind, properties)],
                "limit": _SEARCHED,
            }
            for kind, phones in PHONES.items()
        ]
        question = {
            "q": number.national.lstrip("0"),
            "in": "PHONE",
            "sobjects": wanted,
            "overallLimit": _SEARCHED * len(wanted),
        }
        return self._api.ask("parameterizedSearch", question)

    def _match(self, kind: str, record: Mapping[str, Any]) -> Match:
        identity = text(record.get("Id"))
        url = f"{self._url}/lightning/r/{kind}/{identity}/view" if identity.isalnum() else ""
        told = {ours: text(record.get(theirs)) for ours, theirs in self._properties.items()}
        return Match(
            "salesforce",
            text(record.get("Name")) or f"{kind} {identity}",
            url,
            {name: value for name, value in told.items() if value},
            identity,
        )


def _of(kind: str, properties: Mapping[str, str]) -> list[str]:
    return list(properties.values()) if kind == "Contact" else []


def _kind(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    return str(attributes.get("type")) if isinstance(attributes, dict) else ""
