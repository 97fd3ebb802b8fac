"""The jambonz verbs we answer with, and only properties the server's validator accepts.

jambonz throws a whole reply away for one unknown property or one wrong type, and the caller then hears nothing;
so every reply is made here and nowhere else. Numbers are seconds or Hz.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from voicebot.dialog.types import Target, TargetKind

Verb: TypeAlias = dict[str, Any]

TELEPHONE_RATE = 8000


def listen(
    url: str, action_hook: str, token: str, identity: str = "", auth: tuple[str, str] | None = None
) -> Verb:
    """Stream the call to `url` in both directions until either side ends it, then ask `action_hook`.

    Playback to the caller needs `enabled`, `streaming` and the inner `sampleRate` together; without the last
    one jambonz accepts our audio and never plays it. `token` must be ASCII without quotes: it travels through
    a FreeSWITCH command line.
    """
    verb: Verb = {
        "verb": "listen",
        "url": url,
        "actionHook": action_hook,
        "mixType": "mono",
        "sampleRate": TELEPHONE_RATE,
        "passDtmf": True,
        "metadata": {"token": token},
        "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": TELEPHONE_RATE},
    }
    if auth:
        verb["wsAuth"] = {"username": auth[0], "password": auth[1]}
    return _named(verb, identity)


def dial(
    target: Target,
    action_hook: str,
    confirm_hook: str = "",
    headers: Mapping[str, str] | None = None,
    identity: str = "",
) -> Verb:
    """Ring `target`; `action_hook` learns how it went, whatever happens.

    confirm_hook: what the person hears before the caller is put through. jambonz drops the answered leg when
    this hook fails, so leave it out where we may be gone.
    """
    verb: Verb = {
        "verb": "dial",
        "target": [_target(target)],
        "actionHook": action_hook,
        "timeout": target.ring_seconds,
    }
    if target.talk_seconds is not None:
        verb["timeLimit"] = target.talk_seconds
    if target.music:
        verb["dialMusic"] = target.music
    if target.caller_id:
        verb["callerId"] = target.caller_id
    if confirm_hook:
        verb["confirmHook"] = confirm_hook
    if headers:
        verb["headers"] = dict(headers)
    return _named(verb, identity)


def say(text: str) -> Verb:
    """Speak `text` with the voice of the jambonz application."""
    return {"verb": "say", "text": text}


def play(url: str) -> Verb:
    """Play the audio at `url` once."""
    return {"verb": "play", "url": url}


def pause(seconds: float) -> Verb:
    """Wait."""
    return {"verb": "pause", "length": seconds}


def enqueue(name: str, action_hook: str, priority: int | None = None) -> Verb:
    """Put the caller into the queue `name`; a lower `priority` (from 0) is served first."""
    verb: Verb = {"verb": "enqueue", "name": name, "actionHook": action_hook}
    if priority is not None:
        verb["priority"] = priority
    return verb


def redirect(action_hook: str) -> Verb:
    """Ask `action_hook` what comes next."""
    return {"verb": "redirect", "actionHook": action_hook}


def tag(data: Mapping[str, str]) -> Verb:
    """Have `data` come back as `customerData` in every later hook of the call."""
    return {"verb": "tag", "data": dict(data)}


def hangup() -> Verb:
    """End the call."""
    return {"verb": "hangup"}


def _named(verb: Verb, identity: str) -> Verb:
    return {**verb, "id": identity} if identity else verb


def _target(target: Target) -> dict[str, Any]:
    match target.kind:
        case TargetKind.USER:
            return {"type": "user", "name": target.address}
        case TargetKind.SIP:
            return {"type": "sip", "sipUri": target.address}
        case TargetKind.PHONE:
            number = {"type": "phone", "number": target.address}
            return {**number, "trunk": target.trunk} if target.trunk else number
