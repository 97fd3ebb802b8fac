"""Access tokens that expire: fetched when they are needed, kept until shortly before their end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from voicebot.crm.http import Answer, word
from voicebot.errors import CrmError, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.servers import retry_after

_BUSY_WAIT = 60.0

EARLY_SECONDS = 60.0
"""How long before its end a token is renewed."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as it was given. seconds: how long it lives; None where the vendor does not say."""

    token: str = field(repr=False)
    seconds: float | None = None


class AccessToken:
    """The token of one account. Not for several threads at once.

    fetch: asks for a new one; its errors come out of `get`. clock: seconds, monotonic.
    """

    def __init__(self, fetch: Callable[[], Grant], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._grant: Grant | None = None
        self._until = 0.0

    def get(self) -> str:
        """A token that is good for some time yet."""
        if self._grant is None or self._clock() >= self._until:
            self._grant = self._fetch()
            lives = float("inf") if self._grant.seconds is None else self._grant.seconds
            # A token that lives no longer than the margin would be fetched for every request.
            self._until = self._clock() + max(lives - EARLY_SECONDS, lives / 2)
        return self._grant.token

    def forget(self) -> None:
        """The vendor refused it: the next `get` fetches another."""
        self._grant = None


def no_token(vendor: str, answer: Answer, url: str, proof: str) -> CrmError:
    """Why the answer of a token endpoint holds no token.

    url: the setting with the vendor's address. proof: what an operator checks where the vendor refuses it.
    """
    said = f"{vendor}'s token endpoint answered {answer.status}"
    if answer.status >= 500 or answer.ok:
        return CrmUnavailable(f"{said} without a token")
    if answer.status == 429:
        return CrmThrottled(said, retry_after(answer.headers) or _BUSY_WAIT)
    reason = word((answer.fields or {}).get("error")) or f"without a reason: check {url}"
    return CrmUnauthorized(f"{vendor} gives no token: {answer.status} {reason}; check {proof}")
