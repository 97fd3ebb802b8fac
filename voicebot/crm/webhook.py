"""A signed webhook as a CRM: what happened in a call, for the owner's workflows, by the Standard Webhooks rules.

Every attempt carries the same `webhook-id`, by which the receiver knows a repeat.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from voicebot.crm.http import TIMEOUTS, Answer, Client
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.webhook_target import Resolve, Target, resolve, session
from voicebot.errors import CrmError, CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable, SettingsError
from voicebot.servers import retry_after

EVENT = "call.completed"
LATE_EVENT = "call.wrapped_up"
FORGOTTEN_EVENT = "call.forgotten"
PREFIX = "whsec_"
SECRET_BYTES = (24, 64)
TIMEOUT_SECONDS = 20.0
"""To wait for an answer; the specification recommends 15 to 30."""

_TEXT = 4_000
_TURNS = 400
_THROTTLED = (429, 502, 504)


class Webhook(Crm):
    """One endpoint.

    secrets: `whsec_…`; with several, every one signs, so that the receiver can change over.
    transcript: whether what was said is sent along. clock: seconds since the epoch.
    """

    def __init__(
        self,
        target: Target,
        secrets: SecretStr,
        transcript: bool = False,
        timeouts: tuple[float, float] = (TIMEOUTS[0], TIMEOUT_SECONDS),
        clock: Callable[[], float] = time.time,
        look_up: Resolve = resolve,
    ) -> None:
        self._target = target
        self._keys = [_key(secret) for secret in secrets.get_secret_value().replace(",", " ").split()]
        if not self._keys:
            raise SettingsError("VOICEBOT_CRM_WEBHOOK_SECRET is empty; docs/crm-webhook.md shows how to make one")
        self._transcript = transcript
        self._clock = clock
        self._look_up = look_up
        self._client = Client("the webhook", timeouts, session=session(target))

    @property
    def name(self) -> str:
        return "webhook"

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Post the event; return its `webhook-id`. See `Crm.deliver`."""
        identity = event_id(note.call_id)
        self._post(identity, event(note, self._transcript))
        return identity

    def erase(self, external_id: str) -> bool:
        """Tell the receiver to forget an event: `call.forgotten` with its `webhook-id`. See `Crm.erase`."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        told = {"type": FORGOTTEN_EVENT, "timestamp": _iso(now), "data": {"webhook_id": external_id}}
        self._post(f"{external_id}_forgotten", told)
        return True

    def _post(self, identity: str, told: dict[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        stamp = str(round(self._clock()))
        answer = self._client.send(
            "POST",
            self._target.at(self._target.address(self._look_up)),
            headers={
                "Host": self._target.named,
                "Content-Type": "application/json",
                "User-Agent": "voicebot",
                "webhook-id": identity,
                "webhook-timestamp": stamp,
                "webhook-signature": " ".join(sign(key, identity, stamp, body) for key in self._keys),
            },
            raw=body,
        )
        if not answer.ok:
            raise translate(answer)

    def check(self) -> str:
        """That the address can be resolved and may be talked to; an event would start a workflow."""
        self._target.address(self._look_up)
        return f"signed events to {self._target.host}; nothing was sent"


def event(note: CallNote, transcript: bool) -> dict[str, Any]:
    """The payload. timestamp: the end of the call, so that it is the same in every attempt."""
    ended = note.started_at + timedelta(seconds=note.duration)
    data: dict[str, Any] = {
        "call_id": note.call_id,
        "from": note.caller,
        "to": note.called,
        "started_at": _iso(note.started_at),
        "ended_at": _iso(ended),
        "seconds": round(note.duration, 1),
        "intent": note.intent,
        "confidence": round(note.confidence, 3),
        "outcome": note.outcome,
        "summary": note.summary[:_TEXT],
        "slots": dict(note.slots),
        "fields": dict(note.fields),
    }
    if transcript:
        data["transcript"] = [
            {"who": turn.speaker.lower(), "text": turn.text[:_TEXT]} for turn in note.turns[-_TURNS:]
        ]
    if note.result:
        data |= {"result": note.result, "sentiment": note.sentiment, "action_items": list(note.action_items)}
    if note.wrap_ups:
        data["wrap_ups"] = [
            {"agent": wrote.agent, "disposition": wrote.disposition, "text": wrote.text[:_TEXT]}
            for wrote in note.wrap_ups
        ]
    return {"type": LATE_EVENT if note.late else EVENT, "timestamp": _iso(ended), "data": data}


def event_id(call_id: str) -> str:
    """The `webhook-id` of a call's event: the same in every attempt, and without a full stop."""
    return "msg_" + hashlib.sha256(f"{EVENT}\n{call_id}".encode("utf-8", "replace")).hexdigest()[:40]


def sign(key: bytes, identity: str, stamp: str, body: bytes) -> str:
    """One signature, `v1,` and base64 of HMAC-SHA256 over id, time and body."""
    digest = hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def translate(answer: Answer) -> CrmError:
    """What an answer that is no success means for us. Only 413 is final: receivers get mended."""
    said, wait = f"the webhook answered {answer.status}", retry_after(answer.headers)
    if answer.status == 410:
        return CrmUnauthorized(f"{said} Gone: it wants no more events; take webhook out of VOICEBOT_CRM")
    if answer.status in (401, 403):
        return CrmUnauthorized(f"{said}: does it know VOICEBOT_CRM_WEBHOOK_SECRET?")
    if answer.status == 413:
        return CrmRejected(
            f"{said}: the event is too large for it; VOICEBOT_CRM_WEBHOOK_TRANSCRIPT=false is smaller"
        )
    if answer.status in _THROTTLED or wait is not None:
        return CrmThrottled(said, wait)
    if 300 <= answer.status < 400:
        return CrmUnavailable(
            f"{said}: redirects are not followed; put the final address into VOICEBOT_CRM_WEBHOOK_URL"
        )
    return CrmUnavailable(said)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not SECRET_BYTES[0] <= len(key) <= SECRET_BYTES[1]:
        raise SettingsError(
            f"VOICEBOT_CRM_WEBHOOK_SECRET must be {PREFIX} and base64 of 24 to 64 random bytes: "
            f'echo "{PREFIX}$(head -c 32 /dev/urandom | base64)"'
        )
    return key


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
