"""Events and actions of a call as JSON, and events back again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from voicebot.audio import FRAME_SAMPLES
from voicebot.call.actions import Action
from voicebot.call.events import Event, Frame

_EVENTS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


class Unreadable(Exception):
    """What stands there is no event; the message says why."""


def event_to_json(event: Event) -> tuple[str, Any]:
    """The event's name and its content. Audio is base64 of 16 bit samples, least significant byte first."""
    name = type(event).__name__
    if isinstance(event, Frame):
        return name, [base64.b64encode(event.pcm.astype("<i2").tobytes()).decode(), float(event.speech)]
    return name, _named(name).dump_python(event, mode="json")


def event_from_json(name: str, content: Any) -> Event:
    """What `event_to_json` gave, as it was. Raises Unreadable."""
    kind = _EVENTS.get(name)
    if kind is None:
        raise Unreadable(f"there is no event {name!r}")
    if kind is Frame:
        return _frame(content)
    try:
        event: Event = _named(name).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{name}{f'.{place}' if place else ''}: {first['msg']}") from None
    return event


def action_to_json(action: Action) -> dict[str, Any]:
    """What a call asked for, under its name; of audio only its length and a digest."""
    content: dict[str, Any] = _plain(action)
    return content


def _frame(content: Any) -> Frame:
    try:
        audio, speech = content
        pcm = np.frombuffer(base64.b64decode(audio, validate=True), "<i2").astype(np.int16)
        frame = Frame(pcm, float(speech))
    except (TypeError, ValueError) as error:
        raise Unreadable(f"Frame: {error}") from None
    if len(pcm) != FRAME_SAMPLES:
        raise Unreadable(f"Frame: {len(pcm)} samples instead of {FRAME_SAMPLES}")
    return frame


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {type(value).__name__: content}
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(value.astype("<i2").tobytes()).hexdigest()[:16]
        return f"{len(value)} samples, sha256 {digest}"
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


@cache
def _named(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_EVENTS[name])
