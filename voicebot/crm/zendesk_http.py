"""The HTTP edge to Zendesk: tokens, requests and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from pydantic import SecretStr

from voicebot.crm.http import TIMEOUTS, Answer, Bearer, Client, Invalid, NotFound, word
from voicebot.crm.pace import Pace
from voicebot.crm.tokens import AccessToken, Grant, no_token
from voicebot.errors import CrmError, CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.servers import retry_after

_BUSY_WAIT = 60.0
_CONFLICT_WAIT = 2.0


class Api:
    """Zendesk's API under one account's address. Not for several threads at once.

    url: such as `https://acme.zendesk.com`. scope: what the token may do, `read write`.
    timeouts: seconds to connect, and to wait for the next byte.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: SecretStr,
        scope: str = "read write",
        timeouts: tuple[float, float] = TIMEOUTS,
        pace: Pace | None = None,
    ) -> None:
        self.address = url
        self._client_id = client_id
        self._secret = secret
        self._scope = scope
        self._client = Client("Zendesk", timeouts, pace)
        self._token = AccessToken(self._fetch)
        self._auth = Bearer(self._token.get, self._token.forget)

    def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET `path` below `/api/v2`."""
        return self._call("GET", path, query=query)

    def write(self, path: str, body: Mapping[str, Any], key: str = "", repeatable: bool = False) -> dict[str, Any]:
        """POST a new object.

        key: an `Idempotency-Key`, which the account keeps for two hours; only tickets take one.
        repeatable: the same again changes nothing, so a lost answer leaves no doubt.

        Raises CrmUnavailable(ambiguous=True) when it may exist without our knowing.
        """
        headers = {"Idempotency-Key": key[:255]} if key else {}
        return self._call("POST", path, body=body, headers=headers, writes=not repeatable)

    def change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """PUT a change. Raises CrmUnavailable(ambiguous=True) when it may have been made without our knowing."""
        return self._call("PUT", path, body=body, writes=True)

    def trigger(self, path: str) -> None:
        """POST nothing, for what it does; the same again does no harm. Raises NotFound for what is not there."""
        self._call("POST", path, quiet=True)

    def remove(self, path: str) -> None:
        """DELETE what `path` below `/api/v2` names. Raises NotFound where there is nothing."""
        self._call("DELETE", path)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Inside, no request begins later than `seconds` from now: CrmUnavailable is raised instead."""
        return self._client.within(seconds)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        writes: bool = False,
        quiet: bool = False,
    ) -> dict[str, Any]:
        url = f"{self.address}/api/v2/{path}"
        answer = self._client.send(
            method, url, auth=self._auth, query=query, body=body, headers=headers, writes=writes
        )
        if not answer.ok:
            raise translate(answer, writes)
        if answer.status == 204 or quiet:
            return {}
        if answer.fields is None:
            raise CrmUnavailable(
                f"Zendesk answered {answer.status} with something that is not JSON", ambiguous=writes
            )
        return answer.fields

    def _fetch(self) -> Grant:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": self._scope,
        }
        answer = self._client.send("POST", f"{self.address}/oauth/tokens", body=form)
        fields = answer.fields or {}
        token, lives = fields.get("access_token"), fields.get("expires_in")
        if answer.ok and isinstance(token, str) and token:
            return Grant(token, float(lives) if isinstance(lives, int | float) and lives > 0 else None)
        raise no_token(
            "Zendesk",
            answer,
            url="VOICEBOT_ZENDESK_URL",
            proof="VOICEBOT_ZENDESK_CLIENT_ID, VOICEBOT_ZENDESK_CLIENT_SECRET and that the client is confidential",
        )


def translate(answer: Answer, writes: bool) -> CrmError:
    """What an answer that is no success means for us.

    Messages name status, error and fields, never Zendesk's text: it quotes what we sent.
    """
    status, body = answer.status, answer.fields
    codes, names = _codes(body or {})
    named = f" (fields {', '.join(sorted(names))})" if names else ""
    said = f"Zendesk answered {status} {' '.join(sorted(codes))}".rstrip() + named
    wait = retry_after(answer.headers)
    if status == 429 or (status == 503 and wait is not None):
        return CrmThrottled(said, wait if wait is not None else _BUSY_WAIT)
    if status >= 500:
        return CrmUnavailable(said, ambiguous=writes)
    if status == 401:
        return CrmUnauthorized(f"{said}: check VOICEBOT_ZENDESK_CLIENT_ID and VOICEBOT_ZENDESK_CLIENT_SECRET")
    if status == 413:
        return CrmRejected(said)
    if body is None:
        return CrmUnavailable(f"{said} without JSON: check VOICEBOT_ZENDESK_URL and any proxy in between")
    if status == 403:
        return CrmUnauthorized(f"{said}: the client lacks a scope (VOICEBOT_ZENDESK_SCOPE), or its user a role")
    if status == 404:
        return NotFound(f"{said}: check VOICEBOT_ZENDESK_URL")
    if status == 409:
        return CrmThrottled(f"{said}: somebody else changes the same thing", wait or _CONFLICT_WAIT, account=False)
    if status in (400, 422):
        return Invalid(said, codes, names)
    return CrmUnavailable(f"{said}: check VOICEBOT_ZENDESK_URL")


def _codes(body: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of an error body: `{"error": …, "details": {field: [{"error": …}]}}`, or a `title` in `error`."""
    error, details = body.get("error"), body.get("details")
    codes = {word(error.get("title") if isinstance(error, dict) else error)}
    names: set[str] = set()
    for name, problems in details.items() if isinstance(details, dict) else ():
        names.add(word(name))
        for problem in problems if isinstance(problems, list) else ():
            codes.add(word(problem.get("error")) if isinstance(problem, dict) else "")
    return frozenset(codes - {""}), frozenset(names - {""})
