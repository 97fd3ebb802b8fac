"""Calls that are offered to people: who is asked, who took it, and what became of it.

One row for every time a call is offered. What an agent does at the desk (`claim`) and what the gateway tells
(`settle`) arrive in any order, more than once and from any process: the first counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from voicebot.errors import Unstorable
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import calls, offers

LIFETIME = timedelta(hours=1)
"""An offer nobody settled for this long belongs to a gateway that lost our hooks; it is open no more."""


class OfferState(Enum):
    """What has become of an offered call.

    WAITING: in a queue, nobody's phone rings. RINGING: at the target's phones. ACCEPTED: a person has the caller.
    DECLINED, NO_ANSWER, BUSY, FAILED: nobody took it; MACHINE: an answering machine did, which does not count.
    ABANDONED: the caller did not wait, or wanted no more to.
    """

    WAITING = "waiting"
    RINGING = "ringing"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    MACHINE = "machine"
    FAILED = "failed"
    ABANDONED = "abandoned"

    @property
    def open(self) -> bool:
        """Whether the call can still be taken."""
        return self in OPEN


OPEN = frozenset({OfferState.WAITING, OfferState.RINGING})

_OPEN_VALUES = [state.value for state in OPEN]


@dataclass(frozen=True, slots=True)
class Offer:
    """A call that is or was offered to people.

    attempt: counts the offers of the call, from 1.
    targets: names from the dialog file, all asked in this offer; target: the one that took it.
    rule: name of the routing rule that chose them; reason: why the call goes to a person, as in `TransferReason`.
    agent: the desk user who claimed it, if any. settled_at: when it was no longer open.
    """

    id: int
    call_id: str
    attempt: int
    targets: tuple[str, ...]
    rule: str
    reason: str
    state: OfferState
    agent: str | None
    target: str | None
    offered_at: datetime
    settled_at: datetime | None


class Offers(Part):
    """The offers of every call, safe from any thread and process. Raises StoreError."""

    def offer(
        self,
        call_id: str,
        targets: Sequence[str],
        rule: str,
        reason: str,
        state: OfferState = OfferState.RINGING,
        attempt: int | None = None,
    ) -> Offer:
        """The call is offered to `targets`, from now on.

        attempt: its number, where the caller of this method counts; the same number again returns the offer there
            is. Without one, offering an open offer's targets once more returns that offer.
        An open offer that this one replaces is abandoned. Raises Unstorable for a call that was never started.
        """
        names = list(dict.fromkeys(targets))
        with self._write() as db:
            if (
                db.execute(select(calls.c.call_id).where(calls.c.call_id == call_id).with_for_update()).first()
                is None
            ):
                raise Unstorable(f"call {call_id} was never started here: call Records.start first")
            latest = db.execute(
                select(offers).where(offers.c.call_id == call_id).order_by(offers.c.attempt.desc()).limit(1)
            ).one_or_none()
            if attempt is None:
                if latest is not None and latest.state in _OPEN_VALUES and latest.targets == names:
                    return as_offer(latest)
                attempt = 1 if latest is None else latest.attempt + 1
            told = and_(offers.c.call_id == call_id, offers.c.attempt == attempt)
            earlier = db.execute(select(offers).where(told)).one_or_none()
            if earlier is not None:
                return as_offer(earlier)
            abandon(db, call_id, self._now())
            insert_unless_there(
                db,
                offers,
                call_id=call_id,
                attempt=attempt,
                targets=names,
                rule=rule,
                reason=reason,
                state=state.value,
                offered_at=self._now(),
            )
            return as_offer(db.execute(select(offers).where(told)).one())

    def get(self, offer_id: int) -> Offer | None:
        """The offer of this id, or None."""
        with self._read() as db:
            row = db.execute(select(offers).where(offers.c.id == offer_id)).one_or_none()
            return None if row is None else as_offer(row)

    def claim(self, offer_id: int, agent: str) -> bool:
        """`agent` takes the call; whether it is theirs now.

        The first agent wins, and may say so again. A call that a phone has answered can still be claimed, one that
        nobody took cannot.
        """
        claimed = (
            update(offers)
            .where(
                offers.c.id == offer_id,
                offers.c.state.in_([*_OPEN_VALUES, OfferState.ACCEPTED.value]),
                or_(offers.c.agent.is_(None), offers.c.agent == agent),
            )
            .values(agent=agent)
        )
        return self._changed(claimed)

    def release(self, offer_id: int, agent: str) -> bool:
        """`agent` gives a claimed call back to the others, as long as it is open; whether that was so."""
        released = (
            update(offers)
            .where(offers.c.id == offer_id, offers.c.agent == agent, offers.c.state.in_(_OPEN_VALUES))
            .values(agent=None)
        )
        return self._changed(released)

    def settle(self, offer_id: int, state: OfferState, target: str | None = None) -> bool:
        """The offer is over, with `state`; whether that is news. The first end counts.

        target: who took it, where known. Raises ValueError for a state that is no end.
        """
        return self._settle(offers.c.id == offer_id, state, target)

    def settle_call(self, call_id: str, state: OfferState, target: str | None = None) -> bool:
        """As `settle`, for the open offer of the call; whether there was one. Raises ValueError as it does."""
        return self._settle(offers.c.call_id == call_id, state, target)

    def open_offers(self, targets: Sequence[str] | None = None) -> list[Offer]:
        """The calls that can be taken, longest waiting first; only those offered to any of `targets`, if given."""
        since = self._now() - LIFETIME
        query = (
            select(offers)
            .where(offers.c.state.in_(_OPEN_VALUES), offers.c.offered_at >= since)
            .order_by(offers.c.offered_at, offers.c.id)
        )
        with self._read() as db:
            found = [as_offer(row) for row in db.execute(query)]
        return found if targets is None else [offer for offer in found if set(targets) & set(offer.targets)]

    def offers_of(self, call_id: str) -> list[Offer]:
        """Every offer of the call, in order."""
        query = select(offers).where(offers.c.call_id == call_id).order_by(offers.c.attempt)
        with self._read() as db:
            return [as_offer(row) for row in db.execute(query)]

    def _settle(self, which: ColumnElement[bool], state: OfferState, target: str | None) -> bool:
        if state.open:
            raise ValueError(f"{state.value} does not settle an offer")
        settled = (
            update(offers)
            .where(which, offers.c.state.in_(_OPEN_VALUES))
            .values(state=state.value, target=target, settled_at=self._now())
        )
        return self._changed(settled)

    def _changed(self, statement: Any) -> bool:
        with self._write() as db:
            return bool(db.execute(statement).rowcount)


def abandon(db: Connection, call_id: str, now: datetime) -> None:
    """Close what is still open of the call's offers, within `db`'s transaction: nobody can take it any more."""
    db.execute(
        update(offers)
        .where(offers.c.call_id == call_id, offers.c.state.in_(_OPEN_VALUES))
        .values(state=OfferState.ABANDONED.value, settled_at=now)
    )


def as_offer(row: Row[Any]) -> Offer:
    """One row of `offers`."""
    return Offer(
        id=row.id,
        call_id=row.call_id,
        attempt=row.attempt,
        targets=tuple(row.targets),
        rule=row.rule,
        reason=row.reason,
        state=OfferState(row.state),
        agent=row.agent,
        target=row.target,
        offered_at=row.offered_at,
        settled_at=row.settled_at,
    )
