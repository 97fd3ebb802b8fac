"""What a jambonz webhook tells us, taken out of its JSON and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CALL_ID = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
TEXT_LIMIT = 128
VALUE_LIMIT = 1024
VALUES_LIMIT = 64
NUMBER_LIMIT = 1e6


class BadHook(Exception):
    """The body is not one of jambonz's; `field` names what is wrong ("body" for the whole)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of a call.

    call_id: jambonz `call_sid`; parent_id: that of the caller's leg when this is a dialled leg, else "".
    caller, called: as the trunk sent them, "" when absent; may be no number at all ("anonymous").
    status: `call_status`, such as `trying`, `in-progress`, `completed`; "" when absent.
    verb_id: the `id` we gave the verb whose hook this is.
    dial_status, dial_sip_status: how a dial went; "" and None when jambonz could not create a leg.
    env: the application's values from the portal. customer: what a `tag` verb or a REST call attached.
    target: who to escalate to, if the body names somebody.
    digits: keys pressed on the leg. queue_time: seconds in the queue; queue_position: callers before this one;
        queue_result, dequeue_result: how the waiting ended.
    """

    call_id: str
    parent_id: str = ""
    direction: str = ""
    caller: str = ""
    called: str = ""
    status: str = ""
    verb_id: str = ""
    dial_status: str = ""
    dial_sip_status: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    customer: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    digits: str = ""
    queue_time: float = 0.0
    queue_position: int = 0
    queue_result: str = ""
    dequeue_result: str = ""

    @property
    def caller_leg(self) -> str:
        """The id of the caller's leg, also in the hook of a leg that was dialled for it."""
        return self.parent_id or self.call_id

    @property
    def over(self) -> bool:
        """Whether the call has ended, so that nobody hears what we answer."""
        return self.status in ("completed", "failed", "busy", "no-answer")


def parse(body: bytes) -> Hook:
    """The hook in `body`. Raises BadHook naming the field. Fields we do not use are ignored."""
    fields = _object(body)
    return Hook(
        call_id=_call_id(fields, "call_sid", required=True),
        parent_id=_call_id(fields, "parent_call_sid"),
        direction=_text(fields, "direction"),
        caller=_text(fields, "from"),
        called=_text(fields, "to"),
        status=_text(fields, "call_status"),
        verb_id=_text(fields, "verb_id"),
        dial_status=_text(fields, "dial_call_status"),
        dial_sip_status=_status_code(fields, "dial_sip_status"),
        env=_values(fields, "env_vars", strict=True),
        customer=_values(fields, "customerData", strict=False),
        target=_text(fields, "target"),
        digits=_text(fields, "digits"),
        queue_time=_number(fields, "queue_time"),
        queue_position=int(_number(fields, "queue_position")),
        queue_result=_text(fields, "queue_result"),
        dequeue_result=_text(fields, "dequeue_result"),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadHook("body", "is not JSON") from None
    if not isinstance(found, dict):
        raise BadHook("body", "must be a JSON object")
    return found


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadHook(name, "must be a string")
    return _printable(value, TEXT_LIMIT)


def _call_id(fields: dict[str, Any], name: str, required: bool = False) -> str:
    value = fields.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise BadHook(name, "is missing")
    if not isinstance(value, str) or not CALL_ID.fullmatch(value):
        raise BadHook(name, "must be a string of at most 128 letters, digits and . _ : @ -")
    return value


def _status_code(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 999:
        raise BadHook(name, "must be a SIP status code")
    return value


def _number(fields: dict[str, Any], name: str) -> float:
    """A count or a duration, from 0; what is none is taken for 0, for it only decides what is said."""
    value = fields.get(name)
    try:
        number = 0.0 if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(number, 0.0), NUMBER_LIMIT) if number == number else 0.0


def _values(fields: dict[str, Any], name: str, strict: bool) -> dict[str, str]:
    """Flat values by name. `strict` refuses what a portal cannot produce; other sources may attach anything."""
    found = fields.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        if strict:
            raise BadHook(name, "must be an object")
        return {}
    values: dict[str, str] = {}
    for key, value in found.items():
        if NAME.fullmatch(key) and isinstance(value, str | int | float) and len(values) < VALUES_LIMIT:
            values[key] = _printable(_written(value), VALUE_LIMIT)
        elif strict:
            raise BadHook(f"{name}.{_printable(key, TEXT_LIMIT)}", "must be a named string, number or boolean")
    return values


def _written(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _printable(text: str, limit: int) -> str:
    """`text` without control characters and lone surrogates, which stores and logs cannot take."""
    return "".join(character for character in text if character.isprintable())[:limit].strip()
