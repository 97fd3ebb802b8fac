"""Whether this process is alive, and whether it should be given calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from voicebot.errors import StoreError


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a call can be taken now.

    reasons: what stands in the way, in words for an operator; empty when `ok`.
    details: facts worth showing in any case, such as the model loaded and the room left.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)


def blueprint(ready: Callable[[], Readiness]) -> Blueprint:
    """`/healthz` (200 while the process answers) and `/readyz` (503 with the reasons when it takes no call)."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def alive() -> ResponseReturnValue:
        return jsonify(status="ok")

    @pages.get("/readyz")
    def readiness() -> ResponseReturnValue:
        state = _ask(ready)
        body = jsonify(ready=state.ok, reasons=list(state.reasons), details=dict(state.details))
        return body, 200 if state.ok else 503

    return pages


def _ask(ready: Callable[[], Readiness]) -> Readiness:
    try:
        return ready()
    except StoreError as error:
        return Readiness(ok=False, reasons=(str(error),))
