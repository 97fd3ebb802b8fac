"""Who is at their phone: the users registered at jambonz, asked before a caller is told anything about them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import requests
import structlog

from voicebot.dialog.types import PRESENCE, LookUpResult
from voicebot.lookup.port import LookUps
from voicebot.settings import Settings

log = structlog.get_logger()

SECONDS = 1.0
"""To connect, and again to answer: the caller is waiting, and not knowing costs nothing but a ringing phone."""

UNKNOWN = LookUpResult(found=False)


class RegisteredUsers:
    """The users registered at an account's SIP realm, from the jambonz REST API.

    url: base of the API, up to and with `/v1` or without. Blocking; safe to use from several threads.
    """

    def __init__(self, url: str, account: str, key: str) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        self._url = f"{base}/v1/Accounts/{account}/RegisteredSipUsers"
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}

    def find(self, users: Mapping[str, str]) -> LookUpResult:
        """For each name in `users` whether its address is registered, `yes` or `no`; not found if unknown."""
        try:
            answer = requests.get(
                self._url, headers=self._headers, timeout=(SECONDS, SECONDS), allow_redirects=False
            )
            if answer.status_code != requests.codes.ok:
                log.warning("registered_users.refused", status=answer.status_code)
                return UNKNOWN
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            log.warning("registered_users.unknown", error=type(error).__name__)
            return UNKNOWN
        if not isinstance(found, list):
            log.warning("registered_users.unknown", error="not a list")
            return UNKNOWN
        there = {entry.lower() for entry in found if isinstance(entry, str)}
        bare = {entry.partition("@")[0] for entry in there}
        # A bare user name gets the account's realm appended, as in a `dial`.
        return LookUpResult(
            True,
            {
                name: "yes" if address.lower() in (there if "@" in address else bare) else "no"
                for name, address in users.items()
            },
        )


class WithRegisteredUsers:
    """`LookUps` that also answer `PRESENCE`."""

    def __init__(self, lookups: LookUps, users: RegisteredUsers) -> None:
        self._lookups = lookups
        self._users = users

    async def ask(self, name: str, slots: Mapping[str, str]) -> LookUpResult:
        """As `LookUps.ask`; who is registered is asked in a thread, and never fails."""
        if name == PRESENCE:
            return await asyncio.to_thread(self._users.find, dict(slots))
        return await self._lookups.ask(name, slots)

    async def aclose(self) -> None:
        """Give connections back."""
        await self._lookups.aclose()


def with_registered_users(lookups: LookUps, settings: Settings) -> LookUps:
    """`lookups`, which also know who is registered if the settings name the jambonz API."""
    key = settings.jambonz_api_key
    if key is None:
        return lookups
    users = RegisteredUsers(settings.jambonz_api_url, settings.jambonz_account_sid, key.get_secret_value())
    return WithRegisteredUsers(lookups, users)
