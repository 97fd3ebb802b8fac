"""The people of a Salesforce org by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.crm import salesforce_search
from voicebot.crm.finder import LOOK_SECONDS, SHOWN, text, told, unless_refused
from voicebot.crm.matches import Found
from voicebot.crm.numbers import Number
from voicebot.crm.salesforce_http import Api
from voicebot.crm.salesforce_search import kind_of
from voicebot.people import Match, People


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

        def search(properties: Mapping[str, str]) -> Found:
            wanted = {"Contact": ["Name", *properties.values()], "Lead": ["Name"]}
            return salesforce_search.people(self._api, number, self._region, wanted)

        with self._api.within(LOOK_SECONDS):
            found = unless_refused("salesforce", self._properties, search)
        return People(tuple(self._match(record) for record in found.people[:SHOWN]), found.total)

    def _match(self, record: Mapping[str, Any]) -> Match:
        kind, identity = kind_of(record), text(record.get("Id"))
        return Match(
            "salesforce",
            text(record.get("Name")) or f"{kind} {identity}",
            f"{self._url}/lightning/r/{kind}/{identity}/view" if identity.isalnum() else "",
            told(record, self._properties),
            identity,
        )
