"""Sessions inside one process: dictionaries whose entries have a lifetime and whose size has a limit."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from voicebot.store.sessions import NODE_SECONDS, TOKEN_SECONDS, Node, Session, Sessions

V = TypeVar("V")

DEFAULT_LIMIT = 10_000
"""Entries of each kind: five times the largest `VOICEBOT_MAX_CALLS`, about 10 MB of sessions."""


class Shelf(Generic[V]):
    """Entries that all live equally long, so that the oldest written is always the next to expire.

    lifetime: seconds. limit: entries; one more pushes the oldest out.
    """

    def __init__(self, lifetime: float, limit: int) -> None:
        self._lifetime = lifetime
        self._limit = limit
        self._entries: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def put(self, key: str, value: V, now: float) -> None:
        """Keep `value` for a whole lifetime from `now`."""
        self._expire(now)
        self._entries[key] = (now + self._lifetime, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def get(self, key: str, now: float) -> V | None:
        """What is kept under `key`, or None."""
        self._expire(now)
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def take(self, key: str, now: float) -> V | None:
        """Like `get`, and forget it."""
        self._expire(now)
        entry = self._entries.pop(key, None)
        return None if entry is None else entry[1]

    def values(self, now: float) -> list[V]:
        """Everything that is alive, oldest first."""
        self._expire(now)
        return [value for _, value in self._entries.values()]

    def _expire(self, now: float) -> None:
        while self._entries:
            key, (expires, _) = next(iter(self._entries.items()))
            if expires > now:
                return
            del self._entries[key]


class MemorySessions(Sessions):
    """Live calls of a single process; nothing survives it.

    session_ttl, context_ttl: seconds. clock: seconds, monotonic, so that a clock that is set does no harm.
    """

    def __init__(
        self,
        session_ttl: float,
        context_ttl: float,
        clock: Callable[[], float] = time.monotonic,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: Shelf[Session] = Shelf(session_ttl, limit)
        self._tokens: Shelf[str] = Shelf(TOKEN_SECONDS, limit)
        self._contexts: Shelf[str] = Shelf(context_ttl, limit)
        self._owners: Shelf[str] = Shelf(context_ttl, limit)
        self._nodes: Shelf[Node] = Shelf(NODE_SECONDS, limit)

    def open(self, session: Session) -> Session:
        with self._lock:
            now = self._clock()
            kept = self._sessions.get(session.call_id, now)
            if kept is not None:
                return kept
            self._sessions.put(session.call_id, session, now)
            return session

    def get(self, call_id: str) -> Session | None:
        with self._lock:
            return self._sessions.get(call_id, self._clock())

    def put(self, session: Session) -> None:
        with self._lock:
            self._sessions.put(session.call_id, session, self._clock())

    def close(self, call_id: str) -> None:
        with self._lock:
            self._sessions.take(call_id, self._clock())

    def issue_token(self, call_id: str) -> str:
        token = secrets.token_hex(16)
        with self._lock:
            self._tokens.put(token, call_id, self._clock())
        return token

    def redeem_token(self, token: str) -> str | None:
        with self._lock:
            return self._tokens.take(token, self._clock())

    def issue_context(self, call_id: str) -> str:
        context_id = secrets.token_hex(16)
        with self._lock:
            self._contexts.put(context_id, call_id, self._clock())
        return context_id

    def resolve_context(self, context_id: str) -> str | None:
        with self._lock:
            return self._contexts.get(context_id, self._clock())

    def claim_context(self, context_id: str, agent: str) -> str | None:
        with self._lock:
            now = self._clock()
            call_id = self._contexts.get(context_id, now)
            if call_id is None:
                return None
            owner = self._owners.get(context_id, now)
            if owner is None:
                self._owners.put(context_id, agent, now)
            return call_id if owner in (None, agent) else None

    def announce(self, node: Node) -> None:
        with self._lock:
            self._nodes.put(node.name, node, self._clock())

    def nodes(self) -> Sequence[Node]:
        with self._lock:
            return sorted(self._nodes.values(self._clock()), key=lambda node: node.name)

    def ping(self) -> None:
        """Memory is always there."""
