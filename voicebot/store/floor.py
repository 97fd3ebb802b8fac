"""What all desks show, read at once: the calls on offer, who talks about which, and whether a call has changed."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from voicebot.store import rows
from voicebot.store.database import Part
from voicebot.store.offers import LIFETIME, OPEN, Offer, OfferState, as_offer
from voicebot.store.schema import callers, calls, deliveries, offers, transfers, turns, users, wrap_ups
from voicebot.store.views import WrapUp

UNCLAIMED = timedelta(minutes=15)
"""A call a phone answered can be taken over by a desk for this long."""

FORGOTTEN = timedelta(hours=12)
"""A wrap-up nobody finished for this long is off the desk."""


@dataclass(frozen=True)
class Floor:
    """The calls people are concerned with now.

    offers: those that can be taken, and those a phone has answered and no desk has claimed, longest waiting first.
    talks: by agent, what they have begun to write and not finished, the latest first.
    claims: the offers behind `talks`, the latest of each call and agent.
    unbegun: call and agent of the calls claimed elsewhere than at the desk, by telephone, which go on.
    users: everybody who may sign in, with a mark that changes with their password.
    """

    offers: tuple[Offer, ...]
    talks: Mapping[str, tuple[WrapUp, ...]]
    claims: Mapping[tuple[str, str], Offer]
    unbegun: tuple[tuple[str, str], ...]
    users: Mapping[str, str]

    @cached_property
    def claimants(self) -> frozenset[str]:
        """Who has claimed any of `offers`."""
        return frozenset(offer.agent for offer in self.offers if offer.agent is not None)


class Floors(Part):
    """Reads floors, safe from any thread. Raises StoreError."""

    def look(self, agents: Collection[str]) -> Floor:
        """The floor now; `talks` only of `agents`."""
        now = self._now()
        waiting = and_(
            offers.c.state.in_([state.value for state in OPEN]),
            offers.c.offered_at >= now - LIFETIME,
        )
        answered = and_(
            offers.c.state == OfferState.ACCEPTED.value,
            offers.c.agent.is_(None),
            offers.c.settled_at > now - UNCLAIMED,
            calls.c.over.is_(False),
        )
        on_offer = (
            select(offers)
            .join(calls, calls.c.call_id == offers.c.call_id)
            .where(or_(waiting, answered))
            .order_by(offers.c.offered_at, offers.c.id)
        )
        begun = (
            select(wrap_ups)
            .where(
                wrap_ups.c.agent.in_(agents),
                wrap_ups.c.finished_at.is_(None),
                wrap_ups.c.begun_at > now - FORGOTTEN,
            )
            .order_by(wrap_ups.c.begun_at.desc(), wrap_ups.c.id.desc())
        )
        begun_already = exists().where(wrap_ups.c.call_id == offers.c.call_id, wrap_ups.c.agent == offers.c.agent)
        claimed_elsewhere = (
            select(offers.c.call_id, offers.c.agent)
            .join(calls, calls.c.call_id == offers.c.call_id)
            .where(
                offers.c.agent.in_(agents),
                offers.c.state == OfferState.ACCEPTED.value,
                offers.c.offered_at >= now - LIFETIME,
                calls.c.over.is_(False),
                ~begun_already,
            )
        )
        with self._read() as db:
            on_floor = tuple(as_offer(row) for row in db.execute(on_offer))
            talks: dict[str, tuple[WrapUp, ...]] = {}
            for row in db.execute(begun):
                talks[row.agent] = (*talks.get(row.agent, ()), rows.wrap_up(row))
            claimed = (
                select(offers)
                .where(offers.c.call_id.in_({talk.call_id for own in talks.values() for talk in own}))
                .where(offers.c.agent.is_not(None))
                .order_by(offers.c.attempt)
            )
            claims = {(row.call_id, row.agent): as_offer(row) for row in db.execute(claimed)}
            known = {
                row.name: row.password_hash for row in db.execute(select(users.c.name, users.c.password_hash))
            }
            unbegun = tuple((row.call_id, row.agent) for row in db.execute(claimed_elsewhere))
        return Floor(on_floor, talks, claims, unbegun, known)

    def stamps(self, call_ids: Collection[str]) -> Mapping[str, Hashable]:
        """Something for each of these calls that changes when the call does; unknown ones are left out."""
        grouped: list[Any] = [
            select(turns.c.call_id, func.max(turns.c.id)),
            select(transfers.c.call_id, func.max(transfers.c.n)),
            select(deliveries.c.call_id, func.sum(deliveries.c.attempts), func.max(deliveries.c.state)),
            select(
                offers.c.call_id, func.max(offers.c.id), func.count(offers.c.settled_at), func.max(offers.c.agent)
            ),
            select(wrap_ups.c.call_id, func.sum(wrap_ups.c.version), func.count(wrap_ups.c.finished_at)),
            select(callers.c.call_id, func.count(callers.c.asked_at)),
        ]
        whole = select(calls.c.call_id, calls.c.state, calls.c.over, calls.c.streams, calls.c.ended_at)
        with self._read() as db:
            found: dict[str, tuple[Any, ...]] = {
                row[0]: tuple(row[1:]) for row in db.execute(whole.where(calls.c.call_id.in_(call_ids)))
            }
            for number, query in enumerate(grouped):
                table = query.selected_columns[0].table
                for row in db.execute(query.where(table.c.call_id.in_(call_ids)).group_by(table.c.call_id)):
                    found[row[0]] = (*found.get(row[0], ()), number, *row[1:])
        return found
