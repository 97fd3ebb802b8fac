"""HTTP to servers an operator names: sessions for many threads, and what a refusal says about coming back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from voicebot.errors import SettingsError
from voicebot.settings.addresses import is_loopback

DAY = 86_400.0

LONGEST_REST = 60.0
"""Seconds a server that calls wait for is left alone at most, however long it asks for."""

TLS_ADVICE = (
    "an https address needs a certificate this machine trusts (of an authority of your own: its file in "
    "REQUESTS_CA_BUNDLE), a server without TLS an http address"
)
"""What to do when the two sides find no common word before the first request."""


def session(url: str, connections: int, key: SecretStr | None = None, setting: str = "") -> requests.Session:
    """A session to the server at `url` for that many requests at once, from as many threads.

    key: sent as bearer token. setting: where it comes from. Raises SettingsError for a key that cannot be sent.
    """
    made = requests.Session()
    # A proxy of the environment is for hosts elsewhere: on this machine it would reach another one, with our key.
    kind = _Direct if is_loopback(urlsplit(url).hostname or "") else HTTPAdapter
    adapter = kind(pool_connections=1, pool_maxsize=connections)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    # Without an `auth` of its own, requests would take one from ~/.netrc and overwrite our header.
    made.auth = lambda request: request
    if key is not None:
        if not sendable(key.get_secret_value()):
            raise SettingsError(f"{setting} holds characters no key has: copy it again, without spaces")
        made.headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    return made


def sendable(token: str) -> bool:
    """Whether `token` can stand in a header: no spaces, control characters or letters beyond ASCII."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def retry_after(headers: Mapping[str, str], longest: float = DAY) -> float | None:
    """Seconds of a `Retry-After` header (RFC 9110 section 10.2.3: a number or a date), at most `longest`."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return min(float(value), longest)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), longest)


class _Direct(HTTPAdapter):
    """Reaches the host itself, whatever the environment says of proxies."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        return super().send(request, *args, **{**options, "proxies": {}})
