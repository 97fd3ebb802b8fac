"""The people of a Zendesk account by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.crm import zendesk_search
from voicebot.crm.finder import LOOK_SECONDS, SHOWN, text, told
from voicebot.crm.numbers import Number
from voicebot.crm.zendesk_http import Api
from voicebot.people import Match, People


class ZendeskPeople:
    """The users of one Zendesk account.

    region: country (ISO 3166) of numbers without a country code. url: address of the account.
    properties: key of the user field that is wanted, by our name for it.
    """

    def __init__(self, api: Api, region: str, url: str, properties: Mapping[str, str]) -> None:
        self._api = api
        self._region = region
        self._url = url
        self._properties = properties

    def find(self, number: Number) -> People:
        """The users with exactly this number, the one changed last first. Raises CrmError."""
        with self._api.within(LOOK_SECONDS):
            found = zendesk_search.users(self._api, number, self._region, pages=1)
        return People(tuple(self._match(user) for user in found.people[:SHOWN]), found.total)

    def _match(self, user: Mapping[str, Any]) -> Match:
        identity, fields = text(user.get("id")), user.get("user_fields")
        return Match(
            "zendesk",
            text(user.get("name")) or f"User {identity}",
            f"{self._url}/agent/users/{identity}" if identity.isdecimal() else "",
            told(fields if isinstance(fields, dict) else {}, self._properties),
            identity,
        )
