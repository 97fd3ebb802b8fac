"""What is kept of a call, whatever happens to it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.support import EPOCH, Clock, ended, said, start, url
from voicebot.call.record import (
    ConfirmedEntry,
    Disposition,
    Speaker,
    Timings,
    TransferOutcome,
    TroubleEntry,
    TurnEnd,
    TurnEntry,
)
from voicebot.errors import StoreError
from voicebot.store import CallRow, CallState, CallView, Delivery, DeliveryState, Records, TransferView
from voicebot.store.records import GRACE_SECONDS


def _view(records: Records, call_id: str = "call-1") -> CallView:
    view = records.call(call_id)
    assert view is not None
    return view


def _due(records: Records) -> list[Delivery]:
    """Every delivery a worker can have now."""
    found: list[Delivery] = []
    while (delivery := records.outbox.lease("worker", 60)) is not None:
        found.append(delivery)
    return found


def test_a_started_call_is_live(records: Records) -> None:
    """From its start a call is on record with its numbers, its bot and its node."""
    start(records)
    assert _view(records).row == CallRow(
        call_id="call-1",
        caller="+14155550100",
        called="+14155550199",
        gateway="jambonz",
        dialog="shop",
        node="media-1",
        state=CallState.LIVE,
        started_at=EPOCH,
        ended_at=None,
        disposition=None,
        reason="",
        intent=None,
        confidence=0.0,
        summary="",
        slots={},
    )


def test_an_unknown_call_is_none(records: Records) -> None:
    """Asking for a call nobody started gives None."""
    assert records.call("call-1") is None


def test_starting_twice_changes_nothing(records: Records, clock: Clock) -> None:
    """The start of a call may be repeated."""
    start(records)
    before = _view(records)
    clock.pass_(5)
    start(records)
    assert _view(records) == before


def test_entries_come_back_as_they_were_in_order(records: Records) -> None:
    """Turns and troubles are read as the types they were, in the order in which they were added."""
    start(records)
    turns = [
        TurnEntry(0, Speaker.BOT, "Hello, this is an automated assistant.", 0.0, 2.5, interrupted=True),
        TurnEntry(
            1,
            Speaker.CALLER,
            "where is my order",
            2.0,
            4.0,
            keys="12#",
            intent="order_status",
            confidence=0.75,
            slots={"order": "12"},
            rejected="nobody said it",
            timings=Timings(*(4.0 + step / 8 for step in range(11))),
            reason=TurnEnd.ANSWERED,
        ),
    ]
    for turn in turns:
        records.add("call-1", turn)
    trouble = TroubleEntry(at=5.0, part="lookup", error="timed out")
    records.add("call-1", trouble)
    assert _view(records).turns == tuple(turns)
    assert _view(records).troubles == (trouble,)


def test_a_confirmation_is_kept_with_the_turn_it_is_about(records: Records) -> None:
    """The latest turn of that number gets the time, and nothing else changes; an unknown number is nobody's."""
    start(records)
    first, second = said(1, "my order"), said(1, "I am back")
    for turn in (first, second):
        records.add("call-1", turn)
    records.add("call-1", ConfirmedEntry(1, 7.5, 4.0))
    records.add("call-1", ConfirmedEntry(9, 8.5, 4.0))
    confirmed = replace(second, timings=replace(second.timings, confirmed=7.5))
    assert _view(records).turns == (first, confirmed)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    """Records that the examples of a property share."""
    records = Records.open(url(tmp_path_factory.mktemp("records")))
    yield records
    records.close()


