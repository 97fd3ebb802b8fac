"""The jambonz server's check of a reply: one mistake, and the whole reply is thrown away.

The property lists are those of jambonz/verb-specifications 0.1.13, for the verbs a bot answers with. Nested
objects that no bot here uses (`recognizer`, `amd` and such) are checked for being objects only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_TEXT = "string"
_NUMBER = "number"
_FLAG = "boolean"
_OBJECT = "object"
_HOOK = "object|string"
_LIST = "array"
_MIX = "mono,stereo,mixed"

_LISTEN = {
    "actionHook": _HOOK,
    "auth": "#auth",
    "finishOnKey": _TEXT,
    "maxLength": _NUMBER,
    "metadata": _OBJECT,
    "mixType": f"={_MIX}",
    "passDtmf": _FLAG,
    "playBeep": _FLAG,
    "disableBidirectionalAudio": _FLAG,
    "bidirectionalAudio": "#bidirectionalAudio",
    "sampleRate": _NUMBER,
    "timeout": _NUMBER,
    "transcribe": _OBJECT,
    "url": _TEXT,
    "wsAuth": "#auth",
    "earlyMedia": _FLAG,
    "channel": _NUMBER,
}

_BACKGROUND_LISTEN = {
    name: kind
    for name, kind in _LISTEN.items()
    if name not in ("actionHook", "auth", "finishOnKey", "transcribe", "earlyMedia", "channel")
} | {"enable": _FLAG}

_PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "listen": _LISTEN,
    "say": {
        "text": "string|array",
        "instructions": _TEXT,
        "stream": _FLAG,
        "loop": "number|string",
        "synthesizer": "#synthesizer",
        "earlyMedia": _FLAG,
        "disableTtsCache": _FLAG,
        "closeStreamOnEmpty": _FLAG,
    },
    "play": {
        "url": "string|array",
        "loop": "number|string",
        "earlyMedia": _FLAG,
        "seekOffset": "number|string",
        "timeoutSecs": "number|string",
        "actionHook": _HOOK,
    },
    "dial": {
        "actionHook": _HOOK,
        "onHoldHook": _HOOK,
        "answerOnBridge": _FLAG,
        "callerId": _TEXT,
        "callerName": _TEXT,
        "confirmHook": _HOOK,
        "referHook": _HOOK,
        "dialMusic": _TEXT,
        "dtmfCapture": _OBJECT,
        "dtmfHook": _HOOK,
        "headers": _OBJECT,
        "anchorMedia": _FLAG,
        "exitMediaPath": _FLAG,
        "boostAudioSignal": "number|string",
        "listen": "#listen",
        "stream": "#listen",
        "target": "[#target",
        "timeLimit": _NUMBER,
        "timeout": _NUMBER,
        "proxy": _TEXT,
        "transcribe": _OBJECT,
        "amd": _OBJECT,
        "dub": _LIST,
        "tag": _OBJECT,
        "forwardPAI": _FLAG,
        "srtpEncryption": "=sdes,dtls",
    },
    "enqueue": {"name": _TEXT, "actionHook": _HOOK, "waitHook": _HOOK, "priority": _NUMBER},
    "dequeue": {"name": _TEXT, "actionHook": _HOOK, "timeout": _NUMBER, "beep": _FLAG, "callSid": _TEXT},
    "leave": {},
    "answer": {},
    "hangup": {"headers": _OBJECT},
    "sip:decline": {"status": _NUMBER, "reason": _TEXT, "headers": _OBJECT},
    "redirect": {"actionHook": _HOOK, "statusHook": _HOOK},
    "pause": {"length": _NUMBER},
    "tag": {"data": _OBJECT},
    "gather": {
        "actionHook": _HOOK,
        "finishOnKey": _TEXT,
        "input": _LIST,
        "numDigits": _NUMBER,
        "minDigits": _NUMBER,
        "maxDigits": _NUMBER,
        "interDigitTimeout": _NUMBER,
        "partialResultHook": _HOOK,
        "speechTimeout": _NUMBER,
        "listenDuringPrompt": _FLAG,
        "dtmfBargein": _FLAG,
        "bargein": _FLAG,
        "minBargeinWordCount": _NUMBER,
        "timeout": _NUMBER,
        "recognizer": _OBJECT,
        "play": "#play",
        "say": "#say",
        "fillerNoise": _OBJECT,
        "actionHookDelayAction": _OBJECT,
    },
    "config": {
        "synthesizer": "#synthesizer",
        "recognizer": _OBJECT,
        "bargeIn": _OBJECT,
        "ttsStream": _OBJECT,
        "record": _OBJECT,
        "listen": "#listenOptions",
        "stream": "#listenOptions",
        "transcribe": _OBJECT,
        "amd": _OBJECT,
        "fillerNoise": _OBJECT,
        "notifyEvents": _FLAG,
        "notifySttLatency": _FLAG,
        "reset": "string|array",
        "onHoldMusic": _TEXT,
        "actionHookDelayAction": _OBJECT,
        "sipRequestWithinDialogHook": _HOOK,
        "boostAudioSignal": "number|string",
        "vad": _OBJECT,
        "referHook": _HOOK,
        "earlyMedia": _FLAG,
        "autoStreamTts": _FLAG,
        "disableTtsCache": _FLAG,
        "trackTtsPlayout": _FLAG,
        "noiseIsolation": _OBJECT,
        "turnTaking": _OBJECT,
    },
}

_NESTED: Mapping[str, Mapping[str, str]] = {
    "auth": {"username": _TEXT, "password": _TEXT},
    "bidirectionalAudio": {"enabled": _FLAG, "streaming": _FLAG, "sampleRate": _NUMBER},
    "listenOptions": _BACKGROUND_LISTEN,
    "dialFrom": {"user": _TEXT, "host": _TEXT},
    "synthesizer": {
        "vendor": _TEXT,
        "label": _TEXT,
        "language": _TEXT,
        "voice": "string|object",
        "fallbackVendor": _TEXT,
        "fallbackLabel": _TEXT,
        "fallbackLanguage": _TEXT,
        "fallbackVoice": "string|object",
        "engine": "=standard,neural,generative,long-form",
        "gender": "=MALE,FEMALE,NEUTRAL",
        "options": _OBJECT,
    },
    "target": {
        "type": "=phone,sip,user,teams",
        "confirmHook": _HOOK,
        "method": "=GET,POST",
        "headers": _OBJECT,
        "from": "#dialFrom",
        "name": _TEXT,
        "number": _TEXT,
        "sipUri": _TEXT,
        "auth": "#auth",
        "vmail": _FLAG,
        "tenant": _TEXT,
        "trunk": _TEXT,
        "overrideTo": _TEXT,
        "proxy": _TEXT,
    },
}

_REQUIRED: Mapping[str, Sequence[str]] = {
    "listen": ("url",),
    "play": ("url",),
    "dial": ("target",),
    "enqueue": ("name",),
    "dequeue": ("name",),
    "sip:decline": ("status",),
    "redirect": ("actionHook",),
    "pause": ("length",),
    "tag": ("data",),
    "auth": ("username", "password"),
    "listenOptions": ("enable",),
    "synthesizer": ("vendor",),
    "target": ("type",),
}


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction of a reply. options: its properties, without the name."""

    name: str
    options: Mapping[str, Any]


