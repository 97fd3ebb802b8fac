"""Whom a call can be handed to."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class TargetKind(enum.Enum):
    """How a person is reached."""

    USER = "user"
    PHONE = "phone"
    SIP = "sip"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Target:
    """A person or group a call can be handed to.

    address: a registered user's name, an E.164 number, a SIP URI, or the name of a queue, by `kind`.
    ring_seconds: how long it rings; talk_seconds: longest conversation, None for no limit.
    music: URL or tone stream the caller hears while it rings or waits; "" for ringing tones, in a queue silence.
    trunk: carrier to use for a phone number; "" for the account's default.
    caller_id: number shown to the target; "" for the caller's own.
    priority: the smaller, the earlier a target is asked; in a queue, the earlier its callers are served.
    wait_seconds: how long a caller stays in a queue; say_seconds: how often their place in it is said.
    """

    name: str
    kind: TargetKind
    address: str
    ring_seconds: int = 25
    talk_seconds: int | None = None
    music: str = ""
    trunk: str = ""
    caller_id: str = ""
    priority: int = 5
    wait_seconds: int = 300
    say_seconds: int = 30

    @property
    def seconds(self) -> int:
        """How long a caller nobody takes is away from the bot."""
        return self.wait_seconds if self.kind is TargetKind.QUEUE else self.ring_seconds
