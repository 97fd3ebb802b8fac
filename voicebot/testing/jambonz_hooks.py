"""The webhooks of a simulated jambonz call: bodies, signature, and what counts as an answer."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit
from uuid import uuid4

import requests

from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_log import CallLog, Fault, HookCalled
from voicebot.testing.jambonz_validate import ReplyRefused, Verb, read_reply

TIMEOUT = 10.0
"""Seconds jambonz waits for the headers of an answer."""

_GOOD = (200, 202, 204)


@dataclass(slots=True)
class CallFacts:
    """What jambonz knows of a call and tells in its webhooks and the stream's metadata."""

    caller: str
    called: str
    call_sid: str = field(default_factory=lambda: str(uuid4()))
    account_sid: str = "b1a7c0de-0000-4000-8000-000000000001"
    application_sid: str = "b1a7c0de-0000-4000-8000-000000000002"
    trace_id: str = field(default_factory=lambda: uuid4().hex)
    call_status: str = "trying"
    sip_status: int = 100
    sip_reason: str = "Trying"
    customer_data: dict[str, Any] = field(default_factory=dict)
    env_vars: Mapping[str, Any] = field(default_factory=dict)

    def first(self) -> dict[str, Any]:
        """Body of the call hook."""
        return {
            **self._common(),
            "caller_name": "",
            "service_provider_sid": "b1a7c0de-0000-4000-8000-000000000003",
            "originating_sip_ip": "192.0.2.10",
            "originating_sip_trunk_name": "simulated",
            "defaults": {
                "synthesizer": {"vendor": "google", "language": "en-US", "voice": "en-US-Standard-C"},
                "recognizer": {"vendor": "google", "language": "en-US"},
            },
            "env_vars": dict(self.env_vars),
            "sip": {
                "method": "INVITE",
                "version": "2.0",
                "uri": f"sip:{self.called}@192.0.2.1",
                "headers": {
                    "from": f"<sip:{self.caller}@192.0.2.10>",
                    "call-id": self.call_sid,
                    "X-Simulated": "yes",
                },
                "body": "",
                "payload": [],
                "raw": "",
            },
        }

    def later(self, **results: Any) -> dict[str, Any]:
        """Body of every later hook, with the verb's own results."""
        customer = {"customerData": self.customer_data} if self.customer_data else {}
        return {
            **self._common(),
            "caller_id": self.caller,
            "fs_sip_address": "192.0.2.1:5060",
            "api_base_url": "http://192.0.2.1/v1",
            **customer,
            **results,
        }

    def metadata(self, rate: int, mix: str, extra: Mapping[str, Any]) -> dict[str, Any]:
        """First frame of an audio stream; the verb's metadata comes last and may overwrite."""
        customer = {"customerData": self.customer_data} if self.customer_data else {}
        return {
            "sampleRate": rate,
            "mixType": mix,
            "callSid": self.call_sid,
            "direction": "inbound",
            "from": self.caller,
            "to": self.called,
            "callId": self.call_sid,
            "sipStatus": self.sip_status,
            "sipReason": self.sip_reason,
            "callStatus": self.call_status,
            "callerId": self.caller,
            "accountSid": self.account_sid,
            "traceId": self.trace_id,
            "applicationSid": self.application_sid,
            **customer,
            **extra,
        }

    def _common(self) -> dict[str, Any]:
        return {
            "call_sid": self.call_sid,
            "direction": "inbound",
            "from": self.caller,
            "to": self.called,
            "call_id": self.call_sid,
            "sbc_callid": self.call_sid,
            "account_sid": self.account_sid,
            "application_sid": self.application_sid,
            "call_status": self.call_status,
            "sip_status": self.sip_status,
            "sip_reason": self.sip_reason,
            "trace_id": self.trace_id,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook said. verbs: empty when it said nothing usable; ok: False when the request failed."""

    ok: bool
    verbs: list[Verb]


def _unanswered(url: str, error: requests.RequestException) -> str:
    """Why a webhook got no answer, and what to do."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT} s"
    if isinstance(error, requests.ConnectionError):
        return f"no server answers at {urlsplit(url).netloc}; start one with scripts/run, or name it with --url"
    return type(error).__name__


class Hooks:
    """Posts webhooks like the feature server.

    call_hook: where relative URLs are resolved. secret: signs the raw body. basic: user and password, sent when
    both are given. lost: by path, how many answers get lost on the way.
    """

    def __init__(
        self,
        call_hook: str,
        log: CallLog,
        clock: Clock,
        secret: str = "",
        basic: tuple[str, str] | None = None,
        lost: Mapping[str, int] | None = None,
    ) -> None:
        self.call_hook = call_hook
        self._log = log
        self._clock = clock
        self._secret = secret
        self._basic = basic if basic and all(basic) else None
        self._lost = dict(lost or {})
        self._session = requests.Session()
        # Proxies and .netrc of this machine would change the headers a test is about.
        self._session.trust_env = False

    async def post(self, hook: str | Mapping[str, Any], body: Mapping[str, Any]) -> Answer:
        """Call a hook as a verb names it. A reply that jambonz would throw away is a fault and an empty answer."""
        url, _ = urldefrag(urljoin(self.call_hook, hook if isinstance(hook, str) else str(hook.get("url", ""))))
        data = json.dumps(body).encode()
        at = self._clock.now()
        began = time.monotonic()
        status, reply, error = await asyncio.to_thread(self._send, url, data)
        path = urlsplit(url).path
        if self._lost.get(path, 0) > 0:
            self._lost[path] -= 1
            status, reply, error = 0, None, "the answer got lost"
        self._log.write(HookCalled(at, path, body, status, reply, time.monotonic() - began))
        if status not in _GOOD:
            self._fault(f"{path}: {error or f'HTTP {status}'}")
            return Answer(False, [])
        try:
            return Answer(True, [] if reply is None else read_reply(reply))
        except ReplyRefused as refused:
            self._fault(f"{path}: reply refused: {refused}")
            return Answer(False, [])

    def websocket(self, url: str) -> str:
        """The address of an audio stream: `url` may be a path, and may say http for ws."""
        parts = urlsplit(urljoin(self.call_hook, url))
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        return urlunsplit((scheme, parts.netloc, parts.path, parts.query, ""))

    def close(self) -> None:
        self._session.close()

    def _send(self, url: str, data: bytes) -> tuple[int, Any, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "jambonz"}
        if self._secret:
            headers["Jambonz-Signature"] = sign(data, self._secret, int(time.time()))
        try:
            response = self._session.post(
                url, data=data, headers=headers, auth=self._basic, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            return 0, None, _unanswered(url, error)
        if "application/json" not in response.headers.get("Content-Type", ""):
            return response.status_code, None, ""
        try:
            return response.status_code, response.json(), ""
        except ValueError:
            return 0, None, "the answer is not JSON"

    def _fault(self, text: str) -> None:
        self._log.write(Fault(self._clock.now(), text))


def sign(body: bytes, secret: str, at: int) -> str:
    """The `Jambonz-Signature` header over the raw body; `at` in seconds since the epoch."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
