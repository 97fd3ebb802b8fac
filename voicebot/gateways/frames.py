"""Reading the JSON text frames of gateways, which may hold anything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from voicebot.errors import ProtocolError

KEYS = frozenset("0123456789*#ABCD")
"""The sixteen keys of a telephone (RFC 4733 section 3.2)."""

_CALL_ID = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
_LONGEST_TEXT = 1024
_QUOTED = 32


def read_object(message: str) -> Mapping[str, Any]:
    """The JSON object in a text frame. Raises ProtocolError for anything else."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        raise ProtocolError("a text frame is not JSON", 1007) from None
    if not isinstance(value, dict):
        raise ProtocolError("a text frame is not a JSON object", 1007)
    return value


def read_part(frame: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`; an absent one is empty. Raises ProtocolError when it is something else."""
    value = frame.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ProtocolError(f"`{name}` must be a JSON object")
    return value


def read_text(frame: Mapping[str, Any], name: str) -> str:
    """The text under `name`, without control characters; "" when absent. Raises ProtocolError when it is no text.

    Numbers count as text: gateways disagree on which of their ids and phone numbers are strings.
    """
    value = frame.get(name)
    if value is None:
        return ""
    text = printable(value)
    if text is None:
        raise ProtocolError(f"`{name}` must be a string")
    if len(text) > _LONGEST_TEXT:
        raise ProtocolError(f"`{name}` is longer than {_LONGEST_TEXT} characters")
    return text


def read_call_id(frame: Mapping[str, Any], name: str) -> str:
    """The call's id under `name`; "" when absent.

    Raises ProtocolError for one that could not be told apart from something else in a log, an address or a key.
    """
    call_id = read_text(frame, name)
    if call_id and not _CALL_ID.fullmatch(call_id):
        raise ProtocolError(f"`{name}` must be at most 128 letters, digits and . _ : @ -")
    return call_id


def read_number(frame: Mapping[str, Any], name: str, default: int) -> int:
    """The whole number under `name`, written as a number or in digits. Raises ProtocolError when it is none."""
    value = frame.get(name)
    if value is None:
        return default
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ProtocolError(f"`{name}` must be a whole number")


def printable(value: object) -> str | None:
    """A JSON scalar as text that can be stored and logged anywhere; None when it is no scalar.

    Control characters and lone surrogates, which databases and encoders refuse, are left out.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "".join(letter for letter in value if letter.isprintable())
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else None
    if isinstance(value, float):
        return repr(value)
    return None


def read_key(value: object) -> str | None:
    """The telephone key that `value` names, or None."""
    name = value.upper() if isinstance(value, str) else printable(value)
    return name if name in KEYS else None


def quoted(text: str) -> str:
    """`text` of a peer as an error message may show it: a glance at its beginning."""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "…"
