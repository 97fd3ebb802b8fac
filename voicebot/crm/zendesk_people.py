"""The people of a Zendesk account by telephone number, for those who talk with the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.crm import matches
from voicebot.crm.callers import LOOK_SECONDS, SHOWN, text
from voicebot.crm.numbers import Number
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmUnavailable
from voicebot.people import Match, People

_SEARCHED = "100"


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
            for question in (f"phone:{number.e164}", number.national.lstrip("0")):
                found = self._search(number, question)
                if found.matches:
                    return found
        return People()

    def _search(self, number: Number, question: str) -> People:
        answer = self._api.read("users/search", {"query": question, "per_page": _SEARCHED, "page": "1"})
        users = answer.get("users")
        if not isinstance(users, list):
            raise CrmUnavailable("Zendesk answered a search without users")
        same = matches.having(number, [user for user in users if isinstance(user, dict)], ("phone",), self._region)
        same = [user for user in same if user.get("active") is not False and not user.get("suspended")]
        same.sort(key=lambda user: str(user.get("updated_at") or ""), reverse=True)
        count = answer.get("count")
        more = bool(same) and bool(answer.get("next_page")) and isinstance(count, int)
        return People(tuple(self._match(user) for user in same[:SHOWN]), int(count or 0) if more else len(same))

    def _match(self, user: Mapping[str, Any]) -> Match:
        identity, fields = text(user.get("id")), user.get("user_fields")
        told = fields if isinstance(fields, dict) else {}
        return Match(
            "zendesk",
            text(user.get("name")) or f"User {identity}",
            f"{self._url}/agent/users/{identity}" if identity.isdecimal() else "",
            {ours: value for ours, theirs in self._properties.items() if (value := text(told.get(theirs)))},
            identity,
        )
