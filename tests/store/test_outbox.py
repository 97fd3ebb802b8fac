"""Notes owed to CRMs, taken under leases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.support import EPOCH, Clock, ended, start, url
from voicebot.errors import StoreError
from voicebot.store import Delivery, DeliveryState, Records


def _owe(records: Records, call_id: str = "call-1") -> None:
    start(records, call_id)
    records.finish(call_id, ended(), ["hubspot"])


def _lease(records: Records, owner: str = "worker-1", seconds: float = 60) -> Delivery:
    delivery = records.outbox.lease(owner, seconds)
    assert delivery is not None
    return delivery


def _only(records: Records) -> Delivery:
    [delivery] = records.outbox.deliveries()
    return delivery


def test_an_empty_outbox_leases_nothing(records: Records) -> None:
    """A worker without work gets None."""
    assert records.outbox.lease("worker-1", 60) is None


def test_a_leased_note_is_its_workers_alone(records: Records) -> None:
    """The first attempt is numbered 1, knows of no other, and nobody else gets it."""
    _owe(records)
    delivery = _lease(records)
    assert (delivery.call_id, delivery.target, delivery.attempts) == ("call-1", "hubspot", 1)
    assert delivery.leased_until == EPOCH + timedelta(seconds=60)
    assert not delivery.ambiguous
    assert records.outbox.lease("worker-2", 60) is None
    assert records.outbox.lease("worker-1", 60) is None


def test_notes_are_taken_in_the_order_they_are_due(records: Records, clock: Clock) -> None:
    """What is due longest comes first."""
    for call_id in ("call-b", "call-a", "call-c"):
        _owe(records, call_id)
        clock.pass_(1)
    taken = [_lease(records).call_id for _ in range(3)]
    assert taken == ["call-b", "call-a", "call-c"]


def test_a_delivered_note_is_done(records: Records, clock: Clock) -> None:
    """Once the CRM has it, a note is never taken again, and names its id there."""
    _owe(records)
    records.outbox.delivered(_lease(records).id, "worker-1", "note-77")
    done = _only(records)
    assert (done.state, done.external_id, done.leased_until) == (DeliveryState.DONE, "note-77", None)
    clock.pass_(86_400)
    assert records.outbox.lease("worker-1", 60) is None


def test_an_expired_lease_is_taken_up_as_ambiguous(records: Records, clock: Clock) -> None:
    """A note whose worker fell silent goes to another, told that it may be at the CRM already."""
    _owe(records)
    _lease(records, "worker-1", 60)
    clock.pass_(60)
    again = _lease(records, "worker-2")
    assert again.attempts == 2
    assert again.ambiguous


def test_a_retry_waits_and_keeps_its_error(records: Records, clock: Clock) -> None:
    """A failed attempt is repeated no earlier than asked, without doubt where none was reported."""
    _owe(records)
    records.outbox.retry(_lease(records).id, "worker-1", after=30, error="HTTP 500", ambiguous=False)
    waiting = _only(records)
    assert (waiting.state, waiting.last_error) == (DeliveryState.PENDING, "HTTP 500")
    assert waiting.due_at == EPOCH + timedelta(seconds=30)
    clock.pass_(29)
    assert records.outbox.lease("worker-1", 60) is None
    clock.pass_(1)
    again = _lease(records)
    assert again.attempts == 2
    assert not again.ambiguous


def test_doubt_is_never_forgotten(records: Records, clock: Clock) -> None:
    """After one attempt that may have been carried out, every later one looks first."""
    _owe(records)
    records.outbox.retry(_lease(records).id, "worker-1", after=0, error="timeout", ambiguous=True)
    records.outbox.retry(_lease(records).id, "worker-1", after=0, error="HTTP 503", ambiguous=False)
    assert _lease(records).ambiguous


def test_a_lost_lease_has_no_say(records: Records, clock: Clock) -> None:
    """Whatever a worker reports after another one took its note over is ignored."""
    _owe(records)
    late = _lease(records, "worker-1", 60)
    clock.pass_(60)
    _lease(records, "worker-2", 60)
    before = _only(records)
    records.outbox.retry(late.id, "worker-1", after=0, error="late", ambiguous=False)
    records.outbox.dead(late.id, "worker-1", "late")
    records.outbox.delivered(late.id, "worker-1", "note-1")
    assert _only(records) == before
    records.outbox.delivered(late.id, "worker-2", "note-2")
    assert _only(records).external_id == "note-2"


def test_an_expired_lease_nobody_took_over_still_counts(records: Records, clock: Clock) -> None:
    """A slow worker that is done before anybody else began has delivered the note."""
    _owe(records)
    slow = _lease(records, "worker-1", 60)
    clock.pass_(600)
    records.outbox.delivered(slow.id, "worker-1", "note-1")
    assert _only(records).state is DeliveryState.DONE


def test_progress_adds_up(records: Records, clock: Clock) -> None:
    """What attempts achieved is handed to the next, also what a worker with a lost lease achieved."""
    _owe(records)
    late = _lease(records, "worker-1", 60)
    clock.pass_(60)
    _lease(records, "worker-2", 60)
    records.outbox.save_progress(late.id, {"contact": "17"})
    records.outbox.save_progress(late.id, {"note": "18"})
    clock.pass_(60)
    assert _lease(records, "worker-3").progress == {"contact": "17", "note": "18"}


def test_a_dead_note_is_seen_and_can_be_revived(records: Records, clock: Clock) -> None:
    """A delivery given up stays visible with its error, and is only tried again once an operator says so."""
    _owe(records)
    records.outbox.dead(_lease(records).id, "worker-1", "HTTP 400")
    [dead] = records.outbox.deliveries(DeliveryState.DEAD)
    assert dead.last_error == "HTTP 400"
    clock.pass_(86_400)
    assert records.outbox.lease("worker-1", 60) is None
    records.outbox.revive(dead.id)
    assert records.outbox.deliveries(DeliveryState.DEAD) == []
    assert _lease(records).id == dead.id


def test_what_waits_can_be_tried_at_once(records: Records) -> None:
    """An operator does not wait for the next try, nor for a CRM that is left alone."""
    _owe(records)
    delivery = _lease(records)
    records.outbox.retry(delivery.id, "worker-1", after=3600, error="HTTP 503", ambiguous=True)
    records.outbox.targets.refused(delivery.target, "401", 3600)
    assert records.outbox.lease("worker-1", 60) is None
    records.outbox.revive(delivery.id)
    again = _lease(records)
    assert again.id == delivery.id
    assert again.ambiguous


def test_everything_of_one_crm_can_be_tried_at_once(records: Records, clock: Clock) -> None:
    """Those given up and those that wait, of that CRM only."""
    for number in range(3):
        _owe(records, f"call-{number}")
    for _ in range(2):
        records.outbox.dead(_lease(records).id, "worker-1", "HTTP 400")
    waits = _lease(records)
    records.outbox.retry(waits.id, "worker-1", after=3600, error="HTTP 503", ambiguous=False)
    for name in (waits.target, "another"):
        records.outbox.targets.refused(name, "401", 3600)
    assert records.outbox.revive_all("another") == 0
    assert [target.name for target in records.outbox.targets.all()] == [waits.target]
    assert records.outbox.lease("worker-1", 60) is None
    assert records.outbox.revive_all() == 3
    assert records.outbox.targets.all() == []
    assert len({_lease(records, f"worker-{number}").id for number in range(3)}) == 3


def test_a_dropped_note_is_not_owed_again(records: Records) -> None:
    """It stays visible; the end of the call, told once more, does not bring it back; an operator may."""
    _owe(records)
    delivery = _only(records)
    records.outbox.drop(delivery.id)
    assert _only(records).state is DeliveryState.DROPPED
    assert records.outbox.lease("worker-1", 60) is None
    _owe(records)
    assert _only(records).state is DeliveryState.DROPPED
    records.outbox.revive(delivery.id)
    assert _lease(records).id == delivery.id


def test_what_is_written_or_being_written_is_not_dropped(records: Records, clock: Clock) -> None:
    """It would be a lie: the CRM has it, or is about to."""
    _owe(records)
    delivery = _lease(records, "worker-1", 60)
    with pytest.raises(StoreError, match="is being written"):
        records.outbox.drop(delivery.id)
    records.outbox.delivered(delivery.id, "worker-1", "note-77")
    with pytest.raises(StoreError, match="note-77"):
        records.outbox.drop(delivery.id)


def test_given_back_is_not_counted(records: Records) -> None:
    """A try that the CRM refused at the door is none."""
    _owe(records)
    records.outbox.give_back(_lease(records).id, "worker-1", "HTTP 401")
    assert (_only(records).attempts, _only(records).last_error) == (0, "HTTP 401")
    assert _lease(records).attempts == 1


def test_backlog_counts_by_crm_and_state(records: Records, clock: Clock) -> None:
    """With the age of the oldest, by which alarms are set."""
    _owe(records, "call-1")
    clock.pass_(60)
    _owe(records, "call-2")
    records.outbox.delivered(_lease(records).id, "worker-1", "note-1")
    pending, done = sorted(records.outbox.backlog(), key=lambda each: each.state.value, reverse=True)
    assert (pending.state, pending.count, pending.oldest) == (
        DeliveryState.PENDING,
        1,
        EPOCH + timedelta(seconds=60),
    )
    assert (done.state, done.count, done.oldest) == (DeliveryState.DONE, 1, EPOCH)


def test_workers_take_only_their_crms_notes(records: Records) -> None:
    """`only` and `skip` share the notes out; a CRM that is left alone gets none until its pause is over."""
    _owe(records)
    target = _only(records).target
    assert records.outbox.lease("worker-1", 60, only=["another"]) is None
    assert records.outbox.lease("worker-1", 60, skip=[target]) is None
    assert records.outbox.lease("worker-1", 60, only=[target]) is not None


def test_only_what_is_not_done_can_be_revived(records: Records) -> None:
    """Reviving what is delivered or unknown is refused, saying which."""
    _owe(records)
    delivery = _lease(records)
    records.outbox.delivered(delivery.id, "worker-1", "note-1")
    with pytest.raises(StoreError, match=f"delivery {delivery.id} is done"):
        records.outbox.revive(delivery.id)
    with pytest.raises(StoreError, match="no delivery 999"):
        records.outbox.revive(999)


def test_deliveries_are_listed_newest_first(records: Records) -> None:
    """The list shows the latest deliveries, as many as asked for, in one state or all."""
    for number in range(3):
        _owe(records, f"call-{number}")
    records.outbox.delivered(_lease(records).id, "worker-1", "note-1")
    listed = records.outbox.deliveries(limit=2)
    assert [delivery.call_id for delivery in listed] == ["call-2", "call-1"]
    assert [delivery.call_id for delivery in records.outbox.deliveries(DeliveryState.DONE)] == ["call-0"]


def test_no_two_workers_get_the_same_note(tmp_path: Path) -> None:
    """Workers that reach for the outbox at the same moment share it out between them."""
    records = Records.open(url(tmp_path))
    for number in range(20):
        _owe(records, f"call-{number}")

    def take(number: int) -> Delivery | None:
        return records.outbox.lease(f"worker-{number}", 600)

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(take, range(24)))
    ids = [delivery.id for delivery in taken if delivery is not None]
    assert len(ids) == len(set(ids)) == 20
    records.close()
