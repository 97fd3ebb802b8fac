"""What a recording says of its call before the first event: all that the conversation depends on besides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from voicebot.call.rules import Rules
from voicebot.dialog.types import Recollection
from voicebot.settings import Settings

FORMAT = 1
"""Raised when a recording of an earlier version cannot be read any more."""

_NAMED = frozenset(each.name for each in fields(Rules))
_PREFIXES = ("asr", "vad", "voice")
_NEVER = ("_key", "_token", "_secret", "_password", "_url")


@dataclass(frozen=True, slots=True)
class Source:
    """The dialog file a call followed. text: all of it. sha256: of the text as UTF-8, in hexadecimal digits."""

    name: str
    path: str
    text: str
    sha256: str

    @classmethod
    def of(cls, name: str, path: str, text: str) -> Source:
        """The source with its digest."""
        return cls(name, path, text, digest(text))


@dataclass(frozen=True, slots=True)
class Header:
    """One recorded stream of a call.

    voicebot: the version that recorded it. began: the time of day, aware.
    earlier: what was remembered of a caller who is back.
    timed, presence, customer: of `dialog.types.Surroundings`: whether there was a clock, and what else was known.
    lead: seconds of audio the gateway was sent ahead of the caller's ear.
    settings: those that have a say in the conversation; no secrets.
    """

    voicebot: str
    began: datetime
    call_id: str
    caller: str
    called: str
    gateway: str
    dialog: Source
    rules: Rules
    lead: float = 0.6
    earlier: Recollection | None = None
    timed: bool = False
    presence: bool = False
    customer: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


_ADAPTER = TypeAdapter(Header)


def header_to_json(header: Header) -> dict[str, Any]:
    """The first line of a recording."""
    content = _ADAPTER.dump_python(header, mode="json")
    return {"voicebot_inputs": FORMAT, **content}


def header_from_json(content: Mapping[str, Any]) -> Header:
    """What `header_to_json` gave; rules this version does not know are left out. Raises ValueError, KeyError."""
    known = {each.name for each in fields(Rules)}
    rules = {**asdict(Rules()), **{name: value for name, value in content["rules"].items() if name in known}}
    return _ADAPTER.validate_python({**content, "rules": rules})


def telling(settings: Settings) -> dict[str, str]:
    """The settings that have a say in how a call goes, by name, as text; no secret and no address among them."""
    chosen = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if (name in _NAMED or name.startswith(_PREFIXES)) and not name.endswith(_NEVER) and value is not None:
            chosen[name] = str(getattr(value, "value", value))
    return chosen


def digest(text: str) -> str:
    """SHA-256 of `text` as UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
