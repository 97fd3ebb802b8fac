"""CRMs that are left alone for a while: their credential is refused, they fail, or they asked for a pause.

A CRM without a row is well. What is kept here holds for every worker of the database, and outlives them.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import crm_targets
from voicebot.store.views import Target, TargetState

BREAK_AFTER = 5
"""Failures in a row after which a CRM is taken to be down."""
FIRST_BREAK = 15.0
LONGEST_BREAK = 600.0
"""Seconds; a break doubles with every failure that follows it. After each, one note tries the CRM again."""


class Targets(Part):
    """The state of every CRM, safe from any thread and process. Raises StoreError. now: aware, UTC."""

    def __init__(
        self, engine: Engine, now: Callable[[], datetime], random: random_module.Random | None = None
    ) -> None:
        super().__init__(engine, now)
        self._random = random or random_module.Random()  # noqa: S311

    def refused(self, name: str, reason: str, seconds: float) -> bool:
        """The CRM refuses our credential: leave it alone for `seconds`; whether that is news."""
        with self._write() as db:
            before = self._get(db, name)
            new = before is None or before.state != TargetState.REFUSED.value
            self._put(db, name, before, TargetState.REFUSED, reason, seconds, failures=0)
            return new

    def throttled(self, name: str, reason: str, seconds: float) -> None:
        """The CRM wants no request of the account for `seconds`."""
        with self._write() as db:
            before = self._get(db, name)
            if before is None or before.state == TargetState.THROTTLED.value:
                self._put(db, name, before, TargetState.THROTTLED, reason, seconds, failures=0)
            elif before.until < (until := self._now() + timedelta(seconds=seconds)):
                # Worse is known of it, and stays on show.
                db.execute(update(crm_targets).where(crm_targets.c.name == name).values(until=until))

    def failed(self, name: str, reason: str) -> float:
        """The CRM did not answer, or with a fault of its own; the seconds for which it is now left alone."""
        with self._write() as db:
            before = self._get(db, name)
            if before is not None and before.state == TargetState.REFUSED.value:
                return 0.0
            failures = 1 + (before.failures if before is not None else 0)
            over = failures - BREAK_AFTER
            pause = min(LONGEST_BREAK, FIRST_BREAK * 2.0 ** min(over, 16)) if over >= 0 else 0.0
            # Spread, so that several workers do not come back at the same moment.
            pause *= self._random.uniform(0.8, 1.2)
            self._put(db, name, before, TargetState.FAILING, reason, pause, failures)
            return pause

    def restarted(self, name: str) -> None:
        """A worker begins, perhaps with a mended credential: a refusal from before is not waited for."""
        refused = (crm_targets.c.name == name, crm_targets.c.state == TargetState.REFUSED.value)
        with self._write() as db:
            db.execute(update(crm_targets).where(*refused).values(until=self._now()))

    def all(self) -> list[Target]:
        """Every CRM that is not well, by name."""
        with self._read() as db:
            return [_view(row) for row in db.execute(select(crm_targets).order_by(crm_targets.c.name))]

    def _put(
        self,
        db: Connection,
        name: str,
        before: Row[Any] | None,
        state: TargetState,
        reason: str,
        seconds: float,
        failures: int,
    ) -> None:
        now = self._now()
        same = before is not None and before.state == state.value
        values = {
            "state": state.value,
            "reason": reason,
            "failures": failures,
            "since": before.since if before is not None and same else now,
            "until": now + timedelta(seconds=seconds),
        }
        if before is None and insert_unless_there(db, crm_targets, name=name, **values):
            return
        db.execute(update(crm_targets).where(crm_targets.c.name == name).values(**values))

    def _get(self, db: Connection, name: str) -> Row[Any] | None:
        return db.execute(select(crm_targets).where(crm_targets.c.name == name).with_for_update()).one_or_none()


def _view(row: Row[Any]) -> Target:
    return Target(row.name, TargetState(row.state), row.reason, row.failures, row.since, row.until)
