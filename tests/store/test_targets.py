"""How CRMs are left alone, and when they are tried again."""

from __future__ import annotations

from datetime import timedelta

from tests.store.support import EPOCH, Clock
from voicebot.store import Records
from voicebot.store.targets import BREAK_AFTER, FIRST_BREAK, LONGEST_BREAK
from voicebot.store.views import TargetState


def test_refusal_is_news_once(records: Records, clock: Clock) -> None:
    """The next one moves the pause on, but began when the first did."""
    targets = records.outbox.targets
    assert targets.refused("crm", "401", 300)
    clock.pass_(300)
    assert not targets.refused("crm", "403", 300)
    (target,) = targets.all()
    assert (target.state, target.reason, target.since) == (TargetState.REFUSED, "403", EPOCH)
    assert target.until == EPOCH + timedelta(seconds=600)


def test_breaks_begin_with_the_fifth_failure_and_grow(records: Records) -> None:
    """They double up to ten minutes, spread by a fifth."""
    targets = records.outbox.targets
    pauses = [targets.failed("crm", "HTTP 500") for _ in range(BREAK_AFTER + 10)]
    assert not any(pauses[: BREAK_AFTER - 1])
    for number, pause in enumerate(pauses[BREAK_AFTER - 1 :]):
        middle = min(LONGEST_BREAK, FIRST_BREAK * 2**number)
        assert 0.8 * middle <= pause <= 1.2 * middle


def test_lesser_trouble_does_not_hide_a_refused_credential(records: Records) -> None:
    """What an operator must mend stays on show until it is mended."""
    targets = records.outbox.targets
    targets.refused("crm", "401", 300)
    targets.throttled("crm", "429", 1)
    targets.failed("crm", "HTTP 500")
    (target,) = targets.all()
    assert target.state is TargetState.REFUSED


def test_pause_that_was_asked_for_is_kept_by_a_failing_crm(records: Records, clock: Clock) -> None:
    """It fails, and says for how long to stay away: both hold."""
    targets = records.outbox.targets
    targets.failed("crm", "HTTP 500")
    targets.throttled("crm", "429", 60)
    (target,) = targets.all()
    assert (target.state, target.until) == (TargetState.FAILING, EPOCH + timedelta(seconds=60))


def test_trouble_of_another_kind_begins_when_it_did(records: Records, clock: Clock) -> None:
    """An operator is told since when the credential is refused, not since when the CRM was slow."""
    targets = records.outbox.targets
    targets.throttled("crm", "429", 60)
    clock.pass_(30)
    targets.refused("crm", "401", 300)
    (target,) = targets.all()
    assert (target.state, target.since) == (TargetState.REFUSED, EPOCH + timedelta(seconds=30))


def test_restart_ends_the_wait_but_keeps_the_fact(records: Records) -> None:
    """A new start tries a refused credential at once; a throttled account still waits."""
    targets = records.outbox.targets
    targets.refused("a", "401", 300)
    targets.throttled("b", "429", 300)
    targets.restarted("a")
    targets.restarted("b")
    first, second = targets.all()
    assert (first.state, first.until) == (TargetState.REFUSED, EPOCH)
    assert second.until == EPOCH + timedelta(seconds=300)
