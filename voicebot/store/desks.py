"""The agents' desks: the tokens that open their live connections, who is there, and whose call is whose."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from voicebot.store import rows
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import calls, desk_presence, desk_tokens, offers, users, wrap_ups
from voicebot.store.views import CallRow

TOKEN_LIFE = timedelta(seconds=30)
"""How long a token opens a connection: the page connects as soon as it has one."""

PRESENCE_LIFE = timedelta(seconds=15)
"""After this without a sign of life a desk is closed, even if its media process died with it."""


@dataclass(frozen=True, slots=True)
class Present:
    """A person whose desk is open. targets: as `User.targets`."""

    name: str
    targets: tuple[str, ...]
    seen_at: datetime


class Desks(Part):
    """Desks of every process, safe from any thread and process. Raises StoreError."""

    def issue_token(self, agent: str) -> str:
        """A new token that opens one live connection of `agent` within 30 s; only its hash is kept."""
        token = secrets.token_urlsafe(24)
        now = self._now()
        with self._write() as db:
            db.execute(delete(desk_tokens).where(desk_tokens.c.expires_at <= now))
            db.execute(
                desk_tokens.insert().values(digest=_digest(token), agent=agent, expires_at=now + TOKEN_LIFE)
            )
        return token

    def redeem_token(self, token: str) -> str | None:
        """Whose token this is, once; None if it is unknown, used or expired."""
        used = delete(desk_tokens).where(desk_tokens.c.digest == _digest(token))
        with self._write() as db:
            row = db.execute(used.returning(desk_tokens.c.agent, desk_tokens.c.expires_at)).one_or_none()
        return row.agent if row is not None and row.expires_at > self._now() else None

    def seen(self, node: str, agents: Collection[str]) -> None:
        """These desks, and no others, are open at the media process `node`."""
        now = self._now()
        with self._write() as db:
            gone = delete(desk_presence).where(
                or_(
                    (desk_presence.c.node == node) & desk_presence.c.agent.not_in(agents),
                    desk_presence.c.seen_at <= now - PRESENCE_LIFE,
                )
            )
            db.execute(gone)
            here = desk_presence.c.node == node
            db.execute(update(desk_presence).where(here).values(seen_at=now))
            known = select(desk_presence.c.agent).where(here)
            # A user may have been removed since the desk was opened.
            new = select(users.c.name).where(users.c.name.in_(agents), users.c.name.not_in(known))
            for agent in db.execute(new).scalars().all():
                insert_unless_there(db, desk_presence, agent=agent, node=node, seen_at=now)

    def present(self) -> list[Present]:
        """Everybody whose desk is open anywhere, by name."""
        query = (
            select(users.c.name, users.c.targets, desk_presence.c.seen_at)
            .join(users, users.c.name == desk_presence.c.agent)
            .where(desk_presence.c.seen_at > self._now() - PRESENCE_LIFE)
            .order_by(users.c.name, desk_presence.c.seen_at)
        )
        with self._read() as db:
            found = {row.name: Present(row.name, tuple(row.targets), row.seen_at) for row in db.execute(query)}
        return list(found.values())

    def calls_of(self, agent: str, limit: int) -> list[CallRow]:
        """The latest calls `agent` took, newest first."""
        taken = select(offers.c.call_id).where(offers.c.agent == agent)
        written = select(wrap_ups.c.call_id).where(wrap_ups.c.agent == agent)
        query = (
            select(calls)
            .where(or_(calls.c.call_id.in_(taken), calls.c.call_id.in_(written)))
            .order_by(calls.c.started_at.desc(), calls.c.call_id)
            .limit(limit)
        )
        with self._read() as db:
            return [rows.call(row) for row in db.execute(query)]

    def took(self, agent: str, call_id: str) -> bool:
        """Whether `agent` took the call, or wrote about it."""
        taken = select(offers.c.id).where(offers.c.agent == agent, offers.c.call_id == call_id)
        written = select(wrap_ups.c.id).where(wrap_ups.c.agent == agent, wrap_ups.c.call_id == call_id)
        with self._read() as db:
            return any(db.execute(query.limit(1)).first() is not None for query in (taken, written))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
