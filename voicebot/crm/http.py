"""One HTTP request to a vendor at a time: bounded in time and size, never redirected.

It is never repeated either, but where the vendor refuses its token: then once, with another.

What a vendor's answer means is its own module's business; that there was none is told here.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import requests
import urllib3
from requests.auth import AuthBase

from voicebot.crm.pace import Pace
from voicebot.errors import CrmRejected, CrmUnavailable

TIMEOUTS = (3.05, 10.0)
"""Seconds to connect, and to wait for the next byte of an answer."""

DELIVERY_SECONDS = 30.0
"""No request of a delivery begins later; with the longest request it ends well within a worker's lease."""

_ANSWER_SECONDS = 10.0
_ANSWER_BYTES = 16 << 20


class Invalid(CrmRejected):
    """The vendor finds the content wrong, by its own rules or by those of the account.

    codes: the vendor's words for what is wrong. names: the properties it names.
    """

    def __init__(
        self, message: str, codes: frozenset[str] = frozenset(), names: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(message)
        self.codes = codes
        self.names = names


class NotFound(CrmUnavailable):
    """The object is gone, or the address or API version is wrong. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. body: the JSON value; None where there was none, see `empty`."""

    status: int
    headers: Mapping[str, str]
    body: Any
    empty: bool

    @property
    def ok(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, Any] | None:
        """The body where it is a JSON object."""
        return self.body if isinstance(self.body, dict) else None


class Client:
    """Requests to one vendor. Not for several threads at once.

    vendor: its name in messages. timeouts: seconds to connect, and to wait for the next byte.
    session: connections of another kind than the usual.
    """

    def __init__(
        self,
        vendor: str,
        timeouts: tuple[float, float] = TIMEOUTS,
        pace: Pace | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.vendor = vendor
        self._timeouts = timeouts
        self._pace = pace
        self._until = math.inf
        self._session = session or requests.Session()
        self._session.headers["Accept"] = "application/json"

    def send(
        self,
        method: str,
        url: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | BinaryIO | None = None,
        writes: bool = False,
    ) -> Answer:
        """The answer, whatever its status. body: sent as JSON. writes: a lost answer leaves doubt.

        auth: where it is a `Bearer` whose token can be renewed, a 401 is answered with another one, once.
        raw: sent as it is; a file piece by piece, with the time-out for each piece instead of the whole.

        Raises CrmUnavailable when there is no answer, CrmThrottled when the account's limit is used up.
        """
        ask = partial(
            self._session.request,
            method,
            url,
            params=query,
            json=body,
            data=raw if raw is not None else form,
            headers=headers,
            auth=auth or _Nobody(),
            timeout=self._timeouts,
            allow_redirects=False,
            stream=True,
        )
        answer = self._answer(ask, writes)
        if answer.status == 401 and isinstance(auth, Bearer) and auth.renew is not None:
            auth.renew()
            if raw is not None and not isinstance(raw, bytes):
                raw.seek(0)
            answer = self._answer(ask, writes)
        return answer

    def _answer(self, ask: Callable[[], requests.Response], writes: bool) -> Answer:
        if time.monotonic() > self._until:
            raise CrmUnavailable(f"{self.vendor} answers too slowly to get done in one attempt")
        if self._pace is not None:
            self._pace.wait()
        try:
            with ask() as response:
                content = _content(response, min(_ANSWER_SECONDS, self._timeouts[1]), time.monotonic)
        except requests.RequestException as error:
            if _never_sent(error):
                raise CrmUnavailable(f"{self.vendor} cannot be reached ({_kind(error)})") from None
            raise CrmUnavailable(f"{self.vendor}'s answer was lost ({_kind(error)})", ambiguous=writes) from None
        return Answer(response.status_code, response.headers, _json(content), not content.strip())

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside, no request begins later than `seconds` from now: CrmUnavailable is raised instead."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = math.inf


class Bearer(AuthBase):
    """Sets the token per request: a default header would give way to a `.netrc` entry, and show in a repr.

    renew: makes `token` give another one: it may be revoked, or its end reckoned wrong. None where it cannot.
    """

    def __init__(self, token: Callable[[], str], renew: Callable[[], None] | None = None) -> None:
        self._token = token
        self.renew = renew

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


class _Nobody(AuthBase):
    """Keeps a `.netrc` entry out of requests that carry their proof elsewhere."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def word(value: object) -> str:
    """`value` if it looks like an identifier, so that no free text of a vendor gets into messages."""
    text = str(value or "")[:64]
    return text if text.replace("_", "").replace("-", "").replace(".", "").isalnum() else ""


def _content(response: requests.Response, seconds: float, clock: Callable[[], float]) -> bytes:
    """The body, bounded in size and time: the read timeout alone lets an answer drip for ever."""
    begun, content = clock(), bytearray()
    for chunk in response.iter_content(65_536):
        content += chunk
        if len(content) > _ANSWER_BYTES or clock() - begun > seconds:
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


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
