"""What is kept of calls for good: the record, written as it happens, and the notes owed to CRMs at its end.

A method that returned has its effect on the disk. Everything is safe from any thread and raises StoreError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, delete, func, or_, select, update

from voicebot.call.record import ConfirmedEntry, Disposition, EndEntry, TransferOutcome, TroubleEntry, TurnEntry
from voicebot.errors import Unstorable
from voicebot.people import People
from voicebot.store import rows
from voicebot.store.callers import Callers
from voicebot.store.database import Part, insert_unless_there, open_engine, utc_now
from voicebot.store.desks import Desks
from voicebot.store.floor import Floors
from voicebot.store.keeping import Keeping
from voicebot.store.offers import Offers, abandon, as_offer
from voicebot.store.outbox import Outbox, owe
from voicebot.store.schema import (
    callers,
    calls,
    deliveries,
    nodes,
    offers,
    recordings,
    transfers,
    troubles,
    turns,
    wrap_ups,
)
from voicebot.store.users import Users
from voicebot.store.views import CallRow, CallState, CallView, DeliveryState
from voicebot.store.wrap_ups import WrapUps

GRACE_SECONDS = 10.0
"""How long the bot's own process may take to tell of an end that the gateway reported first."""

FORGOTTEN = timedelta(days=7)
"""After this a node that fell silent is dropped from the table of heartbeats."""

log = structlog.get_logger()


