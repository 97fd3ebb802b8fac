"""The HTTP edge to Salesforce: tokens, requests and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

from voicebot.crm.http import TIMEOUTS, Answer, Bearer, Client, Invalid, NotFound, word
from voicebot.crm.salesforce_proof import Key, Secret
from voicebot.crm.tokens import AccessToken, Grant, no_token
from voicebot.errors import (
    CrmError,
    CrmRejected,
    CrmThrottled,
    CrmUnauthorized,
    CrmUnavailable,
)
from voicebot.servers import retry_after

# The daily allowance rolls over 24 hours: asking hourly is enough.
_ALLOWANCE_WAIT = 3600.0
_BUSY_WAIT = 5.0
_BUSY = frozenset(("UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "APEX_CPU_LIMIT_EXCEEDED"))
_SPENT = frozenset(("REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"))
_GONE = frozenset(("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "NOT_FOUND"))


class Api:
    """Salesforce's REST API under one My Domain address. Not for several threads at once.

    version: such as `67.0`. timeouts: seconds to connect, and to wait for the next byte.
    """

    def __init__(
        self,
        url: str,
        proof: Secret | Key,
        version: str,
        timeouts: tuple[float, float] = TIMEOUTS,
    ) -> None:
        self.address = f"{url} (API {version})"
        self._url = url
        self._data = f"{url}/services/data/v{version}"
        self._proof = proof
        self._client = Client("Salesforce", timeouts)
        self._token = AccessToken(self._fetch)
        # How long a session lives is the org's policy, and not said: a refused token is renewed.
        self._auth = Bearer(self._token.get, self._token.forget)

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST a question: it may be repeated, so a lost answer is not ambiguous."""
        return self._call("POST", path, body=body)

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records a SOQL query finds; at most the first 2,000."""
        answer = self._call("GET", "query", query={"q": soql})
        records = answer.get("records") if isinstance(answer, dict) else None
        if not isinstance(records, list):
            raise CrmUnavailable("Salesforce answered a query without records")
        return [record for record in records if isinstance(record, dict)]

    def limits(self) -> Any:
        """GET `limits`: what of the org's allowances is left."""
        return self._call("GET", "limits")

    def create(self, kind: str, fields: Mapping[str, Any]) -> str:
        """The id of a new `kind`; raises CrmUnavailable(ambiguous=True) when it may exist without our knowing."""
        return _id(self._call("POST", f"sobjects/{kind}", body=fields, writes=True))

    def upsert(self, kind: str, key: str, value: str, fields: Mapping[str, Any]) -> str:
        """The id of the `kind` whose unique field `key` is `value`, made or changed; may be repeated freely."""
        path = f"sobjects/{kind}/{key}/{quote(value, safe='')}"
        answer = self._call("PATCH", path, body=fields)
        if answer is None:
            # Before v46 an update answered 204 without the id.
            found = self.query(f"SELECT Id FROM {kind} WHERE {key} = '{escaped(value)}' LIMIT 1")  # noqa: S608
            answer = {"id": found[0].get("Id")} if found else {}
        return _id(answer, ambiguous=False)

    def remove(self, kind: str, identity: str) -> None:
        """DELETE a `kind`. Raises NotFound where there is none."""
        self._call("DELETE", f"sobjects/{kind}/{quote(identity, safe='')}")

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Inside, no request begins later than `seconds` from now: CrmUnavailable is raised instead."""
        return self._client.within(seconds)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        writes: bool = False,
    ) -> Any:
        url = f"{self._data}/{path}"
        answer = self._client.send(method, url, auth=self._auth, query=query, body=body, writes=writes)
        if not answer.ok:
            raise translate(answer, writes)
        if answer.empty:
            return None
        if answer.body is None:
            raise CrmUnavailable(
                f"Salesforce answered {answer.status} with something that is not JSON", ambiguous=writes
            )
        return answer.body

    def _fetch(self) -> Grant:
        answer = self._client.send("POST", f"{self._url}/services/oauth2/token", form=self._proof.form())
        fields = answer.fields or {}
        token = fields.get("access_token")
        if answer.ok and isinstance(token, str) and token:
            return Grant(token)
        raise no_token(
            "Salesforce",
            answer,
            url="VOICEBOT_SALESFORCE_URL",
            proof="VOICEBOT_SALESFORCE_CLIENT_ID, its secret or key, and that the app runs the flow for its user",
        )


def translate(answer: Answer, writes: bool) -> CrmError:
    """What an answer that is no success means for us. Messages name status, error codes and fields only."""
    codes, fields = _codes(answer.body)
    status = answer.status
    named = f" (fields {', '.join(sorted(fields))})" if fields else ""
    said = f"Salesforce answered {status} {' '.join(sorted(codes))}".rstrip() + named
    if codes & _SPENT:
        return CrmThrottled(f"{said}: the org's requests of 24 hours are used up", _ALLOWANCE_WAIT)
    if status == 429:
        return CrmThrottled(said, retry_after(answer.headers) or 60.0)
    if codes & _BUSY:
        return CrmThrottled(said, _BUSY_WAIT, account=False)
    if status == 503 and (wait := retry_after(answer.headers)):
        return CrmThrottled(said, wait)
    if status >= 500:
        return CrmUnavailable(said, ambiguous=writes)
    if status == 401:
        return CrmUnauthorized(f"{said}: check VOICEBOT_SALESFORCE_CLIENT_ID and its secret or key")
    if status == 413:
        return CrmRejected(said)
    if not codes:
        return CrmUnavailable(f"{said} without JSON: check VOICEBOT_SALESFORCE_URL and any proxy in between")
    if status == 403:
        return CrmUnauthorized(
            f"{said}: the app's user may not do this; give it the permissions of docs/salesforce.md"
        )
    if status == 404 or codes & _GONE:
        return NotFound(
            f"{said}: check VOICEBOT_SALESFORCE_URL, VOICEBOT_SALESFORCE_API_VERSION and "
            "VOICEBOT_SALESFORCE_EXTERNAL_ID"
        )
    if status in (400, 409):
        return Invalid(said, codes, fields)
    return CrmUnavailable(f"{said}: check VOICEBOT_SALESFORCE_URL")


def escaped(value: str) -> str:
    """`value` for single quotes in SOQL."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _codes(body: Any) -> tuple[frozenset[str], frozenset[str]]:
    items = body if isinstance(body, list) else [body]
    codes: set[str] = set()
    names: set[str] = set()
    for item in items:
        if isinstance(item, dict):
            codes.add(word(item.get("errorCode") or item.get("error")))
            fields = item.get("fields")
            if isinstance(fields, list):
                names.update(word(name) for name in fields)
    return frozenset(codes - {""}), frozenset(names - {""})


def _id(answer: Any, ambiguous: bool = True) -> str:
    found = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found.isalnum():
        raise CrmUnavailable("Salesforce answered a write without an id", ambiguous=ambiguous)
    return found
