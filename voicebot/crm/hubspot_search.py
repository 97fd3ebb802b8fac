"""The contacts of a HubSpot account who have a telephone number, told from look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voicebot.crm import matches
from voicebot.crm.hubspot_http import Api
from voicebot.crm.matches import Found
from voicebot.crm.numbers import Number
from voicebot.errors import CrmUnavailable

_PHONES = ("phone", "mobilephone", "hs_calculated_phone_number")


def contacts(api: Api, number: Number, region: str, most: int, properties: Sequence[str] = ()) -> Found:
    """Those with exactly this number. Raises CrmError.

    region: country (ISO 3166) of numbers stored without a country code. most: contacts the search may bring, up
        to 200. properties: what else they are to tell of themselves.
    """
    answer = api.ask("contacts/search", _question(number, most, properties))
    results = answer.get("results")
    if not isinstance(results, list):
        raise CrmUnavailable("HubSpot answered a contact search without results")
    known = [item for item in results if isinstance(item, dict) and isinstance(item.get("properties"), dict)]
    same = [item for item in known if matches.having(number, [item["properties"]], _PHONES, region)]
    total = answer.get("total")
    return Found(same, total if isinstance(total, int) and total > len(results) else len(same))


def _question(number: Number, most: int, properties: Sequence[str]) -> dict[str, Any]:
    """The search body.

    HubSpot's calculated fields hold the national number without leading zeros, so they are asked for that; the
    wildcard finds numbers that keep one (Italy). The answer holds look-alikes of other countries.
    """
    national = number.national.lstrip("0")
    filters = [
        ("hs_searchable_calculated_phone_number", "EQ", national),
        ("hs_searchable_calculated_mobile_number", "EQ", national),
        ("hs_searchable_calculated_phone_number", "CONTAINS_TOKEN", f"*{national}"),
        ("phone", "EQ", number.e164),
        ("mobilephone", "EQ", number.e164),
    ]
    return {
        "filterGroups": [
            {"filters": [{"propertyName": name, "operator": operator, "value": value}]}
            for name, operator, value in filters
        ],
        "properties": [*_PHONES, *properties],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}],
        "limit": most,
    }
