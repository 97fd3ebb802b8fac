"""HubSpot's token endpoint for tests: codes with PKCE, tokens that end, refresh tokens that are revoked."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT_ID = "0f3b-not-a-real-app"
CLIENT_SECRET = "not-a-real-client-secret"  # noqa: S105
LIVES = 1800.0
"""Seconds an access token lives."""


class OAuth:
    """The app's grants of one account. clock: seconds since the epoch.

    given: how often each grant type was used.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.given: dict[str, int] = {}
        self._clock = clock
        self._codes: dict[str, tuple[str, str]] = {}
        self._refreshes: set[str] = set()
        self._access: dict[str, float] = {}

    def allow(self, url: str) -> str:
        """A person opens the authorise address and allows it: where the browser is then sent."""
        asked = dict(parse_qsl(urlsplit(url).query))
        if asked["client_id"] != CLIENT_ID or asked.get("code_challenge_method") != "S256":
            raise ValueError("HubSpot would show an error page")
        code = secrets.token_urlsafe(12)
        self._codes[code] = (asked["redirect_uri"], asked["code_challenge"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def revoke(self) -> None:
        """The account's admin removes the app."""
        self._refreshes.clear()
        self._access.clear()

    def end(self) -> None:
        """Every access token is over, early."""
        self._access.clear()

    def knows(self, token: str) -> bool:
        """Whether it is an access token that has not ended."""
        return self._access.get(token, 0.0) > self._clock()

    def answer(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body for one request to the token endpoint."""
        kind = form.get("grant_type", "")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, _error("invalid_client", "BAD_CLIENT_SECRET")
        if kind == "authorization_code":
            redirect, challenge = self._codes.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not redirect or form.get("redirect_uri") != redirect or proof != challenge:
                return 400, _error("invalid_grant", "BAD_AUTH_CODE")
            refresh = f"refresh-{secrets.token_hex(8)}"
            self._refreshes.add(refresh)
        elif kind == "refresh_token":
            refresh = form.get("refresh_token", "")
            if refresh not in self._refreshes:
                return 400, _error("invalid_grant", "BAD_REFRESH_TOKEN")
        else:
            return 400, _error("unsupported_grant_type", "BAD_GRANT_TYPE")
        self.given[kind] = self.given.get(kind, 0) + 1
        access = f"access-{secrets.token_hex(150)}"
        self._access[access] = self._clock() + LIVES
        return 200, {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": LIVES,
            "token_type": "bearer",
            "token_use": "access",
            "hub_id": 12345,
            "user_id": 1,
            "scopes": ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"],
        }


def _error(error: str, status: str) -> dict[str, Any]:
    return {"error": error, "error_description": "no", "status": status, "message": "no"}
