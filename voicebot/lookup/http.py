"""Answers from an HTTP endpoint that returns one JSON object of plain values."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import HTTPError, TimeoutError

from voicebot.dialog.types import LookUpResult
from voicebot.errors import LookUpError
from voicebot.servers import session

MOST_BYTES = 64 * 1024
"""Largest answer taken; an order fits many times over."""

CONNECT_SECONDS = 2.0
"""A server of one's own that does not even accept the connection in this time will not answer in time either."""

_CHUNK = 8192
_CONNECTIONS = 16


class HttpSource:
    """One endpoint. GET fills the slots into the URL's `{slot}` places; POST also sends them as a JSON object.

    timeout: seconds for the whole answer. 404 means that there is nothing to find. Redirects are not followed,
    so that no header goes to a host the operator did not name. Blocking; safe to use from several threads.
    """

    def __init__(self, name: str, url: str, method: str, timeout: float, headers: Mapping[str, str]) -> None:
        self._name = name
        self._url = url
        self._method = method
        self._timeout = timeout
        self._session = session(url, _CONNECTIONS)
        self._session.headers.update({"Accept": "application/json", **headers})

    def find(self, slots: Mapping[str, str]) -> LookUpResult:
        """Ask for `slots`. Raises LookUpError; its message has no slot value in it."""
        try:
            return self._ask(slots)
        except (requests.Timeout, TimeoutError):
            raise LookUpError(
                f"look-up {self._name}: no answer from {self._host} within {self._timeout:g} s; "
                "see to the server or raise timeout_seconds"
            ) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise LookUpError(f"look-up {self._name}: {self._host} failed: {type(error).__name__}") from None

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    @property
    def _host(self) -> str:
        return urlsplit(self._url).netloc.rpartition("@")[2]

    def _ask(self, slots: Mapping[str, str]) -> LookUpResult:
        deadline = time.monotonic() + self._timeout
        url = self._url
        for slot, value in slots.items():
            url = url.replace(f"{{{slot}}}", quote(value, safe=""))
        with self._session.request(
            self._method,
            url,
            json=dict(slots) if self._method == "POST" else None,
            timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code == requests.codes.not_found:
                return LookUpResult(False)
            if response.status_code != requests.codes.ok:
                raise LookUpError(
                    f"look-up {self._name}: {self._host} answered {response.status_code}, not 200 or 404"
                )
            return LookUpResult(True, self._values(self._read(response, deadline)))

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > MOST_BYTES:
                raise LookUpError(f"look-up {self._name}: the answer is larger than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(body)

    def _values(self, body: bytes) -> dict[str, str]:
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            raise LookUpError(f"look-up {self._name}: the answer of {self._host} is not JSON") from None
        if not isinstance(content, dict):
            raise LookUpError(
                f'look-up {self._name}: the answer must be a JSON object such as {{"status": "shipped"}}'
            )
        return {str(name): self._text(str(name), value) for name, value in content.items()}

    def _text(self, name: str, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case str() | int():
                return str(value)
            case float() if math.isfinite(value):
                return f"{value:g}"
            case _:
                raise LookUpError(
                    f"look-up {self._name}: the value `{name}` must be a text, a number, or true or false"
                )