seconds = st.floats(0, 1e6)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(
    turn=st.builds(
        TurnEntry,
        number=st.integers(0, 10_000),
        speaker=st.sampled_from(Speaker),
        text=words,
        started=seconds,
        ended=seconds,
        interrupted=st.booleans(),
        keys=words,
        intent=st.none() | words,
        confidence=st.none() | st.floats(0, 1),
        slots=st.dictionaries(words, words),
        rejected=words,
        timings=st.builds(Timings, *[st.none() | seconds] * len(fields(Timings))),
    ),
    call_id=st.uuids().map(str),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_turn_survives_the_database(shared: Records, turn: TurnEntry, call_id: str) -> None:
    """Reading gives what was written, whatever the caller said."""
    start(shared, call_id)
    shared.add(call_id, turn)
    assert _view(shared, call_id).turns[-1] == turn


def test_finishing_keeps_the_end_and_owes_the_notes(records: Records, clock: Clock) -> None:
    """The end of a call sets its row and leaves one delivery per CRM, due at once."""
    start(records)
    clock.pass_(30)
    records.finish("call-1", ended(order="1234"), ["hubspot", "webhook"])
    view = _view(records)
    assert view.row.state is CallState.ENDED
    assert view.row.ended_at == EPOCH + timedelta(seconds=30)
    assert (view.row.disposition, view.row.reason) == (Disposition.COMPLETED, "goodbye")
    assert (view.row.intent, view.row.confidence, view.row.slots) == ("order_status", 0.8, {"order": "1234"})
    assert view.row.summary == "Asked for order 1234."
    assert [delivery.target for delivery in view.deliveries] == ["hubspot", "webhook"]
    assert {delivery.state for delivery in view.deliveries} == {DeliveryState.PENDING}
    assert {delivery.due_at for delivery in view.deliveries} == {clock()}


def test_finishing_twice_counts_once(records: Records, clock: Clock) -> None:
    """A repeated end neither replaces the first nor owes the note a second time nor puts it off."""
    start(records)
    records.finish("call-1", ended(), ["hubspot"])
    before = _view(records)
    clock.pass_(5)
    records.finish("call-1", ended(Disposition.FAILED, "other", summary="Other."), ["hubspot"], hold=60)
    assert _view(records) == before


def test_without_a_crm_nothing_is_owed(records: Records) -> None:
    """With no CRM configured the call is kept, and no delivery."""
    start(records)
    records.finish("call-1", ended(), [])
    assert _view(records).deliveries == ()


def test_a_call_that_was_never_started_is_an_error(records: Records) -> None:
    """News of an unknown call is refused, not lost in silence."""
    with pytest.raises(StoreError, match="call-9 was never started"):
        records.add("call-9", said(0, "hello"))
    with pytest.raises(StoreError, match="call-9 was never started"):
        records.finish("call-9", ended(), ["hubspot"])
    with pytest.raises(StoreError, match="call-9 was never started"):
        records.transferred("call-9", "front desk", TransferOutcome.BUSY, 486)


def test_a_held_note_waits_for_its_transfer(records: Records, clock: Clock) -> None:
    """While a transfer may bring the caller back the note is not due; then it is."""
    start(records)
    records.finish("call-1", ended(Disposition.TRANSFERRED, "requested"), ["hubspot"], hold=60)
    assert _due(records) == []
    clock.pass_(59)
    assert _due(records) == []
    clock.pass_(1)
    assert len(_due(records)) == 1


def test_the_end_of_the_call_releases_a_held_note(records: Records, clock: Clock) -> None:
    """Once the gateway says the call is over nobody comes back, and the note is due."""
    start(records)
    records.finish("call-1", ended(Disposition.TRANSFERRED, "requested"), ["hubspot"], hold=3600)
    records.completed("call-1", ["hubspot"])
    assert [delivery.due_at for delivery in _due(records)] == [clock()]


def test_a_caller_who_comes_back_holds_the_note(records: Records, clock: Clock) -> None:
    """While the caller is with the bot again the note waits, however long, and then tells of both parts."""
    start(records)
    records.finish("call-1", ended(Disposition.TRANSFERRED, "requested", order="1234"), ["hubspot"], hold=5)
    start(records, node="media-2")
    row = _view(records).row
    assert (row.state, row.node, row.ended_at, row.disposition) == (CallState.LIVE, "media-2", None, None)
    clock.pass_(3600)
    assert _due(records) == []
    records.finish("call-1", ended(intent=None, summary="Then left a message.", email="a@b"), ["hubspot"])
    row = _view(records).row
    assert (row.disposition, row.intent, row.confidence) == (Disposition.COMPLETED, "order_status", 0.8)
    assert row.summary == "Asked for order 1234. Then left a message."
    assert row.slots == {"order": "1234", "email": "a@b"}
    assert row.started_at == EPOCH
    assert len(_due(records)) == 1


def test_a_note_that_was_tried_keeps_its_time(records: Records, clock: Clock) -> None:
    """The end of the call does not overrule the CRM that asked us to come back later."""
    start(records)
    records.finish("call-1", ended(), ["hubspot"])
    delivery = records.outbox.lease("worker", 60)
    assert delivery is not None
    records.outbox.retry(delivery.id, "worker", after=600, error="429", ambiguous=False)
    records.completed("call-1", ["hubspot"])
    assert _due(records) == []
    clock.pass_(600)
    assert len(_due(records)) == 1


def test_every_attempt_to_transfer_is_kept(records: Records, clock: Clock) -> None:
    """Transfers are kept in order with their typed outcome; a hook that repeats itself counts once."""
    start(records)
    records.finish("call-1", ended(Disposition.TRANSFERRED), ["hubspot"], hold=60)
    records.transferred("call-1", "front desk", TransferOutcome.NO_ANSWER, 480)
    clock.pass_(1)
    records.transferred("call-1", "front desk", TransferOutcome.NO_ANSWER, 480)
    start(records)
    records.finish("call-1", ended(Disposition.TRANSFERRED), ["hubspot"], hold=60)
    records.transferred("call-1", "front desk", TransferOutcome.NO_ANSWER, 480)
    records.transferred("call-1", "manager", TransferOutcome.ACCEPTED, None)
    second = EPOCH + timedelta(seconds=1)
    assert _view(records).transfers == (
        TransferView("front desk", TransferOutcome.NO_ANSWER, 480, EPOCH),
        TransferView("front desk", TransferOutcome.NO_ANSWER, 480, second),
        TransferView("manager", TransferOutcome.ACCEPTED, None, second),
    )


def test_a_live_call_the_gateway_ended_is_finished(records: Records, clock: Clock) -> None:
    """If its process says nothing, the call ends as abandoned with what its turns tell, and its note goes out."""
    start(records)
    records.add("call-1", said(0, "where is my order", "order_status"))
    records.add("call-1", said(1, "one two", order="12"))
    records.completed("call-1", ["hubspot"])
    row = _view(records).row
    assert (row.state, row.disposition, row.reason) == (CallState.ENDED, Disposition.ABANDONED, "call_over")
    assert (row.intent, row.confidence, row.slots) == ("order_status", 0.9, {"order": "12"})
    assert "order_status" in row.summary
    assert "order 12" in row.summary
    assert _due(records) == []
    clock.pass_(GRACE_SECONDS)
    assert len(_due(records)) == 1


def test_the_real_end_replaces_a_presumed_one(records: Records) -> None:
    """When the gateway's news overtakes our own process, the process' end counts, and the note is due with it."""
    start(records)
    records.add("call-1", said(0, "what was that", "cancel"))
    records.completed("call-1", ["hubspot"])
    records.finish("call-1", ended(), ["hubspot"], hold=3600)
    row = _view(records).row
    assert (row.disposition, row.reason, row.intent) == (Disposition.COMPLETED, "goodbye", "order_status")
    assert row.summary == "Asked for order 1234."
    assert len(_due(records)) == 1


@pytest.mark.parametrize("told_first", ["transfer", "end"])
def test_a_call_the_safety_net_rescued_is_no_loss(records: Records, told_first: str) -> None:
    """A caller whose media process died and who reached a person all the same was transferred."""
    start(records)
    if told_first == "end":
        records.completed("call-1", ())
    records.transferred("call-1", "desk", TransferOutcome.ACCEPTED, 200)
    records.completed("call-1", ())
    assert _view(records).row.disposition is Disposition.TRANSFERRED


def test_completed_twice_or_for_a_stranger_changes_nothing(records: Records, clock: Clock) -> None:
    """Status hooks repeat themselves, and come for calls that never reached the bot."""
    records.completed("call-9", ["hubspot"])
    assert records.calls() == []
    start(records)
    records.finish("call-1", ended(), ["hubspot"])
    records.completed("call-1", ["hubspot"])
    before = _view(records)
    clock.pass_(5)
    records.completed("call-1", ["hubspot"])
    assert _view(records) == before


def test_a_node_that_starts_again_finishes_what_it_left(records: Records) -> None:
    """A process that was killed finds its live calls at its next start, and leaves those of its peers."""
    start(records, "call-1", "media-1")
    records.add("call-1", said(0, "where is my order", "order_status"))
    start(records, "call-2", "media-2")
    start(records, "call-3", "media-1")
    records.finish("call-3", ended(), [])
    records.heartbeat("media-1")
    records.heartbeat("media-2")
    assert records.recover("media-1", 60, ["hubspot"]) == ["call-1"]
    row = _view(records, "call-1").row
    assert (row.disposition, row.reason) == (Disposition.ABANDONED, "process_died")
    assert row.intent == "order_status"
    assert _view(records, "call-2").row.state is CallState.LIVE
    assert [delivery.call_id for delivery in _due(records)] == ["call-1"]
    assert records.recover("media-1", 60, ["hubspot"]) == []


def test_calls_of_a_silent_node_are_finished_by_others(records: Records, clock: Clock) -> None:
    """A node without a heartbeat for long enough is dead; one that never had any counts from the call's start."""
    records.heartbeat("media-1")
    records.heartbeat("media-2")
    start(records, "call-1", "media-1")
    start(records, "call-2", "media-2")
    start(records, "call-3", "media-3")
    clock.pass_(60)
    assert records.recover(None, 60, []) == []
    records.heartbeat("media-2")
    clock.pass_(1)
    assert records.recover(None, 60, ["hubspot"]) == ["call-1", "call-3"]
    assert _view(records, "call-2").row.state is CallState.LIVE


def test_a_call_given_up_too_early_still_ends_as_it_did(records: Records, clock: Clock) -> None:
    """A process that was only cut off from the database tells the real end when it is back."""
    start(records)
    clock.pass_(100)
    assert records.recover(None, 60, ["hubspot"]) == ["call-1"]
    records.add("call-1", said(0, "still here"))
    records.finish("call-1", ended(), ["hubspot"])
    assert _view(records).row.disposition is Disposition.COMPLETED
    assert len(_view(records).deliveries) == 1


def test_calls_are_listed_newest_first(records: Records, clock: Clock) -> None:
    """The list shows the latest calls, as many as asked for."""
    for number in range(4):
        start(records, f"call-{number}")
        clock.pass_(1)
    assert [row.call_id for row in records.calls(limit=3)] == ["call-3", "call-2", "call-1"]


def test_records_survive_their_process(tmp_path: Path) -> None:
    """What one process wrote, the next one reads."""
    records = Records.open(url(tmp_path))
    start(records)
    records.add("call-1", said(0, "hello", "greeting"))
    records.finish("call-1", ended(), ["hubspot"])
    before = _view(records)
    records.close()
    records = Records.open(url(tmp_path))
    assert _view(records) == before
    records.close()


def test_many_threads_write_at_once(tmp_path: Path) -> None:
    """Calls that go on at the same time wait for each other's writes, and lose none."""
    records = Records.open(url(tmp_path))

    def call(number: int) -> None:
        call_id = f"call-{number}"
        start(records, call_id)
        for turn in range(3):
            records.add(call_id, said(turn, f"turn {turn} of {number}"))
        records.finish(call_id, ended(), ["hubspot"])

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(call, range(24)))
    for number in range(24):
        view = _view(records, f"call-{number}")
        assert [turn.text for turn in view.turns] == [f"turn {turn} of {number}" for turn in range(3)]
        assert len(view.deliveries) == 1
    records.close()
