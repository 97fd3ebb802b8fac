"""The people of a HubSpot account by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from voicebot.crm import matches
from voicebot.crm.callers import LOOK_SECONDS, SHOWN, text
from voicebot.crm.http import Invalid
from voicebot.crm.hubspot_http import Api
from voicebot.crm.numbers import Number
from voicebot.errors import CrmUnavailable
from voicebot.people import Match, People

_PHONES = ("phone", "mobilephone", "hs_calculated_phone_number")
_NAMES = ("firstname", "lastname")
_SEARCHED = 200
"""The most a search gives in one answer."""

log = structlog.get_logger()


class HubSpotPeople:
    """The contacts of one HubSpot account.

    region: country (ISO 3166) of numbers without a country code. page: address of a contact's page with `{id}` in
        it; "" for what HubSpot says itself. properties: HubSpot's name of each that is wanted, by ours.
    """

    def __init__(self, api: Api, region: str, page: str, properties: Mapping[str, str]) -> None:
        self._api = api
        self._region = region
        self._page = page
        self._properties = properties

    def find(self, number: Number) -> People:
        """The contacts with exactly this number, the one changed last first. Raises CrmError."""
        with self._api.within(LOOK_SECONDS):
            try:
                answer = self._search(number, self._properties)
            except Invalid as error:
                if not self._properties:
                    raise
                log.warning("callers.properties_refused", crm="hubspot", error=str(error))
                answer = self._search(number, {})
        results = answer.get("results")
        if not isinstance(results, list):
            raise CrmUnavailable("HubSpot answered a contact search without results")
        found = [item for item in results if isinstance(item, dict) and isinstance(item.get("properties"), dict)]
        same = [item for item in found if matches.having(number, [item["properties"]], _PHONES, self._region)]
        total = answer.get("total")
        # Beyond one answer, look-alikes are counted as well.
        count = total if isinstance(total, int) and total > len(results) else len(same)
        return People(tuple(self._match(item) for item in same[:SHOWN]), count)

    def _search(self, number: Number, properties: Mapping[str, str]) -> dict[str, Any]:
        national = number.national.lstrip("0")
        filters = [
            ("hs_searchable_calculated_phone_number", "EQ", national),
            ("hs_searchable_calculated_mobile_number", "EQ", national),
            ("hs_searchable_calculated_phone_number", "CONTAINS_TOKEN", f"*{national}"),
            ("phone", "EQ", number.e164),
            ("mobilephone", "EQ", number.e164),
        ]
        return self._api.ask(
            "contacts/search",
            {
                "filterGroups": [
                    {"filters": [{"propertyName": name, "operator": operator, "value": value}]}
                    for name, operator, value in filters
                ],
                "properties": [*_PHONES, *_NAMES, *properties.values()],
                "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}],
                "limit": _SEARCHED,
            },
        )

    def _match(self, item: Mapping[str, Any]) -> Match:
        told = item["properties"]
        name = text(" ".join(part for each in _NAMES if (part := text(told.get(each)))))
        identity = text(item.get("id"))
        url = self._page.replace("{id}", identity) if self._page else text(item.get("url"))
        return Match(
            "hubspot",
            name or f"Contact {identity}",
            url if url.startswith("https://") else "",
            {ours: value for ours, theirs in self._properties.items() if (value := text(told.get(theirs)))},
            identity,
        )
