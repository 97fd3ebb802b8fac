"""What agents write about calls, and what waits for it."""

from __future__ import annotations

import pytest

from tests.store.support import Clock, ended, start, written
from voicebot.errors import Unstorable
from voicebot.store import DeliveryState, Records
from voicebot.store.views import WrapUpDisposition
from voicebot.store.wrap_ups import NOTES_LIMIT

TARGETS = ("hubspot",)


def taken(records: Records) -> None:
    """A call whose bot part is over and that `ada` took, with three minutes for her notes."""
    start(records)
    records.finish("call-1", ended(), TARGETS)
    records.wrap_ups.begin("call-1", "ada", 180)


def told(records: Records, clock: Clock) -> None:
    """The same, and the CRM got its note before `ada` wrote anything."""
    taken(records)
    clock.pass_(181)
    first = records.outbox.lease("worker", 60)
    assert first is not None
    records.outbox.delivered(first.id, "worker", "note-1")


def test_notes_are_saved_in_turn(records: Records) -> None:
    """Each save says which version it has seen; one that missed another changes nothing."""
    taken(records)
    assert records.wrap_ups.save("call-1", "ada", 0, "refund", None, 180)
    assert not records.wrap_ups.save("call-1", "ada", 0, "from another window", None, 180)
    assert records.wrap_ups.save("call-1", "ada", 1, "refund promised", WrapUpDisposition.RESOLVED, 180)
    kept = written(records, "call-1", "ada")
    assert kept is not None
    assert (kept.version, kept.notes, kept.disposition) == (2, "refund promised", WrapUpDisposition.RESOLVED)


def test_taking_a_call_again_keeps_the_notes(records: Records) -> None:
    """A page that is loaded again begins nothing anew; giving back forgets only what is empty."""
    taken(records)
    records.wrap_ups.save("call-1", "ada", 0, "refund", None, 180)
    records.wrap_ups.drop("call-1", "ada")
    again = records.wrap_ups.begin("call-1", "ada", 180)
    assert (again.version, again.notes) == (1, "refund")
    records.wrap_ups.begin("call-1", "bob", 180)
    records.wrap_ups.drop("call-1", "bob")
    assert written(records, "call-1", "bob") is None


def test_a_note_waits_for_the_wrap_up(records: Records, clock: Clock) -> None:
    """It is due the moment the agent is done, and has what was written."""
    taken(records)
    assert records.outbox.lease("worker", 60) is None
    clock.pass_(100)
    records.wrap_ups.save("call-1", "ada", 0, "refund", None, 180, finish=True)
    assert records.outbox.lease("worker", 60) is not None
    view = records.call("call-1")
    assert view is not None
    assert [(each.agent, each.notes) for each in view.wrap_ups] == [("ada", "refund")]
    assert [delivery.wrap_up for delivery in view.deliveries] == [0]


def test_a_silent_agent_does_not_hold_the_note_for_ever(records: Records, clock: Clock) -> None:
    """After the time given since the last sign, it goes without."""
    taken(records)
    clock.pass_(170)
    records.wrap_ups.save("call-1", "ada", 0, "typing", None, 180)
    clock.pass_(170)
    assert records.outbox.lease("worker", 60) is None
    clock.pass_(11)
    assert records.outbox.lease("worker", 60) is not None


def test_an_open_desk_holds_the_note_while_the_call_lasts(records: Records, clock: Clock) -> None:
    """However long they talk; once the caller is gone the time runs."""
    taken(records)
    for _ in range(100):
        clock.pass_(100)
        records.wrap_ups.keep(["ada"], 180)
    assert records.outbox.lease("worker", 60) is None
    records.completed("call-1", TARGETS)
    clock.pass_(100)
    records.wrap_ups.keep(["ada"], 180)
    clock.pass_(81)
    assert records.outbox.lease("worker", 60) is not None


def test_a_call_whose_end_was_lost_is_not_waited_for_a_day(records: Records, clock: Clock) -> None:
    """Nobody talks for longer than four hours."""
    taken(records)
    clock.pass_(4 * 3600)
    records.wrap_ups.keep(["ada"], 180)
    assert records.outbox.lease("worker", 60) is not None


def test_a_wrap_up_after_the_note_is_owed_on_its_own(records: Records, clock: Clock) -> None:
    """One more delivery for every CRM that was told without it, once."""
    told(records, clock)
    assert records.wrap_ups.save("call-1", "ada", 0, "refund", None, 180, finish=True)
    assert not records.wrap_ups.save("call-1", "ada", 1, "too late", None, 180, finish=True)
    second = records.outbox.lease("worker", 60)
    notes = written(records, "call-1", "ada")
    assert second is not None
    assert notes is not None
    assert (second.target, second.wrap_up, second.state) == ("hubspot", notes.id, DeliveryState.PENDING)
    assert records.outbox.lease("worker", 60) is None


def test_two_late_wrap_ups_are_two_entries(records: Records, clock: Clock) -> None:
    """A call that two people took has two stories; one nobody wrote is none."""
    told(records, clock)
    for agent, notes in (("ada", "one"), ("bob", "two"), ("eve", " ")):
        records.wrap_ups.begin("call-1", agent, 180)
        records.wrap_ups.save("call-1", agent, 0, notes, None, 180, finish=True)
    view = records.call("call-1")
    assert view is not None
    assert len({delivery.wrap_up for delivery in view.deliveries}) == 3


def test_what_is_unfinished_is_listed_for_half_a_day(records: Records, clock: Clock) -> None:
    """The latest first, without what is done."""
    for number in range(3):
        start(records, f"call-{number}")
        records.wrap_ups.begin(f"call-{number}", "ada", 180)
        clock.pass_(1)
    records.wrap_ups.save("call-1", "ada", 0, "", None, 180, finish=True)
    talks = records.floors.look(["ada"]).talks["ada"]
    assert [talk.call_id for talk in talks] == ["call-2", "call-0"]
    talk = talks[0]
    assert records.wrap_ups.find(talk.id, "ada") == talk
    assert records.wrap_ups.find(talk.id, "bob") is None
    clock.pass_(12 * 3600)
    assert records.floors.look(["ada"]).talks == {}


def test_notes_have_a_length(records: Records) -> None:
    """Beyond it they are cut, so that every CRM takes them."""
    taken(records)
    records.wrap_ups.save("call-1", "ada", 0, "x" * (NOTES_LIMIT + 1), None, 180)
    kept = written(records, "call-1", "ada")
    assert kept is not None
    assert len(kept.notes) == NOTES_LIMIT


def test_nobody_writes_about_a_call_that_is_not_recorded(records: Records) -> None:
    """An unknown id is refused."""
    with pytest.raises(Unstorable):
        records.wrap_ups.begin("unknown", "ada", 180)
