"""The HTTP edge to HubSpot: one request at a time, never repeated here, every failure in our own terms."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from pydantic import SecretStr

from voicebot.crm.http import (
    TIMEOUTS,
    Answer,
    Bearer,
    Client,
    Invalid,
    NotFound,
    word,
)
from voicebot.crm.hubspot_oauth import AGAIN, StoredToken
from voicebot.crm.pace import Pace
from voicebot.errors import (
    CrmError,
    CrmRejected,
    CrmThrottled,
    CrmUnauthorized,
    CrmUnavailable,
    SettingsError,
)
from voicebot.servers import retry_after, sendable

SCOPES = ("crm.objects.contacts.read", "crm.objects.contacts.write")

# HubSpot names the exhausted limit instead of a time to wait. DAILY resets at midnight of the account: ask hourly.
_POLICY_WAIT = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
_LOCKED_WAIT = 2.0
_MIGRATION_WAIT = 3600.0

UPLOAD_SECONDS = 45.0
"""Seconds an upload may take altogether."""


class _Timed(io.BytesIO):
    """A body that is read until a moment of the clock, and no longer."""

    def __init__(self, content: bytes, until: float) -> None:
        super().__init__(content)
        self._until = until

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise TimeoutError("the upload takes too long")
        return super().read(size)


class Exists(CrmRejected):
    """409: there is such an object already. existing: its id."""

    def __init__(self, message: str, existing: str) -> None:
        super().__init__(message)
        self.existing = existing


class Api:
    """HubSpot's CRM API under one address, version and token. Not for several threads at once.

    version: `v3`, or a dated one such as `2026-03`; decides where the version stands in the path.
    token: a service key, or where to get an OAuth token.
    timeouts: seconds to connect, and to wait for the next byte.
    """

    def __init__(
        self,
        base_url: str,
        token: SecretStr | StoredToken,
        version: str,
        timeouts: tuple[float, float] = TIMEOUTS,
        pace: Pace | None = None,
    ) -> None:
        if isinstance(token, SecretStr) and not sendable(token.get_secret_value()):
            raise SettingsError(
                "VOICEBOT_HUBSPOT_TOKEN holds characters no token has: copy the service key again, without spaces"
            )
        self.address = f"{base_url} (API {version})"
        self._files = f"{base_url}/files/{version}/files"
        self._objects = f"{base_url}/crm/v3/objects" if version == "v3" else f"{base_url}/crm/objects/{version}"
        self._client = Client("HubSpot", timeouts, pace)
        if isinstance(token, StoredToken):
            self._auth = Bearer(token.get, token.renew)
        else:
            self._auth = Bearer(token.get_secret_value)

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

    def associate(self, kind: str, identity: str, contact: str) -> None:
        """PUT an object of `kind` on a contact; the same again changes nothing."""
        self._call("PUT", f"{kind}/{identity}/associations/default/contacts/{contact}")

    def remove(self, path: str) -> None:
        """DELETE an object. Raises NotFound where there is none."""
        self._call("DELETE", path)

    def upload(self, form: bytes, content_type: str) -> dict[str, Any]:
        """POST a file, as a multipart form; it may exist although this raises CrmUnavailable(ambiguous=True)."""
        body = _Timed(form, time.monotonic() + UPLOAD_SECONDS)
        headers = {"Content-Type": content_type}
        answer = self._client.send("POST", self._files, auth=self._auth, headers=headers, raw=body, writes=True)
        return self._read(answer, writes=True)

    def remove_file(self, identity: str) -> None:
        """DELETE a file for good, from backups too. Raises NotFound where there is none."""
        answer = self._client.send("DELETE", f"{self._files}/{identity}/gdpr-delete", auth=self._auth)
        self._read(answer, writes=False)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Inside, no request begins later than `seconds` from now: CrmUnavailable is raised instead."""
        return self._client.within(seconds)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        writes: bool = False,
    ) -> dict[str, Any]:
        objects = self._objects
        if method == "PUT":
            # The one path that the legacy version has in v4 only.
            objects = objects.replace("/crm/v3/", "/crm/v4/")
        url = f"{objects}/{path}"
        answer = self._client.send(method, url, auth=self._auth, query=query, body=body, writes=writes)
        return self._read(answer, writes)

    def _read(self, answer: Answer, writes: bool) -> dict[str, Any]:
        if answer.status == 401 and self._auth.renew is not None:
            raise CrmUnauthorized(f"HubSpot refuses the app's token: {AGAIN}")
        if not answer.ok:
            raise translate(answer.status, answer.headers, answer.fields, writes)
        if answer.status == 204:
            return {}
        if answer.fields is None:
            raise CrmUnavailable(
                f"HubSpot answered {answer.status} with something that is not JSON", ambiguous=writes
            )
        return answer.fields


def object_id(answer: Mapping[str, Any]) -> str:
    """The id in the answer to a write. Without one the object may exist all the same."""
    found = answer.get("id")
    if not isinstance(found, str | int) or not str(found).isdecimal():
        raise CrmUnavailable("HubSpot answered a write without an id", ambiguous=True)
    return str(found)


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
        return CrmThrottled(said, retry_after(headers) or _POLICY_WAIT.get(policy, 10.0))
    if status == 423:
        return CrmThrottled(said, max(_LOCKED_WAIT, retry_after(headers) or 0.0), account=False)
    if status == 477:
        return CrmThrottled(f"{said}: the account is being moved", retry_after(headers) or _MIGRATION_WAIT)
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
        existing = _existing(body)
        if existing is None:
            return CrmThrottled(f"{said}: somebody else changes the same thing", _LOCKED_WAIT, account=False)
        return Exists(said, existing)
    if status in (413, 422):
        return CrmRejected(said)
    return CrmUnavailable(f"{said}: check VOICEBOT_HUBSPOT_BASE_URL")


def _describe(status: int, body: Mapping[str, Any] | None) -> str:
    if body is None:
        return f"HubSpot answered {status}"
    words = [str(status), word(body.get("category") or body.get("errorType"))]
    words.append(word(body.get("policyName")))
    properties = sorted(_context(body, "propertyName"))
    if properties:
        words.append(f"(properties {', '.join(properties)})")
    if correlation := word(body.get("correlationId")):
        words.append(f"[correlation id {correlation}]")
    return "HubSpot answered " + " ".join(word for word in words if word)


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
            found.update(named for value in values if (named := word(value)))
    return found


def _scopes(body: Mapping[str, Any]) -> str:
    named = _context(body, "requiredGranularScopes") | _context(body, "requiredScopes")
    return " and ".join(sorted(named) or SCOPES)


def _existing(body: Mapping[str, Any]) -> str | None:
    _, found, rest = str(body.get("message", "")).partition("Existing ID:")
    digits = rest.strip().split(" ")[0].strip(".") if found else ""
    return digits if digits.isdigit() else None
