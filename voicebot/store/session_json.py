"""Sessions and nodes as JSON, for stores outside the process.

Two versions of voicebot may share a store while a deploy is under way: unknown keys are ignored, and a key that an
older version did not write takes its default.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from voicebot.call.record import TransferOutcome
from voicebot.dialog.types import Comeback, HangUp, Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.store.sessions import Node, Session

VERSION = 1
"""Raised when a reader of the present version would misread what is written."""

T = TypeVar("T")


def dump_session(session: Session) -> str:
    """`session` as JSON."""
    return json.dumps(
        {
            "v": VERSION,
            "call_id": session.call_id,
            "caller": session.caller,
            "called": session.called,
            "started_at": session.started_at,
            "gateway": session.gateway,
            "comeback": None if session.comeback is None else session.comeback.value,
            "plan": _dump_plan(session.plan),
            "context_id": session.context_id,
            "attempts": session.attempts,
            "env": dict(session.env),
            "contexts": dict(session.contexts),
            "customer": dict(session.customer),
            "step": session.step,
            "answered": session.answered,
            "answer": None if session.answer is None else session.answer.value,
        }
    )


def load_session(text: str) -> Session:
    """The session in `text`. Raises StoreError if there is none in it."""
    return _load(text, "session", _session)


def dump_node(node: Node) -> str:
    """`node` as JSON."""
    return json.dumps(
        {
            "v": VERSION,
            "name": node.name,
            "url": node.url,
            "calls": node.calls,
            "capacity": node.capacity,
            "ready": node.ready,
        }
    )


def load_node(text: str) -> Node:
    """The node in `text`. Raises StoreError if there is none in it."""
    return _load(text, "node", _node)


def _load(text: str, what: str, build: Callable[[Mapping[str, Any]], T]) -> T:
    try:
        found: Any = json.loads(text)
        version = int(found["v"])
        if version > VERSION:
            raise StoreError(
                f"the store holds a {what} of format {version}, this voicebot reads up to {VERSION}: "
                "finish the upgrade, or give each version its own VOICEBOT_REDIS_URL database"
            )
        return build(found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"the store holds something that is no {what} ({type(error).__name__}): "
            "is VOICEBOT_REDIS_URL shared with another application?"
        ) from None


def _session(found: Mapping[str, Any]) -> Session:
    comeback, answer = found.get("comeback"), found.get("answer")
    return Session(
        call_id=str(found["call_id"]),
        caller=str(found["caller"]),
        called=str(found["called"]),
        started_at=float(found["started_at"]),
        gateway=str(found["gateway"]),
        comeback=None if comeback is None else Comeback(comeback),
        plan=_load_plan(found.get("plan")),
        context_id=str(found.get("context_id", "")),
        attempts=int(found.get("attempts", 0)),
        env=_texts(found.get("env", {})),
        contexts=_texts(found.get("contexts", {})),
        customer=_texts(found.get("customer", {})),
        step=int(found.get("step", 0)),
        answered=str(found.get("answered", "")),
        answer=None if answer is None else TransferOutcome(answer),
    )


def _node(found: Mapping[str, Any]) -> Node:
    return Node(
        name=str(found["name"]),
        url=str(found["url"]),
        calls=int(found["calls"]),
        capacity=int(found["capacity"]),
        ready=bool(found["ready"]),
    )


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}


def _dump_plan(plan: Transfer | HangUp | None) -> dict[str, Any] | None:
    match plan:
        case None:
            return None
        case HangUp(reason):
            return {"do": "hang_up", "reason": reason}
        case Transfer(target, why, whisper):
            return {
                "do": "transfer",
                "target": target,
                "reason": why.value,
                "whisper": whisper,
                "rule": plan.rule,
                "others": list(plan.others),
                "in_turn": plan.in_turn,
            }


def _load_plan(found: Mapping[str, Any] | None) -> Transfer | HangUp | None:
    if found is None:
        return None
    if found["do"] == "hang_up":
        return HangUp(str(found["reason"]))
    if found["do"] == "transfer":
        return Transfer(
            str(found["target"]),
            TransferReason(found["reason"]),
            str(found["whisper"]),
            str(found.get("rule", "")),
            tuple(str(name) for name in found.get("others", ())),
            bool(found.get("in_turn", False)),
        )
    raise ValueError("an unknown plan")
