"""Notes owed to CRMs: one row per call and CRM, worked off under leases so that none is lost when a worker dies.

A worker takes the next note for a while (`lease`), and says what became of it. If it says nothing, the lease
expires and any worker takes the note up again, told that the attempt before may have been carried out. Notes of a
live call wait until it has ended, and notes of a call an agent took until the agent has written about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, delete, exists, func, or_, select, update

from voicebot.errors import StoreConflict
from voicebot.store import rows
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import calls, crm_targets, deliveries, wrap_ups
from voicebot.store.targets import Targets
from voicebot.store.views import Backlog, CallState, Delivery, DeliveryState

log = structlog.get_logger()


def owe(
    db: Connection, call_id: str, targets: Sequence[str], now: datetime, due: datetime, wrap_up: int = 0
) -> None:
    """Owe each of `targets` a note about the call, within `db`'s transaction; those owed already stay.

    wrap_up: as in `Delivery`.
    """
    for target in targets:
        insert_unless_there(
            db,
            deliveries,
            call_id=call_id,
            target=target,
            state=DeliveryState.PENDING.value,
            attempts=0,
            due_at=due,
            created_at=now,
            last_error="",
            external_id="",
            progress={},
            ambiguous=False,
            wrap_up=wrap_up,
        )


class Outbox(Part):
    """The deliveries of every call, safe from any thread and process. Raises StoreError.

    now: aware, UTC. An owner is a worker's name; no two workers that run at the same time may share one.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine, now)
        self.targets = Targets(engine, now)

    def lease(
        self, owner: str, seconds: float, only: Collection[str] | None = None, skip: Collection[str] = ()
    ) -> Delivery | None:
        """Take the note that is due longest, for `seconds`; None if there is nothing to do now.

        only, skip: names of CRMs whose notes are (not) wanted. Notes of a CRM that is left alone stay.
        """
        now = self._now()
        resting = exists().where(crm_targets.c.name == deliveries.c.target, crm_targets.c.until > now)
        wanted = [~deliveries.c.target.in_(skip)] if skip else []
        if only is not None:
            wanted.append(deliveries.c.target.in_(only))
        writing = exists().where(
            wrap_ups.c.call_id == deliveries.c.call_id,
            wrap_ups.c.finished_at.is_(None),
            wrap_ups.c.hold_until > now,
            deliveries.c.wrap_up == 0,
        )
        due = (
            select(deliveries.c.id)
            .join(calls, calls.c.call_id == deliveries.c.call_id)
            .where(
                deliveries.c.state == DeliveryState.PENDING.value,
                deliveries.c.due_at <= now,
                or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
                calls.c.state == CallState.ENDED.value,
                ~writing,
                ~resting,
                *wanted,
            )
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(1)
            .with_for_update(of=deliveries, skip_locked=True)
        )
        # A lease still on the row is one that nobody gave back.
        taken = (
            update(deliveries)
            .where(deliveries.c.id == due.scalar_subquery())
            .values(
                owner=owner,
                leased_until=now + timedelta(seconds=seconds),
                attempts=deliveries.c.attempts + 1,
                ambiguous=or_(deliveries.c.ambiguous, deliveries.c.leased_until.is_not(None)),
            )
            .returning(deliveries)
        )
        with self._write() as db:
            row = db.execute(taken).one_or_none()
            return None if row is None else rows.delivery(row)

    def extend(self, delivery_id: int, owner: str, seconds: float) -> bool:
        """Hold the note for `seconds` from now; False if somebody else has taken it up meanwhile."""
        mine = (
            deliveries.c.id == delivery_id,
            deliveries.c.owner == owner,
            deliveries.c.state == DeliveryState.PENDING.value,
        )
        until = self._now() + timedelta(seconds=seconds)
        with self._write() as db:
            return db.execute(update(deliveries).where(*mine).values(leased_until=until)).rowcount == 1

    def save_progress(self, delivery_id: int, progress: Mapping[str, str]) -> None:
        """Add `progress` to what is known of the delivery.

        Taken from a worker whose lease is lost as well: what it achieved is a fact.
        """
        with self._write() as db:
            row = self._get(db, delivery_id)
            db.execute(
                update(deliveries)
                .where(deliveries.c.id == delivery_id)
                .values(progress={**row.progress, **progress})
            )

    def delivered(self, delivery_id: int, owner: str, external_id: str) -> None:
        """The CRM has the note, under `external_id`; so it is well."""
        well = select(deliveries.c.target).where(deliveries.c.id == delivery_id).scalar_subquery()
        with self._write() as db:
            db.execute(delete(crm_targets).where(crm_targets.c.name == well))
            self._settle_in(
                db,
                delivery_id,
                owner,
                state=DeliveryState.DONE.value,
                external_id=external_id,
                last_error="",
            )

    def retry(self, delivery_id: int, owner: str, after: float, error: str, ambiguous: bool) -> None:
        """The attempt failed with `error`; the next is due in `after` seconds.

        ambiguous: it may have been carried out. Once said, this stays: that a later attempt failed cleanly proves
            nothing about this one.
        """
        due = self._now() + timedelta(seconds=after)
        doubt: dict[str, Any] = {"ambiguous": True} if ambiguous else {}
        self._settle(delivery_id, owner, due_at=due, last_error=error, **doubt)

    def give_back(self, delivery_id: int, owner: str, error: str) -> None:
        """Nothing was tried, because of `error`: due now as before, and not counted as an attempt."""
        self._settle(delivery_id, owner, due_at=self._now(), last_error=error, attempts=deliveries.c.attempts - 1)

    def dead(self, delivery_id: int, owner: str, error: str) -> None:
        """Give the delivery up, visibly, because of `error`."""
        self._settle(delivery_id, owner, state=DeliveryState.DEAD.value, last_error=error)

    def revive(self, delivery_id: int) -> None:
        """Try a delivery now that waits, was given up or dropped, and its CRM, whatever was wrong with it.

        Raises StoreConflict if it is done.
        """
        with self._write() as db:
            row = self._get(db, delivery_id)
            if row.state == DeliveryState.DONE.value:
                raise StoreConflict(f"delivery {delivery_id} is done: the CRM has it as {row.external_id}")
            again: dict[str, Any] = {"due_at": self._now()}
            if row.state != DeliveryState.PENDING.value:
                # A worker that reports late on what was given up since has no say any more.
                again |= {"state": DeliveryState.PENDING.value, "attempts": 0, "owner": None, "leased_until": None}
            db.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**again))
            db.execute(delete(crm_targets).where(crm_targets.c.name == row.target))

    def revive_all(self, target: str | None = None) -> int:
        """Try everything now that waits or was given up, of one CRM or of all; how many that are."""
        mine = [deliveries.c.target == target] if target is not None else []
        now = self._now()
        with self._write() as db:
            dead = db.execute(
                update(deliveries)
                .where(deliveries.c.state == DeliveryState.DEAD.value, *mine)
                .values(state=DeliveryState.PENDING.value, due_at=now, attempts=0, owner=None, leased_until=None)
            ).rowcount
            waiting = db.execute(
                update(deliveries)
                .where(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.due_at > now, *mine)
                .values(due_at=now)
            ).rowcount
            resting = delete(crm_targets)
            db.execute(resting if target is None else resting.where(crm_targets.c.name == target))
            return dead + waiting

    def drop(self, delivery_id: int) -> None:
        """Do not write a note that waits or was given up. Raises StoreConflict if it is done or being written now.

        The row stays, so that the call does not owe the note again.
        """
        with self._write() as db:
            row = self._get(db, delivery_id)
            if row.state == DeliveryState.DONE.value:
                raise StoreConflict(f"delivery {delivery_id} is done: delete it in the CRM, as {row.external_id}")
            leased = row.leased_until is not None and row.leased_until > self._now()
            if row.state == DeliveryState.PENDING.value and leased:
                raise StoreConflict(
                    f"delivery {delivery_id} is being written at this moment: look again in a minute"
                )
            db.execute(
                update(deliveries)
                .where(deliveries.c.id == delivery_id)
                .values(state=DeliveryState.DROPPED.value, owner=None, leased_until=None)
            )

    def deliveries(
        self,
        state: DeliveryState | None = None,
        limit: int = 50,
        target: str | None = None,
        before: int | None = None,
    ) -> list[Delivery]:
        """The latest deliveries, newest first; only those in `state`, for `target`, older than id `before`."""
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(deliveries.c.state == state.value)
        if target is not None:
            query = query.where(deliveries.c.target == target)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        with self._read() as db:
            return [rows.delivery(row) for row in db.execute(query)]

    def backlog(self) -> list[Backlog]:
        """How many deliveries there are by CRM and state, and since when the oldest of them is owed."""
        query = (
            select(deliveries.c.target, deliveries.c.state, func.count(), func.min(deliveries.c.created_at))
            .group_by(deliveries.c.target, deliveries.c.state)
            .order_by(deliveries.c.target, deliveries.c.state)
        )
        with self._read() as db:
            return [
                Backlog(target, DeliveryState(state), count, oldest)
                for target, state, count, oldest in db.execute(query)
            ]

    def _settle(self, delivery_id: int, owner: str, **values: Any) -> None:
        with self._write() as db:
            self._settle_in(db, delivery_id, owner, **values)

    def _settle_in(self, db: Connection, delivery_id: int, owner: str, **values: Any) -> None:
        settled = db.execute(
            update(deliveries)
            .where(
                deliveries.c.id == delivery_id,
                deliveries.c.owner == owner,
                deliveries.c.state == DeliveryState.PENDING.value,
            )
            .values(owner=None, leased_until=None, **values)
        )
        if settled.rowcount == 0:
            log.warning("lease_lost", delivery_id=delivery_id, owner=owner)

    def _get(self, db: Connection, delivery_id: int) -> Any:
        row = db.execute(select(deliveries).where(deliveries.c.id == delivery_id).with_for_update()).one_or_none()
        if row is None:
            raise StoreConflict(f"there is no delivery {delivery_id}")
        return row
