"""The live side of calls, shared by the processes that answer webhooks and those that hold the audio.

`Sessions` is the seam; `MemorySessions` serves one process, `RedisSessions` many. Everything here has a lifetime:
what must outlive a crash is in the database (`records`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voicebot.call.record import TransferOutcome
from voicebot.dialog.types import Comeback, HangUp, Transfer

TOKEN_SECONDS = 60
"""How long a stream token can be redeemed: the gateway connects right after the webhook's answer."""

NODE_SECONDS = 15
"""How long a media node is known after it announced itself; it should repeat three times as often."""


@dataclass(frozen=True, slots=True)
class Session:
    """A call that is under way.

    call_id: the gateway's id (jambonz `call_sid`).
    started_at: seconds since the epoch (UTC).
    comeback: why the caller is with the bot again; None on the first stream.
    plan: what to do when the present stream ends; None while the bot talks.
    context_id: opaque id under which an agent sees the call; "" before a transfer.
    contexts: further such ids, by target, where several people are asked: each id is for one of them.
    env: the application's values from the gateway's portal.
    customer: what else is known of the caller, by property.
    attempts: transfers tried so far. step: how many of the present transfer's targets were asked in vain.
    answered: target at which somebody answered the present ringing and said what they want; answer: what that was.
    """

    call_id: str
    caller: str
    called: str
    started_at: float
    gateway: str
    comeback: Comeback | None = None
    plan: Transfer | HangUp | None = None
    context_id: str = ""
    attempts: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
    customer: Mapping[str, str] = field(default_factory=dict)
    step: int = 0
    answered: str = ""
    answer: TransferOutcome | None = None

    @property
    def transfer(self) -> Transfer | None:
        """The plan, where it is to hand the caller over."""
        return self.plan if isinstance(self.plan, Transfer) else None


@dataclass(frozen=True, slots=True)
class Node:
    """A process that holds audio streams, as it announces itself.

    url: public base of its WebSocket server, such as `wss://media1.example`.
    calls, capacity: streams now, and how many it takes at most.
    ready: models loaded and not draining.
    """

    name: str
    url: str
    calls: int
    capacity: int
    ready: bool

    @property
    def has_room(self) -> bool:
        """Whether it takes a call now: what `/voice` goes by, and `/readyz` tells."""
        return self.ready and self.calls < self.capacity


class Sessions(Protocol):
    """Live calls, stream tokens, agent contexts, and media nodes. Safe from any thread. Raises StoreError."""

    def open(self, session: Session) -> Session:
        """Keep `session` unless its call is known already; return what is kept (webhooks may repeat)."""
        ...

    def get(self, call_id: str) -> Session | None: ...

    def put(self, session: Session) -> None:
        """Replace what is kept of the call and renew its lifetime."""
        ...

    def close(self, call_id: str) -> None:
        """Forget the call's session. Its agent context stays until it expires."""
        ...

    def issue_token(self, call_id: str) -> str:
        """A new single-use token for the next audio stream of `call_id`; expires after a minute."""
        ...

    def redeem_token(self, token: str) -> str | None:
        """The call a token was issued for, once; None if it is unknown, used or expired."""
        ...

    def issue_context(self, call_id: str) -> str:
        """A new opaque id (128 random bits) under which agents see `call_id` until it expires."""
        ...

    def resolve_context(self, context_id: str) -> str | None:
        """The call behind an agent context, or None."""
        ...

    def claim_context(self, context_id: str, agent: str) -> str | None:
        """The call behind an agent context, for `agent`; None if it is unknown, expired, or another agent's.

        The first agent who opens a context owns it.
        """
        ...

    def announce(self, node: Node) -> None:
        """Say that `node` is alive; forgotten after 15 s without a repeat."""
        ...

    def nodes(self) -> Sequence[Node]: ...

    def ping(self) -> None:
        """Raises StoreError when the store cannot be reached."""
        ...
