"""The jambonz verbs we answer with, and only properties the server's validator accepts.

jambonz throws a whole reply away for one unknown property or one wrong type, and the caller then hears nothing;
so every reply is made here and nowhere else. Numbers are seconds or Hz.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from voicebot.dialog.targets import Target, TargetKind

Verb: TypeAlias = dict[str, Any]

TELEPHONE_RATE = 8000

RINGBACK, RINGBACK_SECONDS = "tone_stream://%(2000,4000,440,480);loops={times}", 6
"""What the caller hears while it rings: two seconds of ITU-T E.180 ringing tone as in North America, four without.
Once a call is answered jambonz plays nothing by itself."""

MOST_TARGETS = 10
"""So many people jambonz rings at once."""


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
    targets: Sequence[Target],
    action_hook: str,
    confirm_hook: str = "",
    headers: Mapping[str, Mapping[str, str]] | None = None,
    identity: str = "",
) -> Verb:
    """Ring `targets` at once, ten at most; `action_hook` learns how it went, whatever happens.

    confirm_hook: what the person hears before the caller is put through. jambonz drops the answered leg when
    this hook fails, so leave it out where we may be gone.
    headers: of each target's own INVITE, by the target's name.
    """
    asked = targets[:MOST_TARGETS]
    own = headers or {}
    verb: Verb = {
        "verb": "dial",
        "target": [_target(target, own.get(target.name, {}) if len(asked) > 1 else {}) for target in asked],
        "actionHook": action_hook,
        "timeout": max(target.ring_seconds for target in asked),
    }
    limits = [target.talk_seconds for target in asked if target.talk_seconds is not None]
    if limits:
        verb["timeLimit"] = max(limits)
    ringing = RINGBACK.format(times=math.ceil(verb["timeout"] / RINGBACK_SECONDS))
    verb["dialMusic"] = next((target.music for target in asked if target.music), ringing)
    if shown := next((target.caller_id for target in asked if target.caller_id), ""):
        verb["callerId"] = shown
    if confirm_hook:
        verb["confirmHook"] = confirm_hook
    if len(asked) == 1 and own.get(asked[0].name):
        verb["headers"] = dict(own[asked[0].name])
    return _named(verb, identity)


def say(text: str) -> Verb:
    """Speak `text` with the voice of the jambonz application."""
    return {"verb": "say", "text": text}


def gather(text: str, action_hook: str, seconds: float) -> Verb:
    """Speak `text` and wait for one key, which ends it; `action_hook` learns which, or that none came in time."""
    verb: Verb = {"verb": "gather", "actionHook": action_hook, "input": ["digits"], "numDigits": 1}
    return verb | {"timeout": seconds, "say": {"text": text}}


def play(url: str, seconds: float | None = None) -> Verb:
    """Play the audio at `url` once, for `seconds` at most."""
    verb: Verb = {"verb": "play", "url": url}
    return verb if seconds is None else {**verb, "timeoutSecs": seconds}


def pause(seconds: float) -> Verb:
    """Wait."""
    return {"verb": "pause", "length": seconds}


def enqueue(
    name: str, action_hook: str, wait_hook: str = "", priority: int | None = None, identity: str = ""
) -> Verb:
    """Put the caller into the queue `name`; a lower `priority` (from 0) is served first.

    wait_hook: asked again and again what the caller hears meanwhile: `say`, `play` and `pause`, or `leave`.
    """
    verb: Verb = {"verb": "enqueue", "name": name, "actionHook": action_hook}
    if wait_hook:
        verb["waitHook"] = wait_hook
    if priority is not None:
        verb["priority"] = priority
    return _named(verb, identity)


def leave() -> Verb:
    """Take the caller out of the queue; only in the answer to a `wait_hook`."""
    return {"verb": "leave"}


def dequeue(name: str, action_hook: str, call_id: str, seconds: int) -> Verb:
    """Connect this leg with the caller `call_id` in the queue `name`, if they are there within `seconds`."""
    return {
        "verb": "dequeue",
        "name": name,
        "actionHook": action_hook,
        "callSid": call_id,
        "timeout": seconds,
        "beep": True,
    }


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


def _target(target: Target, headers: Mapping[str, str]) -> dict[str, Any]:
    own = {"headers": dict(headers)} if headers else {}
    match target.kind:
        case TargetKind.USER:
            return {"type": "user", "name": target.address, **own}
        case TargetKind.SIP:
            return {"type": "sip", "sipUri": target.address, **own}
        case TargetKind.PHONE:
            number = {"type": "phone", "number": target.address, **own}
            return {**number, "trunk": target.trunk} if target.trunk else number
        case TargetKind.QUEUE:
            raise ValueError(f"{target.name} is a queue: callers are enqueued, nobody is rung")