class ReplyRefused(ValueError):
    """A reply that a jambonz server throws away; the message is its reason."""


def read_reply(reply: object) -> list[Verb]:
    """The verbs of a reply that jambonz accepts. Raises ReplyRefused for any other."""
    if not isinstance(reply, list):
        raise ReplyRefused("malformed jambonz payload: must be array")
    verbs = [_read_verb(item) for item in reply]
    for verb in verbs:
        if verb.name not in _PROPERTIES:
            raise ReplyRefused(f"invalid instruction: {verb.name}")
        _check(verb.name, {**_PROPERTIES[verb.name], "id": _TEXT}, verb.options)
    return verbs


def _read_verb(item: object) -> Verb:
    if not isinstance(item, dict):
        raise ReplyRefused("malformed jambonz payload: must be array of objects")
    if "verb" in item:
        name, options = item["verb"], {key: value for key, value in item.items() if key != "verb"}
    elif len(item) == 1:
        ((name, options),) = item.items()
    else:
        raise ReplyRefused("malformed jambonz payload: missing verb property")
    if not isinstance(options, dict):
        raise ReplyRefused(f"{name}: is not an object")
    return Verb("listen" if name == "stream" else str(name), options)


def _check(name: str, properties: Mapping[str, str], options: object) -> None:
    if not isinstance(options, dict):
        raise ReplyRefused(f"{name}: is not an object")
    for key, value in options.items():
        if key == "_":
            continue
        if key not in properties:
            raise ReplyRefused(f"{name}: unknown property {key}")
        _check_value(f"{name}: property {key}", properties[key], value)
    missing = [key for key in _REQUIRED.get(name, ()) if key not in options]
    if missing:
        raise ReplyRefused(f"{name}: missing value for {','.join(missing)}")


def _check_value(where: str, kind: str, value: object) -> None:
    if kind.startswith("="):
        if value not in kind[1:].split(","):
            raise ReplyRefused(f"{where} is {value}, must be one of {kind[1:]}")
    elif kind.startswith("#"):
        _check(kind[1:], _shape(kind[1:]), value)
    elif kind.startswith("[#"):
        if not isinstance(value, list):
            raise ReplyRefused(f"{where} is not an array")
        for item in value:
            _check(kind[2:], _shape(kind[2:]), item)
    elif not any(_is_a(name, value) for name in kind.split("|")):
        raise ReplyRefused(f"{where} has invalid data type, must be {kind}")


def _shape(name: str) -> Mapping[str, str]:
    return _NESTED[name] if name in _NESTED else {**_PROPERTIES[name], "id": _TEXT}


def _is_a(kind: str, value: object) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            # To the server's language null and arrays are objects as well.
            return value is None or isinstance(value, dict | list)
