"""HubSpot's OAuth 2.0 with PKCE: connecting an account, and tokens that are renewed before they end.

Access tokens live half an hour. They are renewed five minutes early, by one process at a time: a 401 is no signal
for it, but the end is known.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from pydantic import SecretStr

from voicebot.crm.http import TIMEOUTS, Client, word
from voicebot.crm.vault import Vault
from voicebot.errors import ConfigError, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.servers import retry_after
from voicebot.store.oauth import OAuthTokens

ACCOUNT = "hubspot"
SCOPES = ("oauth", "crm.objects.contacts.read", "crm.objects.contacts.write")
EARLY = timedelta(minutes=5)
LAST = timedelta(seconds=10)
TURN_SECONDS = 30.0

AGAIN = "run `voicebot crm connect hubspot`"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What HubSpot gave. seconds: life of the access token. hub: the account's id."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: float
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """One attempt to connect: where the person is sent, and what only we know of it."""

    url: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect: str


class App:
    """The HubSpot app of the owner.

    base_url: of the API. authorize_url: where people are sent. version: of the OAuth endpoints, such as `2026-03`.
    files: whether recordings are sent, which takes a scope of its own.
    """

    def __init__(
        self,
        base_url: str,
        authorize_url: str,
        version: str,
        client_id: str,
        secret: SecretStr,
        timeouts: tuple[float, float] = TIMEOUTS,
        files: bool = False,
    ) -> None:
        self._scopes = (*SCOPES, "files") if files else SCOPES
        self._token_url = f"{base_url}/oauth/{version}/token"
        self._authorize_url = authorize_url
        self._client_id = client_id
        self._secret = secret
        self._client = Client("HubSpot", timeouts)

    def wish(self, redirect: str) -> Wish:
        """Begin to connect. redirect: exactly as the app has it."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect,
            "scope": " ".join(self._scopes),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return Wish(f"{self._authorize_url}?{urlencode(query)}", state, verifier, redirect)

    def exchange(self, wish: Wish, code: str) -> Tokens:
        """The tokens for the code that came back. Raises CrmError."""
        given = {"code": code, "redirect_uri": wish.redirect, "code_verifier": wish.verifier}
        return self._ask({"grant_type": "authorization_code", **given})

    def refresh(self, token: str) -> Tokens:
        """New tokens. Raises CrmUnauthorized when the account must be connected again."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": token}, token)

    def _ask(self, given: dict[str, str], old: str = "") -> Tokens:
        proof = {"client_id": self._client_id, "client_secret": self._secret.get_secret_value()}
        answer = self._client.send("POST", self._token_url, form={**given, **proof})
        fields = answer.fields or {}
        access, lives = fields.get("access_token"), fields.get("expires_in")
        if answer.ok and isinstance(access, str) and access and isinstance(lives, int | float) and lives > 0:
            refresh = fields.get("refresh_token")
            hub = word(fields.get("hub_id"))
            return Tokens(access, refresh if isinstance(refresh, str) and refresh else old, float(lives), hub)
        if answer.status == 429:
            raise CrmThrottled("HubSpot's token endpoint answered 429", retry_after(answer.headers) or 10.0)
        if answer.status >= 500 or answer.ok or answer.fields is None:
            raise CrmUnavailable(f"HubSpot's token endpoint answered {answer.status} without a token")
        said = word(fields.get("error") or fields.get("status"))
        raise CrmUnauthorized(
            f"HubSpot gives no token: {answer.status} {said}; check VOICEBOT_HUBSPOT_CLIENT_ID and its secret, "
            f"then {AGAIN}"
        )


def keep(store: OAuthTokens, vault: Vault, tokens: Tokens, now: datetime) -> None:
    """Keep the tokens, sealed. Raises StoreError."""
    content = {"access": tokens.access, "refresh": tokens.refresh, "hub": tokens.hub}
    store.put(ACCOUNT, vault.seal(ACCOUNT, content), now + timedelta(seconds=tokens.seconds))


class StoredToken:
    """The access token of the connected account, renewed by one process at a time. Safe from any thread.

    store: opens the tokens when they are first needed. now: aware, UTC.
    """

    def __init__(
        self, app: App, store: Callable[[], OAuthTokens], vault: Vault, now: Callable[[], datetime]
    ) -> None:
        self._app = app
        self._open = store
        self._store: OAuthTokens | None = None
        self._vault = vault
        self._now = now
        self._owner = f"{socket.gethostname()}:{secrets.token_hex(4)}"
        self._access = ""
        self._until: datetime | None = None
        self._lock = threading.Lock()

    def get(self) -> str:
        """A token that is good for some minutes yet. Raises CrmError, StoreError."""
        with self._lock:
            if self._until is not None and self._now() < self._until - EARLY:
                return self._access
            return self._fresh(force=False)

    def renew(self) -> None:
        """HubSpot refuses the token although its time is not over: get another. Raises CrmError, StoreError."""
        with self._lock:
            self._until = None
            self._fresh(force=True)

    def _fresh(self, force: bool) -> str:
        refused = self._access if force else ""
        store = self._store = self._store or self._open()
        if self._read(store, refused):
            return self._access
        if not store.take_turn(ACCOUNT, self._owner, TURN_SECONDS):
            if self._until is not None and self._now() < self._until - LAST and self._access != refused:
                return self._access
            raise CrmThrottled("another process renews HubSpot's token", 2.0)
        try:
            if self._read(store, refused):
                return self._access
            tokens = self._app.refresh(self._secrets(store)["refresh"])
            keep(store, self._vault, tokens, self._now())
        finally:
            store.give_turn(ACCOUNT, self._owner)
        self._access, self._until = tokens.access, self._now() + timedelta(seconds=tokens.seconds)
        return self._access

    def _read(self, store: OAuthTokens, refused: str) -> bool:
        """Take over what is kept; whether it will do."""
        kept = store.get(ACCOUNT)
        if kept is None:
            raise CrmUnauthorized(f"HubSpot is not connected: {AGAIN}")
        self._access, self._until = self._secrets(store)["access"], kept.expires_at
        return self._access != refused and self._now() < kept.expires_at - EARLY

    def _secrets(self, store: OAuthTokens) -> dict[str, str]:
        kept = store.get(ACCOUNT)
        if kept is None:
            raise CrmUnauthorized(f"HubSpot is not connected: {AGAIN}")
        try:
            return self._vault.open(ACCOUNT, kept.sealed)
        except ConfigError as error:
            raise CrmUnauthorized(str(error)) from None
