"""The HTTP edge to HubSpot: one request at a time, never repeated here, every failure in our own terms."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from pydantic import SecretStr
from requests.auth import AuthBase

from voicebot.errors import (
    CrmError,
    CrmRejected,
    CrmThrottled,
    CrmUnauthorized,
    CrmUnavailable,
    SettingsError,
)

TIMEOUTS = (3.05, 10.0)
"""Seconds to connect, and to wait for the next byte of an answer."""

SCOPES = ("crm.objects.contacts.read", "crm.objects.contacts.write")

_ANSWER_SECONDS = 10.0
_ANSWER_BYTES = 16 << 20
_LONGEST_WAIT = 86_400.0
# HubSpot names the exhausted limit instead of a time to wait. DAILY resets at midnight of the account: ask hourly.
_POLICY_WAIT = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
_LOCKED_WAIT = 2.0
_MIGRATION_WAIT = 3600.0


class Invalid(CrmRejected):
    """400: HubSpot finds the content wrong, by its own rules or by those of the account."""


class Exists(CrmRejected):
    """409: there is such an object already. existing: its id, or None if HubSpot did not say."""

    def __init__(self, message: str, existing: str | None) -> None:
        super().__init__(message)
        self.existing = existing


class NotFound(CrmUnavailable):
    """404: the object is gone, or the address or API version is wrong. Nothing was written."""


class Api:
    """HubSpot's CRM API under one address, version and token. Not for several threads at once.

    version: `v3`, or a dated one such as `2026-03`; decides where the version stands in the path.
    timeouts: seconds to connect, and to wait for the next byte.
    """

    def __init__(
        self, base_url: str, token: SecretStr, version: str, timeouts: tuple[float, float] = TIMEOUTS
    ) -> None:
        self.address = f"{base_url} (API {version})"
        self._objects = f"{base_url}/crm/v3/objects" if version == "v3" else f"{base_url}/crm/objects/{version}"
        self._timeouts = timeouts
        self._until = math.inf
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers["Accept"] = "application/json"

    def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET `path` below the objects' address, such as `contacts/1/associations/notes`."""
        return self._call("GET", path, query=query)

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST a question, such as a search: it may be repeated, so a lost answer is not ambiguous."""
        return self._call("POST", path, body=body)

    def write(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST a new object; raises CrmUnavailable(ambiguous=True) when it may exist without our knowing."""
        return self._call("POST", path, body=body, writes=True)

    def change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """PATCH an object."""
        return self._call("PATCH", path, body=body, writes=True)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside, no request begins later than `seconds` from now: CrmUnavailable is raised instead."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = math.inf

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        writes: bool = False,
    ) -> dict[str, Any]:
        if time.monotonic() > self._until:
            raise CrmUnavailable("HubSpot answers too slowly to get done in one attempt")
        try:
            with self._session.request(
                method,
                f"{self._objects}/{path}",
                params=query,
                json=body,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _content(response, time.monotonic)
        except requests.RequestException as error:
            if _never_sent(error):
                raise CrmUnavailable(f"HubSpot cannot be reached ({_kind(error)})") from None
            raise CrmUnavailable(f"HubSpot's answer was lost ({_kind(error)})", ambiguous=writes) from None
        answer = _json(content)
        if not 200 <= response.status_code < 300:
            raise translate(response.status_code, response.headers, answer, writes)
        if answer is None:
            raise CrmUnavailable(
                f"HubSpot answered {response.status_code} with something that is not JSON", ambiguous=writes
            )
        return answer


def translate(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None, writes: bool) -> CrmError:
    """What an answer that is no success means for us.

    body: the JSON object, or None where something else came, which then was not HubSpot's API speaking.
    writes: whether the request may have changed something.

    Messages name status, category, properties and correlation id, never HubSpot's text: it quotes what we sent.
    """
    said = _describe(status, body)
    if status == 401:
        return CrmUnauthorized(f"{said}: put a valid service key into VOICEBOT_HUBSPOT_TOKEN")
    if status == 429:
        policy = str((body or {}).get("policyName", "")).upper()
        return CrmThrottled(said, _retry_after(headers) or _POLICY_WAIT.get(policy, 10.0))
    if status == 423:
        return CrmThrottled(said, max(_LOCKED_WAIT, _retry_after(headers) or 0.0))
    if status == 477:
        return CrmThrottled(f"{said}: the account is being moved", _retry_after(headers) or _MIGRATION_WAIT)
    if status >= 500:
        return CrmUnavailable(said, ambiguous=writes)
    if body is None:
        return CrmUnavailable(f"{said} without JSON: check VOICEBOT_HUBSPOT_BASE_URL and any proxy in between")
    if status == 400:
        return Invalid(said)
    if status == 403:
        return CrmUnauthorized(f"{said}: give the service key the scopes {_scopes(body)}")
    if status == 404:
        return NotFound(f"{said}: check VOICEBOT_HUBSPOT_BASE_URL and VOICEBOT_HUBSPOT_API_VERSION")
    if status == 409:
        return Exists(said, _existing(body))
    if status in (413, 422):
        return CrmRejected(said)
    return CrmUnavailable(f"{said}: check VOICEBOT_HUBSPOT_BASE_URL")


class _Bearer(AuthBase):
    """Sets the token per request: a default header would give way to a `.netrc` entry, and show in a repr."""

    def __init__(self, token: SecretStr) -> None:
        if not _sendable(token.get_secret_value()):
            raise SettingsError(
                "VOICEBOT_HUBSPOT_TOKEN holds characters no token has: copy the service key again, without spaces"
            )
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


def _sendable(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _content(response: requests.Response, clock: Callable[[], float]) -> bytes:
    """The body, bounded in size and time: the read timeout alone lets an answer drip for ever."""
    begun, content = clock(), bytearray()
    for chunk in response.iter_content(65_536):
        content += chunk
        if len(content) > _ANSWER_BYTES or clock() - begun > _ANSWER_SECONDS:
            raise requests.exceptions.ChunkedEncodingError("answer too long")
    return bytes(content)


def _never_sent(error: requests.RequestException) -> bool:
    """Whether the request certainly never left: no connection, no name, or a certificate that is not trusted."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError) or "CERTIFICATE_VERIFY_FAILED" in str(reason)


def _kind(error: requests.RequestException) -> str:
    # The text of the error holds the URL, and with it object ids: the class says enough.
    return type(error).__name__


def _json(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _describe(status: int, body: Mapping[str, Any] | None) -> str:
    if body is None:
        return f"HubSpot answered {status}"
    words = [str(status), _word(body.get("category") or body.get("errorType"))]
    words.append(_word(body.get("policyName")))
    properties = sorted(_context(body, "propertyName"))
    if properties:
        words.append(f"(properties {', '.join(properties)})")
    if correlation := _word(body.get("correlationId")):
        words.append(f"[correlation id {correlation}]")
    return "HubSpot answered " + " ".join(word for word in words if word)


def _word(value: object) -> str:
    """`value` if it looks like an identifier, so that no free text gets into messages."""
    text = str(value or "")[:64]
    return text if text.replace("_", "").replace("-", "").replace(".", "").isalnum() else ""


def _context(body: Mapping[str, Any], key: str) -> set[str]:
    errors = body.get("errors")
    contexts = [body.get("context")]
    contexts += (
        [item.get("context") for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []
    )
    found: set[str] = set()
    for context in contexts:
        values = context.get(key) if isinstance(context, dict) else None
        if isinstance(values, list):
            found.update(word for value in values if (word := _word(value)))
    return found


def _scopes(body: Mapping[str, Any]) -> str:
    named = _context(body, "requiredGranularScopes") | _context(body, "requiredScopes")
    return " and ".join(sorted(named) or SCOPES)


def _existing(body: Mapping[str, Any]) -> str | None:
    _, found, rest = str(body.get("message", "")).partition("Existing ID:")
    digits = rest.strip().split(" ")[0].strip(".") if found else ""
    return digits if digits.isdigit() else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header (RFC 9110 section 10.2.3: a number or a date), at most a day."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return min(float(value), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)
