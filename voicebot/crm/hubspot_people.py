"""The people of a HubSpot account by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.crm import hubspot_search
from voicebot.crm.finder import LOOK_SECONDS, SHOWN, text, told, unless_refused
from voicebot.crm.hubspot_http import Api
from voicebot.crm.matches import Found
from voicebot.crm.numbers import Number
from voicebot.people import Match, People

_NAMES = ("firstname", "lastname")
_SEARCHED = 200
"""The most a search gives in one answer."""


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

        def search(properties: Mapping[str, str]) -> Found:
            wanted = (*_NAMES, *properties.values())
            return hubspot_search.contacts(self._api, number, self._region, _SEARCHED, wanted)

        with self._api.within(LOOK_SECONDS):
            found = unless_refused("hubspot", self._properties, search)
        return People(tuple(self._match(item) for item in found.people[:SHOWN]), found.total)

    def _match(self, item: Mapping[str, Any]) -> Match:
        properties = item["properties"]
        name = text(" ".join(part for each in _NAMES if (part := text(properties.get(each)))))
        identity = text(item.get("id"))
        url = self._page.replace("{id}", identity) if self._page else text(item.get("url"))
        return Match(
            "hubspot",
            name or f"Contact {identity}",
            url if url.startswith("https://") else "",
            told(properties, self._properties),
            identity,
        )
