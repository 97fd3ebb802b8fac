"""A page somebody has open, and what it has been shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection

from voicebot.store.users import User


@dataclass(eq=False)
class Page:
    """An open page.

    mark: of the user's password when it was opened. view: `desk`, `queue`, or `call:` and an id.
    call_id: the call behind that id. told: the parts it has been sent; due: those it has yet to get.
    """

    connection: ServerConnection
    user: User
    mark: str
    view: str
    call_id: str = ""
    told: dict[str, str] = field(default_factory=dict)
    due: dict[str, Any] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, parts: Mapping[str, Any]) -> None:
        """Have what is new of `parts` sent; a part that changes again before then is sent once."""
        news = {name: value for name, value in parts.items() if self.told.get(name) != value}
        if news:
            self.told |= news
            self.due |= news
            self.ready.set()