class Records(Part):
    """The calls of every process that shares one database.

    outbox: the deliveries that `finish`, `completed` and `recover` leave behind.
    offers: the calls offered to people; `completed` abandons those still open.
    users: the people who may sign in; desk: their open desks, and whose call is whose;
        wrap_ups: what they write about calls; floors: all of it at a glance.
    keeping: recordings, and how calls are forgotten. callers: who called, as CRMs know them.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(engine, now)
        self.outbox = Outbox(engine, now)
        self.offers = Offers(engine, now)
        self.users = Users(engine, now)
        self.desk = Desks(engine, now)
        self.wrap_ups = WrapUps(engine, now)
        self.floors = Floors(engine, now)
        self.keeping = Keeping(engine, now)
        self.callers = Callers(engine, now)

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime] = utc_now) -> Records:
        """The records at SQLAlchemy URL `url`, created and migrated as needed.

        Raises StoreError naming VOICEBOT_DATABASE_URL or the data folder.
        """
        return cls(open_engine(url), now)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def ping(self) -> None:
        """Raises StoreError when the database cannot be reached."""
        with self._read() as db:
            db.execute(select(calls.c.call_id).limit(1))

    def start(self, call_id: str, caller: str, called: str, gateway: str, dialog: str, node: str) -> None:
        """A stream of the call stands at `node`; the call is live until `finish`.

        Repeating it changes nothing. A further stream, after an end or at another node, is the caller who came
        back: notes not yet delivered wait until the call has ended again.
        """
        with self._write() as db:
            new = insert_unless_there(
                db,
                calls,
                call_id=call_id,
                caller=caller,
                called=called,
                gateway=gateway,
                dialog=dialog,
                node=node,
                state=CallState.LIVE.value,
                streams=1,
                over=False,
                presumed=False,
                started_at=self._now(),
                reason="",
                confidence=0.0,
                summary="",
                slots={},
            )
            if new:
                return
            row = self._locked(db, call_id)
            if row.state == CallState.LIVE.value and row.node == node:
                return
            back = {"ended_at": None, "disposition": None, "reason": "", "over": False}
            db.execute(
                update(calls)
                .where(calls.c.call_id == call_id)
                .values(state=CallState.LIVE.value, node=node, streams=row.streams + 1, **back)
            )

    def add(self, call_id: str, entry: TurnEntry | ConfirmedEntry | TroubleEntry) -> None:
        """Keep what just happened in the call; what it tells of a turn that is not there changes nothing."""
        with self._write() as db:
            self._locked(db, call_id)
            if isinstance(entry, TurnEntry):
                db.execute(turns.insert().values(call_id=call_id, **rows.turn_values(entry)))
            elif isinstance(entry, ConfirmedEntry):
                self._confirm(db, call_id, entry)
            else:
                db.execute(
                    troubles.insert().values(call_id=call_id, at=entry.at, part=entry.part, error=entry.error)
                )

    def finish(self, call_id: str, entry: EndEntry, targets: Sequence[str], hold: float = 0.0) -> None:
        """The bot's part is over: keep its end and owe each of `targets` a note, both or neither.

        hold: seconds before the notes are due, while a transfer may still bring the caller back; without effect
            once the gateway said that the call has ended.

        Repeating it changes nothing; where `completed` or `recover` presumed an end, this one replaces it.
        """
        with self._write() as db:
            row = self._locked(db, call_id)
            if row.state == CallState.LIVE.value or row.presumed:
                wait = 0.0 if row.over else hold
                self._end(db, row, entry, targets, wait, presumed=False)

    def transferred(self, call_id: str, target: str, outcome: TransferOutcome, sip_status: int | None) -> None:
        """Keep what became of handing the caller over; the same news twice before the next stream counts once."""
        with self._write() as db:
            row = self._locked(db, call_id)
            earlier = db.execute(
                select(transfers).where(transfers.c.call_id == call_id).order_by(transfers.c.n.desc()).limit(1)
            ).one_or_none()
            told = (row.streams, target, outcome.value, sip_status)
            if (
                earlier is not None
                and (earlier.stream, earlier.target, earlier.outcome, earlier.sip_status) == told
            ):
                return
            db.execute(
                transfers.insert().values(
                    call_id=call_id,
                    n=1 if earlier is None else earlier.n + 1,
                    stream=row.streams,
                    target=target,
                    outcome=outcome.value,
                    sip_status=sip_status,
                    at=self._now(),
                )
            )
            if outcome is TransferOutcome.ACCEPTED and row.presumed:
                # The process that held the call died, but the gateway's safety net reached a person.
                rescued = {"disposition": Disposition.TRANSFERRED.value}
                db.execute(update(calls).where(calls.c.call_id == call_id).values(**rescued))

    def completed(self, call_id: str, targets: Sequence[str]) -> None:
        """The gateway says that the call is over: notes that were held are due now.

        If the call is still live its process died or is about to `finish` it: its end is presumed, and the notes
        wait `GRACE_SECONDS` for the real one. An unknown call is none of ours.
        """
        with self._write() as db:
            row = self._find(db, call_id)
            if row is None or row.over:
                return
            db.execute(update(calls).where(calls.c.call_id == call_id).values(over=True))
            abandon(db, call_id, self._now())
            if row.state == CallState.LIVE.value:
                self._presume(db, row, "call_over", targets, GRACE_SECONDS)
            else:
                self._due(db, call_id, self._now())

    def heartbeat(self, node: str) -> None:
        """The media process `node` lives. Its name must be its own among all that run at the same time."""
        with self._write() as db:
            now = self._now()
            if not insert_unless_there(db, nodes, name=node, seen_at=now):
                db.execute(update(nodes).where(nodes.c.name == node).values(seen_at=now))

    def recover(self, node: str | None, older_than: float, targets: Sequence[str]) -> list[str]:
        """Finish the live calls of processes that died, owing their notes; return those calls' ids.

        node: the caller's own name when it starts (whatever is live there was left by its predecessor), or None.
        older_than: seconds without a heartbeat after which any other node counts as dead.
        """
        now = self._now()
        since = now - timedelta(seconds=older_than)
        silent = func.coalesce(nodes.c.seen_at, calls.c.started_at) < since
        with self._read() as db:
            left = db.scalars(
                select(calls.c.call_id)
                .outerjoin(nodes, nodes.c.name == calls.c.node)
                .where(calls.c.state == CallState.LIVE.value, or_(calls.c.node == node, silent))
                .order_by(calls.c.started_at)
            ).all()
        with self._write() as db:
            # Container names change with every deploy; a node without a row counts from its calls' start.
            db.execute(delete(nodes).where(nodes.c.seen_at < now - FORGOTTEN))
        recovered = []
        for call_id in left:
            with self._write() as db:
                row = self._locked(db, call_id)
                if row.state != CallState.LIVE.value:
                    continue
                self._presume(db, row, "process_died", targets, 0.0)
            log.warning("call.recovered", call=call_id, node=row.node)
            recovered.append(call_id)
        return recovered

    def call(self, call_id: str) -> CallView | None:
        """Everything kept of the call, or None if it is unknown."""
        with self._read() as db:
            row = self._find(db, call_id)
            if row is None:
                return None

            def of(table: Table, order: ColumnElement[Any]) -> Iterable[Row[Any]]:
                return db.execute(select(table).where(table.c.call_id == call_id).order_by(order))

            return CallView(
                row=rows.call(row),
                turns=tuple(self._turns(db, call_id)),
                troubles=tuple(map(rows.trouble, of(troubles, troubles.c.id))),
                transfers=tuple(map(rows.transfer, of(transfers, transfers.c.n))),
                recordings=tuple(map(rows.recording, of(recordings, recordings.c.id))),
                deliveries=tuple(map(rows.delivery, of(deliveries, deliveries.c.id))),
                wrap_ups=tuple(map(rows.wrap_up, of(wrap_ups, wrap_ups.c.id))),
                offers=tuple(map(as_offer, of(offers, offers.c.attempt))),
                people=self._people(db, call_id),
            )

    def calls(self, limit: int = 50, beginning: str = "") -> list[CallRow]:
        """The latest calls, newest first; only those whose id has this `beginning`."""
        query = select(calls).order_by(calls.c.started_at.desc(), calls.c.call_id).limit(limit)
        if beginning:
            # LIKE would take one letter for another: wildcards everywhere, upper and lower case on SQLite.
            query = query.where(func.substr(calls.c.call_id, 1, len(beginning)) == beginning)
        with self._read() as db:
            return [rows.call(row) for row in db.execute(query)]

    def _people(self, db: Connection, call_id: str) -> People | None:
        found = db.execute(select(callers.c.document).where(callers.c.call_id == call_id)).scalar_one_or_none()
        return None if found is None else People.of(found)

    def _confirm(self, db: Connection, call_id: str, entry: ConfirmedEntry) -> None:
        # A caller who came back has had two turns of that number: the later is meant.
        told = (turns.c.call_id == call_id, turns.c.number == entry.number)
        query = select(turns.c.id, turns.c.timings).where(*told).order_by(turns.c.id.desc()).limit(1)
        if (row := db.execute(query).one_or_none()) is not None:
            timings = {**row.timings, "confirmed": entry.at}
            db.execute(update(turns).where(turns.c.id == row.id).values(timings=timings))

    def _presume(self, db: Connection, row: Row[Any], reason: str, targets: Sequence[str], wait: float) -> None:
        accepted = (transfers.c.call_id == row.call_id, transfers.c.outcome == TransferOutcome.ACCEPTED.value)
        rescued = db.execute(select(transfers.c.n).where(*accepted).limit(1)).first() is not None
        entry = rows.presumed_end(row, self._turns(db, row.call_id), reason, rescued)
        self._end(db, row, entry, targets, wait, presumed=True)

    def _end(
        self,
        db: Connection,
        row: Row[Any],
        entry: EndEntry,
        targets: Sequence[str],
        wait: float,
        presumed: bool,
    ) -> None:
        now = self._now()
        values: Mapping[str, Any] = rows.end_values(row, entry)
        db.execute(
            update(calls)
            .where(calls.c.call_id == row.call_id)
            .values(state=CallState.ENDED.value, ended_at=now, presumed=presumed, **values)
        )
        due = now + timedelta(seconds=wait)
        self._due(db, row.call_id, due)
        owe(db, row.call_id, targets, now, due)

    def _due(self, db: Connection, call_id: str, due: datetime) -> None:
        # A note that was tried before keeps the time its worker chose: the CRM may have asked for it.
        db.execute(
            update(deliveries)
            .where(
                deliveries.c.call_id == call_id,
                deliveries.c.state == DeliveryState.PENDING.value,
                deliveries.c.attempts == 0,
            )
            .values(due_at=due)
        )

    def _turns(self, db: Connection, call_id: str) -> Iterator[TurnEntry]:
        for row in db.execute(select(turns).where(turns.c.call_id == call_id).order_by(turns.c.id)):
            yield rows.turn(row)

    def _find(self, db: Connection, call_id: str) -> Row[Any] | None:
        # The row's lock makes what is decided from it hold until the commit; readers on SQLite ignore it.
        query = select(calls).where(calls.c.call_id == call_id)
        reads = db.get_execution_options().get("voicebot_reads", False)
        return db.execute(query if reads else query.with_for_update()).one_or_none()

    def _locked(self, db: Connection, call_id: str) -> Row[Any]:
        row = self._find(db, call_id)
        if row is None:
            raise Unstorable(f"call {call_id} was never started here: call Records.start first")
        return row
