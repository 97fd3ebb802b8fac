"""Who a caller is, for the people at the desk: everybody in the CRM with the caller's number, with a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voicebot.crm import matches, numbers
from voicebot.crm.hubspot_http import Api
from voicebot.crm.people import Match
from voicebot.errors import CrmUnavailable

LOOK_SECONDS = 5.0
"""No request for a desk begins later: the call will have been taken by then."""

SHOWN = 20
"""People shown for one number; who has more in common than a number is not found by it."""

_PHONES = ("phone", "mobilephone", "hs_calculated_phone_number")
_NAMES = ("firstname", "lastname")


class HubSpotCallers:
    """The contacts of one HubSpot account.

    region: country (ISO 3166) of numbers without a country code. page: address of a contact's page with `{id}` in
        it; "" for what HubSpot says itself.
    """

    def __init__(self, api: Api, region: str, page: str) -> None:
        self._api = api
        self._region = region
        self._page = page

    def find(self, phone: str) -> Sequence[Match]:
        """The contacts with exactly this number, the one changed last first. Raises CrmError."""
        number = numbers.parse(phone, self._region)
        if number is None:
            return ()
        national = number.national.lstrip("0")
        wanted = [
            ("hs_searchable_calculated_phone_number", national),
            ("hs_searchable_calculated_mobile_number", national),
            ("phone", number.e164),
            ("mobilephone", number.e164),
        ]
        question = {
            "filterGroups": [
                {"filters": [{"propertyName": name, "operator": "EQ", "value": value}]} for name, value in wanted
            ],
            "properties": [*_PHONES, *_NAMES],
            "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}],
            "limit": 100,
        }
        with self._api.within(LOOK_SECONDS):
            results = self._api.ask("contacts/search", question).get("results")
        if not isinstance(results, list):
            raise CrmUnavailable("HubSpot answered a contact search without results")
        found = [item for item in results if isinstance(item, dict) and isinstance(item.get("properties"), dict)]
        same = [item for item in found if matches.having(number, [item["properties"]], _PHONES, self._region)]
        return tuple(self._match(item) for item in same[:SHOWN])

    def _match(self, item: Mapping[str, Any]) -> Match:
        said = (str(item["properties"].get(name) or "").strip() for name in _NAMES)
        name = " ".join(part for part in said if part) or f"Contact {item.get('id')}"
        url = self._page.replace("{id}", str(item.get("id"))) if self._page else str(item.get("url") or "")
        return Match("HubSpot", name, url if url.startswith("https://") else "")
