"""What agents write about the calls they took: notes as they type, and how it ended.

The call's notes for CRMs wait while an agent is at it: `hold_until` moves on while the desk is open and the call
lasts, and whenever something is saved. A wrap-up that comes after a note was delivered becomes a second entry.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, or_, select, update

from voicebot.store.database import Part, insert_unless_there
from voicebot.store.outbox import owe
from voicebot.store.rows import wrap_up as as_view
from voicebot.store.schema import calls, deliveries, wrap_ups
from voicebot.store.views import DeliveryState, WrapUp, WrapUpDisposition

LONGEST_TALK = timedelta(hours=4)
"""A conversation whose end nobody told us holds no note for longer than this."""

NOTES_LIMIT = 8_000
"""Characters kept of an agent's notes; every CRM takes as many beside the transcript."""


class WrapUps(Part):
    """The wrap-ups of every call, safe from any thread and process. Raises StoreError."""

    def begin(self, call_id: str, agent: str, hold: float) -> WrapUp:
        """`agent` took the call; the wrap-up there is stays as it is. Raises Unstorable for an unknown call.

        hold: seconds for which the call's notes wait without a further sign of the agent.
        """
        now = self._now()
        with self._write() as db:
            insert_unless_there(
                db,
                wrap_ups,
                call_id=call_id,
                agent=agent,
                notes="",
                version=0,
                begun_at=now,
                saved_at=now,
                hold_until=now + timedelta(seconds=hold),
            )
            return as_view(db.execute(select(wrap_ups).where(_of(call_id, agent))).one())

    def find(self, wrap_up_id: int, agent: str) -> WrapUp | None:
        """The wrap-up of this id, if it is `agent`'s."""
        query = select(wrap_ups).where(wrap_ups.c.id == wrap_up_id, wrap_ups.c.agent == agent)
        with self._read() as db:
            row = db.execute(query).one_or_none()
            return None if row is None else as_view(row)

    def drop(self, call_id: str, agent: str) -> None:
        """`agent` has given the call back: forget a wrap-up in which nothing was written."""
        untouched = and_(_of(call_id, agent), wrap_ups.c.version == 0, wrap_ups.c.finished_at.is_(None))
        with self._write() as db:
            db.execute(delete(wrap_ups).where(untouched))

    def save(
        self,
        call_id: str,
        agent: str,
        version: int,
        notes: str,
        disposition: WrapUpDisposition | None,
        hold: float,
        finish: bool = False,
    ) -> bool:
        """Keep what was typed; whether that was done.

        version: what the writer saw; when something else was saved since, or the wrap-up is finished, nothing is
            changed. hold: as in `begin`. finish: the agent is done; the call's notes are due.
        """
        now = self._now()
        values: dict[str, Any] = {
            "notes": notes[:NOTES_LIMIT],
            "disposition": disposition.value if disposition else None,
            "version": version + 1,
            "saved_at": now,
            "hold_until": now + timedelta(seconds=hold),
        }
        if finish:
            values |= {"finished_at": now, "hold_until": now}
        same = and_(_of(call_id, agent), wrap_ups.c.version == version, wrap_ups.c.finished_at.is_(None))
        with self._write() as db:
            if not db.execute(update(wrap_ups).where(same).values(**values)).rowcount:
                return False
            if finish and (notes.strip() or disposition):
                row = db.execute(select(wrap_ups.c.id).where(_of(call_id, agent))).one()
                self._owe_late(db, call_id, row.id, now)
            return True

    def keep(self, agents: Collection[str], hold: float) -> None:
        """The desks of `agents` are open: what they write about calls that last is waited for."""
        now = self._now()
        talking = exists().where(calls.c.call_id == wrap_ups.c.call_id, calls.c.over.is_(False))
        held = (
            update(wrap_ups)
            .where(
                wrap_ups.c.agent.in_(agents),
                wrap_ups.c.finished_at.is_(None),
                wrap_ups.c.begun_at > now - LONGEST_TALK,
                talking,
            )
            .values(hold_until=now + timedelta(seconds=hold))
        )
        with self._write() as db:
            db.execute(held)

    def _owe_late(self, db: Connection, call_id: str, wrap_up: int, now: datetime) -> None:
        """Owe the wrap-up to every CRM whose note was delivered without it, or is being delivered now."""
        told = (
            select(deliveries.c.target)
            .where(
                deliveries.c.call_id == call_id,
                deliveries.c.wrap_up == 0,
                or_(deliveries.c.state == DeliveryState.DONE.value, deliveries.c.leased_until.is_not(None)),
            )
            .order_by(deliveries.c.id)
        )
        targets = db.execute(told).scalars().all()
        owe(db, call_id, targets, now, now, wrap_up)


def _of(call_id: str, agent: str) -> Any:
    return and_(wrap_ups.c.call_id == call_id, wrap_ups.c.agent == agent)
