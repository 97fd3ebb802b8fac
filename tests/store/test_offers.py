"""Calls offered to people: who may take one, and what is kept of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.store.support import EPOCH, Clock, ended, start
from voicebot.errors import StoreError
from voicebot.store import Offer, OfferState, Records
from voicebot.store.offers import LIFETIME


def _offered(records: Records, *targets: str, call_id: str = "call-1") -> Offer:
    start(records, call_id)
    return records.offers.offer(call_id, targets or ("alice", "bob"), "billing", "requested")


def _get(records: Records, offer: Offer) -> Offer:
    found = records.offers.get(offer.id)
    assert found is not None
    return found


def test_an_offer_is_kept_as_it_was_made(records: Records) -> None:
    """What an offer says is who is asked, by which rule and why, from when on."""
    offer = _offered(records)
    assert offer == Offer(
        id=offer.id,
        call_id="call-1",
        attempt=1,
        targets=("alice", "bob"),
        rule="billing",
        reason="requested",
        state=OfferState.RINGING,
        agent=None,
        target=None,
        offered_at=EPOCH,
        settled_at=None,
    )
    assert records.offers.offers_of("call-1") == [offer]


def test_an_unknown_call_cannot_be_offered(records: Records) -> None:
    """Only a call on record is offered, and the message says which one is not."""
    with pytest.raises(StoreError, match="call-9"):
        records.offers.offer("call-9", ("alice",), "", "requested")
    assert records.offers.get(1) is None


def test_a_repeated_offer_is_the_same(records: Records) -> None:
    """A hook that is repeated does not offer the call twice, with or without its number."""
    offer = _offered(records)
    assert records.offers.offer("call-1", ("alice", "bob"), "billing", "requested") == offer
    assert records.offers.offer("call-1", ("carol",), "other", "silent", attempt=1) == offer


def test_another_offer_of_a_call_replaces_the_open_one(records: Records, clock: Clock) -> None:
    """A call is open to one group of people at a time."""
    first = _offered(records)
    clock.pass_(20)
    second = records.offers.offer("call-1", ("carol",), "fallback", "requested", OfferState.WAITING)
    assert (second.attempt, second.state) == (2, OfferState.WAITING)
    assert _get(records, first).state is OfferState.ABANDONED
    assert records.offers.open_offers() == [second]


def test_the_same_people_are_asked_again_by_a_new_offer(records: Records) -> None:
    """After an end, the same targets make another attempt."""
    first = _offered(records)
    records.offers.settle(first.id, OfferState.NO_ANSWER)
    again = records.offers.offer("call-1", ("alice", "bob"), "billing", "requested")
    assert again.attempt == 2
    assert _get(records, first).state is OfferState.NO_ANSWER


def test_open_offers_are_those_of_my_targets_longest_waiting_first(records: Records, clock: Clock) -> None:
    """An agent sees the calls offered to a target of theirs, in the order of waiting."""
    one = _offered(records, "alice")
    clock.pass_(1)
    two = _offered(records, "bob", "carol", call_id="call-2")
    clock.pass_(1)
    three = _offered(records, "alice", "carol", call_id="call-3")
    assert records.offers.open_offers() == [one, two, three]
    assert records.offers.open_offers(["alice"]) == [one, three]
    assert records.offers.open_offers([]) == []
    records.offers.settle(one.id, OfferState.BUSY)
    assert records.offers.open_offers(["alice"]) == [three]


def test_only_the_first_agent_gets_a_call(records: Records) -> None:
    """Of two agents who accept the first wins, and may say so again."""
    offer = _offered(records)
    assert records.offers.claim(offer.id, "alice")
    assert not records.offers.claim(offer.id, "bob")
    assert records.offers.claim(offer.id, "alice")
    assert _get(records, offer).agent == "alice"


def test_of_agents_who_accept_at_the_same_moment_one_wins(records: Records) -> None:
    """Eight threads claim one offer at once; exactly one is told that it is theirs."""
    offer = _offered(records)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: records.offers.claim(offer.id, f"agent-{n}"), range(8)))
    assert won.count(True) == 1
    assert _get(records, offer).agent == f"agent-{won.index(True)}"


def test_a_released_call_can_be_claimed_by_another(records: Records) -> None:
    """Who claimed a call gives it back; nobody else can."""
    offer = _offered(records)
    records.offers.claim(offer.id, "alice")
    assert not records.offers.release(offer.id, "bob")
    assert records.offers.release(offer.id, "alice")
    assert records.offers.claim(offer.id, "bob")


def test_a_call_answered_by_phone_can_be_claimed_but_not_released(records: Records) -> None:
    """Whoever picked up before they clicked opens the call's page afterwards, and keeps it."""
    offer = _offered(records)
    records.offers.settle(offer.id, OfferState.ACCEPTED, "alice")
    assert records.offers.claim(offer.id, "alice")
    assert not records.offers.release(offer.id, "alice")


def test_a_call_nobody_took_cannot_be_claimed(records: Records) -> None:
    """The caller is elsewhere by then."""
    offer = _offered(records)
    records.offers.settle(offer.id, OfferState.NO_ANSWER)
    assert not records.offers.claim(offer.id, "alice")


def test_the_first_end_of_an_offer_counts(records: Records, clock: Clock) -> None:
    """A late hook does not turn an answered call into an unanswered one."""
    offer = _offered(records)
    clock.pass_(7)
    assert records.offers.settle(offer.id, OfferState.ACCEPTED, "bob")
    settled = _get(records, offer)
    assert settled == replace(offer, state=OfferState.ACCEPTED, target="bob", settled_at=clock())
    assert not records.offers.settle(offer.id, OfferState.FAILED)
    assert _get(records, offer) == settled


def test_a_call_s_open_offer_is_settled_without_its_id(records: Records) -> None:
    """The gateway knows the call, not the offer; without an open one nothing changes."""
    offer = _offered(records)
    assert records.offers.settle_call("call-1", OfferState.MACHINE, "bob")
    assert (_get(records, offer).state, _get(records, offer).target) == (OfferState.MACHINE, "bob")
    assert not records.offers.settle_call("call-1", OfferState.ACCEPTED)
    with pytest.raises(ValueError, match="waiting"):
        records.offers.settle_call("call-1", OfferState.WAITING)


def test_an_open_state_is_no_end(records: Records) -> None:
    """An offer is not settled as ringing."""
    offer = _offered(records)
    with pytest.raises(ValueError, match="ringing"):
        records.offers.settle(offer.id, OfferState.RINGING)


def test_the_end_of_a_call_closes_its_offers(records: Records) -> None:
    """A caller who hung up is offered to nobody, even when the hook of the dial was lost."""
    offer = _offered(records)
    other = _offered(records, call_id="call-2")
    records.finish("call-1", ended(), ())
    assert records.offers.open_offers() == [offer, other]
    records.completed("call-1", ())
    assert _get(records, offer).state is OfferState.ABANDONED
    assert records.offers.open_offers() == [other]


def test_an_offer_nobody_settles_does_not_stay_on_the_desk_for_ever(records: Records, clock: Clock) -> None:
    """An hour later the caller is surely gone."""
    offer = _offered(records)
    clock.pass_(LIFETIME.total_seconds())
    assert records.offers.open_offers() == [offer]
    clock.pass_(1)
    assert records.offers.open_offers() == []
