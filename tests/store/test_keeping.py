"""Recordings and whole calls are kept for a while, and go when they should."""

from __future__ import annotations

from datetime import timedelta

from tests.store.support import Clock
from voicebot.call.record import Disposition, EndEntry, Speaker, TurnEntry
from voicebot.people import Match, People
from voicebot.store.records import Records

END = EndEntry(9.0, Disposition.COMPLETED, "goodbye", "hours", 0.9, {}, "Asked about the hours.")


def call(records: Records, call_id: str, caller: str = "+15551230001", targets: tuple[str, ...] = ()) -> None:
    records.start(call_id, caller, "+15550000000", "jambonz", "shop", "node")
    records.add(call_id, TurnEntry(0, Speaker.CALLER, "hello", 1.0, 2.0))
    records.finish(call_id, END, targets)


def test_a_recording_belongs_to_its_call(records: Records) -> None:
    """Two streams of a call leave two recordings, in order; telling of one twice changes nothing."""
    call(records, "a")
    records.keeping.recording("a", "day/1")
    records.keeping.recording("a", "day/2")
    records.keeping.recorded("day/1", 3.5)
    records.keeping.recording("a", "day/1")
    assert [(one.path, one.seconds) for one in records.keeping.recordings_of("a")] == [
        ("day/1", 3.5),
        ("day/2", 0.0),
    ]


def test_only_old_recordings_are_let_go(records: Records, clock: Clock) -> None:
    """A recording is old by the time it was begun."""
    call(records, "a")
    records.keeping.recording("a", "old")
    clock.now += timedelta(days=31)
    records.keeping.recording("a", "new")
    assert records.keeping.drop_recordings(timedelta(days=30)) == 1
    assert [one.path for one in records.keeping.recordings_of("a")] == ["new"]
    assert records.keeping.kept(["old", "new", "other"]) == {"new"}


def test_an_old_call_that_owes_nothing_may_go(records: Records, clock: Clock) -> None:
    """Calls that are live, or whose note has not reached the CRM, stay, however old."""
    call(records, "told")
    call(records, "owing", targets=("hubspot",))
    records.start("live", "+15551230001", "+15550000000", "jambonz", "shop", "node")
    clock.now += timedelta(days=91)
    call(records, "young")
    assert records.keeping.old_calls(timedelta(days=90)) == ["told"]


def test_an_erased_call_leaves_nothing(records: Records) -> None:
    """The call, its turns, recordings and deliveries are gone; other calls are not."""
    call(records, "a", targets=("hubspot",))
    call(records, "b")
    records.keeping.recording("a", "day/1")
    assert records.keeping.erase("a")
    assert records.call("a") is None
    assert records.keeping.recordings_of("a") == []
    assert records.outbox.deliveries() == []
    assert records.call("b") is not None
    assert not records.keeping.erase("a")


def test_a_call_that_lasts_is_not_erased(records: Records) -> None:
    """Its process would write to it."""
    records.start("live", "+15551230001", "+15550000000", "jambonz", "shop", "node")
    assert not records.keeping.erase("live")
    assert records.call("live") is not None


def test_a_call_that_is_being_delivered_is_not_erased(records: Records, clock: Clock) -> None:
    """Otherwise its note would arrive at the CRM after it was forgotten; when the lease is over it can go."""
    call(records, "a", targets=("hubspot",))
    assert records.outbox.lease("worker", 60.0) is not None
    assert not records.keeping.erase("a")
    clock.now += timedelta(seconds=61)
    assert records.keeping.erase("a")


def test_calls_are_found_by_their_caller(records: Records) -> None:
    """Every way a gateway wrote the number is listed, and the calls under it in the order of time."""
    call(records, "a", "+15551230001")
    call(records, "b", "sip:+15551230001@carrier.example")
    call(records, "c", "+15551230001")
    assert sorted(records.keeping.callers()) == ["+15551230001", "sip:+15551230001@carrier.example"]
    assert records.keeping.calls_from("+15551230001") == ["a", "c"]


def test_who_called_is_kept_once_and_goes_with_the_call(records: Records) -> None:
    """The first answer counts; forgetting the call forgets it."""
    call(records, "a")
    ada = People((Match("hubspot", "Ada", "https://crm.example/1", {"tier": "gold"}),), 7)
    assert records.callers.get("a") is None
    records.callers.put("a", ada)
    records.callers.put("a", People())
    assert records.callers.get("a") == ada
    view = records.call("a")
    assert view is not None
    assert view.people == ada
    assert records.keeping.erase("a")
    assert records.callers.get("a") is None
