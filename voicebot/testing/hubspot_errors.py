"""What HubSpot answers when it refuses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from voicebot.testing.vendor import Refused, Reply


def refuse(status: int, category: str, message: str, context: Mapping[str, list[str]] | None = None) -> Reply:
    """HubSpot's error body."""
    body: dict[str, Any] = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "category": category,
    }
    if context:
        body["errors"] = [{"message": message, "code": category, "context": dict(context)}]
    return Reply(status, body)


def invalid(message: str, name: str) -> Refused:
    """Something is wrong with the property `name`."""
    return Refused(refuse(400, "VALIDATION_ERROR", message, {"propertyName": [name]}))


def missing(kind: str, identity: str) -> Refused:
    """There is no such object."""
    return Refused(refuse(404, "OBJECT_NOT_FOUND", f"No {kind} with ID {identity} exists", {"id": [identity]}))
