"""Tokens of live connections, who is at a desk, and whose call is whose."""

from __future__ import annotations

import pytest

from tests.store.support import Clock, start
from voicebot.roles import Role
from voicebot.store import OfferState, Records


@pytest.fixture(autouse=True)
def people(records: Records) -> None:
    """Two agents."""
    for name in ("ada", "bob"):
        records.users.add(name, "correct horse battery", [Role.AGENT], ["desk"])


def test_a_token_opens_one_connection(records: Records) -> None:
    """The second use, and a token nobody issued, open nothing."""
    token = records.desk.issue_token("ada")
    assert records.desk.redeem_token(token) == "ada"
    assert records.desk.redeem_token(token) is None
    assert records.desk.redeem_token("made up \udc80") is None


def test_a_token_is_short_lived_and_not_kept(records: Records, clock: Clock) -> None:
    """After half a minute it is worth nothing, and the database never had it."""
    token = records.desk.issue_token("ada")
    with records.engine.connect() as db:
        assert token not in str(db.exec_driver_sql("SELECT * FROM desk_tokens").all())
    clock.pass_(30)
    assert records.desk.redeem_token(token) is None
    records.desk.issue_token("bob")
    with records.engine.connect() as db:
        assert db.exec_driver_sql("SELECT agent FROM desk_tokens").all() == [("bob",)]


def test_a_token_dies_with_its_user(records: Records) -> None:
    """Whoever was removed in between gets in no more."""
    token = records.desk.issue_token("ada")
    records.users.remove("ada")
    assert records.desk.redeem_token(token) is None


def test_a_desk_is_there_while_it_is_seen(records: Records, clock: Clock) -> None:
    """At any process; a process that dies takes its desks with it after a while."""
    records.desk.seen("media-1", ["ada", "bob"])
    records.desk.seen("media-2", ["ada", "nobody"])
    assert [person.name for person in records.desk.present()] == ["ada", "bob"]
    records.desk.seen("media-1", ["bob"])
    assert [person.name for person in records.desk.present()] == ["ada", "bob"]
    clock.pass_(14)
    records.desk.seen("media-1", ["bob"])
    clock.pass_(1)
    assert [person.name for person in records.desk.present()] == ["bob"]
    records.desk.seen("media-1", [])
    assert records.desk.present() == []


def test_calls_belong_to_who_took_them(records: Records) -> None:
    """Claimed, or written about."""
    for call_id in ("call-1", "call-2", "call-3"):
        start(records, call_id)
    assert records.offers.claim(records.offers.offer("call-1", ["desk"], "", "requested").id, "ada")
    records.wrap_ups.begin("call-2", "ada", 60)
    assert sorted(row.call_id for row in records.desk.calls_of("ada", 9)) == ["call-1", "call-2"]
    assert [records.desk.took("ada", call) for call in ("call-1", "call-2", "call-3")] == [True, True, False]
    assert records.desk.calls_of("bob", 9) == []


def test_the_floor_shows_what_concerns_people_now(records: Records, clock: Clock) -> None:
    """Open offers, calls a phone answered and no desk claimed, and what is being written."""
    for call_id in ("waits", "answered", "mine", "over"):
        start(records, call_id)
    waits = records.offers.offer("waits", ["desk"], "", "requested")
    clock.pass_(1)
    answered = records.offers.offer("answered", ["desk"], "", "requested")
    records.offers.settle(answered.id, OfferState.ACCEPTED, "desk")
    mine = records.offers.offer("mine", ["desk"], "", "requested")
    records.offers.claim(mine.id, "ada")
    records.offers.settle(mine.id, OfferState.ACCEPTED, "desk")
    talk = records.wrap_ups.begin("mine", "ada", 60)
    over = records.offers.offer("over", ["desk"], "", "requested")
    records.offers.settle(over.id, OfferState.ACCEPTED, "desk")
    records.completed("over", ())
    floor = records.floors.look(["ada", "bob"])
    assert [offer.call_id for offer in floor.offers] == ["waits", "answered"]
    assert floor.offers[0] == waits
    assert floor.talks == {"ada": (talk,)}
    assert floor.claims["mine", "ada"].state is OfferState.ACCEPTED
    assert set(floor.users) == {"ada", "bob"}
    assert records.floors.look(["bob"]).talks == {}


def test_a_call_taken_by_telephone_has_yet_to_be_begun(records: Records) -> None:
    """Its agent is known, and the desk has nothing of it yet."""
    start(records)
    offer = records.offers.offer("call-1", ["desk"], "", "requested")
    records.offers.claim(offer.id, "ada")
    assert records.floors.look(["ada"]).unbegun == ()
    records.offers.settle(offer.id, OfferState.ACCEPTED, "desk")
    assert records.floors.look(["ada"]).unbegun == (("call-1", "ada"),)
    assert records.floors.look(["bob"]).unbegun == ()
    records.wrap_ups.begin("call-1", "ada", 60)
    assert records.floors.look(["ada"]).unbegun == ()


def test_a_stamp_changes_with_its_call_only(records: Records) -> None:
    """A claim, a note or the end change the call's stamp, and no other's."""
    start(records, "call-1")
    start(records, "call-2")
    stamps = [records.floors.stamps(["call-1", "call-2", "unknown"])]
    changes = (
        lambda: records.offers.offer("call-1", ["desk"], "", "requested"),
        lambda: records.offers.claim(1, "ada"),
        lambda: records.wrap_ups.begin("call-1", "ada", 60),
        lambda: records.wrap_ups.save("call-1", "ada", 0, "x", None, 60),
        lambda: records.completed("call-1", ["hubspot"]),
    )
    for change in changes:
        change()
        stamps.append(records.floors.stamps(["call-1", "call-2", "unknown"]))
    assert len({stamp["call-1"] for stamp in stamps}) == len(stamps)
    assert len({stamp["call-2"] for stamp in stamps}) == 1
    assert "unknown" not in stamps[0]
