"""The delivery worker against the real outbox in SQLite and HubSpot over HTTP, in virtual time."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.database import empty
from voicebot.call.record import Disposition, EndEntry, Speaker, TransferOutcome, TurnEntry
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.crm.insight import Insight
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.worker import FIRST_WAIT, GIVE_UP_TRIES, IDLE_SECONDS, PAUSE_SECONDS, DeliveryWorker
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.errors import CrmThrottled, CrmUnavailable, StoreError
from voicebot.store.outbox import Outbox
from voicebot.store.records import Records
from voicebot.store.targets import BREAK_AFTER
from voicebot.store.views import Delivery, DeliveryState, TargetState
from voicebot.testing.crm import FakeCrm
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault

END = EndEntry(
    at=42.0,
    disposition=Disposition.TRANSFERRED,
    reason="requested",
    intent="transfer",
    confidence=0.9,
    slots={"order_number": "1234"},
    summary="Caller about order 1234 wants a person.",
)


class Clock:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Bench:
    """Records in a file, a HubSpot, and workers that share one clock."""

    def __init__(self, folder: Path, hubspot: FakeHubSpot, clock: Clock) -> None:
        self.clock = clock
        self.hubspot = hubspot
        self.records = Records.open(empty(folder / "voicebot.db"), clock)

    def crm(self, token: str = TOKEN) -> HubSpot:
        api = Api(self.hubspot.url, SecretStr(token), "2026-03", timeouts=(1.0, 0.3))
        return HubSpot(api, region="US", create_contact=True)

    def worker(self, crm: Crm | None = None, owner: str = "worker-1", seed: int = 0) -> DeliveryWorker:
        crms = {"hubspot": crm or self.crm()}
        return DeliveryWorker(self.records, crms, owner, self.clock, random.Random(seed))

    def end_call(self, call_id: str = "call-1", caller: str = "+14155552671", target: str = "hubspot") -> None:
        self.records.start(call_id, caller, "+14155550100", "jambonz", "shop", "node-1")
        self.records.add(call_id, TurnEntry(0, Speaker.BOT, "How can I help?", 0.0, 1.5))
        self.records.add(call_id, TurnEntry(1, Speaker.CALLER, "An agent <please>.", 2.0, 3.0))
        self.records.add(call_id, TurnEntry(2, Speaker.CALLER, "Thank you.", 4.0, 5.0, rejected="invented"))
        self.records.finish(call_id, END, [target])

    @property
    def delivery(self) -> Delivery:
        (delivery,) = self.records.outbox.deliveries()
        return delivery

    def wait_until_due(self) -> None:
        rests = [target.until for target in self.records.outbox.targets.all()]
        self.clock.now = max(self.clock.now, self.delivery.due_at, *rests)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    clock = Clock()
    with FakeHubSpot(clock=clock.seconds) as hubspot:
        made = Bench(folder, hubspot, clock)
        try:
            yield made
        finally:
            made.records.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def test_note_is_delivered_from_the_record(desk: Bench) -> None:
    """What was recorded of the call stands in the note; invented text does not."""
    desk.end_call()
    desk.records.transferred("call-1", "billing", TransferOutcome.NO_ANSWER, 480)
    assert desk.worker().run_once()
    (note,) = desk.hubspot.notes
    body = note.properties["hs_note_body"]
    assert "<p>Caller about order 1234 wants a person.</p>" in body
    assert "<b>Outcome:</b> transferred (requested); transfer to billing: no answer" in body
    assert "<b>Bot:</b> How can I help?<br><b>Caller:</b> An agent &lt;please&gt;.</p>" in body
    assert "Thank you" not in body
    assert desk.delivery.state is DeliveryState.DONE
    assert desk.delivery.external_id == note.id


def test_nothing_to_do(desk: Bench) -> None:
    """An empty outbox is told, so that the worker may rest."""
    assert not desk.worker().run_once()


def test_live_call_waits(desk: Bench) -> None:
    """The note is delivered when the call is over, not before."""
    desk.records.start("call-1", "+14155552671", "+14155550100", "jambonz", "shop", "node-1")
    assert not desk.worker().run_once()


def test_failure_is_tried_again_later(desk: Bench) -> None:
    """A fault of HubSpot puts the note back, visibly and with its reason; it is not due at once."""
    desk.end_call()
    desk.hubspot.fail(Fault.BROKEN)
    worker = desk.worker()
    assert worker.run_once()
    assert "500" in desk.delivery.last_error
    assert not worker.run_once()
    desk.wait_until_due()
    assert worker.run_once()
    assert desk.delivery.state is DeliveryState.DONE
    assert desk.delivery.last_error == ""


def test_back_off_grows_to_an_hour_and_is_spread(desk: Bench) -> None:
    """Waits lie between 5 s and a ceiling that doubles up to one hour, and differ between workers."""
    desk.end_call()
    desk.hubspot.fail(Fault.BROKEN, times=100)
    worker, waits = desk.worker(), []
    for _ in range(14):
        desk.wait_until_due()
        worker.run_once()
        waits.append((desk.delivery.due_at - desk.clock.now).total_seconds())
    ceilings = [min(3600.0, 5.0 * 2**attempt) for attempt in range(1, 15)]
    assert all(5.0 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert max(waits) > 600
    assert len(set(waits)) == len(waits)


@pytest.mark.parametrize(("fault", "least"), [(Fault.THROTTLED, 1.0), (Fault.SPENT, 3600.0)])
def test_throttling_is_honoured(desk: Bench, fault: Fault, least: float) -> None:
    """No sooner than HubSpot asked."""
    desk.end_call()
    desk.hubspot.fail(fault)
    desk.worker().run_once()
    assert (desk.delivery.due_at - desk.clock.now).total_seconds() >= least
    assert desk.delivery.state is DeliveryState.PENDING


def test_retry_after_is_honoured(desk: Bench) -> None:
    """The header's figure counts."""
    desk.end_call()
    desk.hubspot.fail(Fault.MIGRATING, retry_after="20000")
    desk.worker().run_once()
    assert (desk.delivery.due_at - desk.clock.now).total_seconds() >= 20000


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HANG, Fault.GARBAGE])
@pytest.mark.parametrize("caller", ["+14155552671", "anonymous"])
def test_lost_answer_leaves_exactly_one_note(desk: Bench, caller: str, fault: Fault) -> None:
    """The doubt goes through the outbox to the next attempt, whoever makes it."""
    desk.hubspot.account.search_lag = 20
    desk.end_call(caller=caller)
    desk.hubspot.fail(fault, Operation.CREATE_NOTE)
    for owner in ("worker-1", "worker-2", "worker-3"):
        desk.wait_until_due()
        desk.worker(owner=owner).run_once()
    assert desk.delivery.state is DeliveryState.DONE
    assert [note.id for note in desk.hubspot.notes] == [desk.delivery.external_id]


class Killed(BaseException):
    """The process ends here, in the middle of a delivery: nothing after it runs."""


class Dying(Crm):
    """A CRM whose process is killed when it keeps progress for the `step`th time, before or after it is kept."""

    name = "hubspot"

    def __init__(self, crm: HubSpot, step: int, kept: bool) -> None:
        self._crm = crm
        self._left = step
        self._kept = kept

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        def save(progress: Mapping[str, str]) -> None:
            self._left -= 1
            if self._left == 0 and not self._kept:
                raise Killed
            attempt.save(progress)
            if self._left == 0:
                raise Killed

        self._crm.deliver(note, replace(attempt, save=save))
        raise Killed

    def check(self) -> str:
        return self._crm.check()

    def erase(self, external_id: str) -> bool:
        return self._crm.erase(external_id)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("caller", ["+14155552671", "anonymous"])
def test_killed_worker_leaves_one_note_and_one_contact(desk: Bench, caller: str, step: int, kept: bool) -> None:
    """Killed at any step of a delivery: nobody takes it up until the lease is over, then one note is there."""
    desk.hubspot.account.search_lag = 20
    desk.end_call(caller=caller)
    with pytest.raises(Killed):
        desk.worker(Dying(desk.crm(), step, kept)).run_once()
    successor = desk.worker(owner="worker-2")
    desk.clock.pass_(seconds=59)
    assert not successor.run_once()
    desk.clock.pass_(seconds=1)
    assert successor.run_once()
    while desk.delivery.state is DeliveryState.PENDING:
        desk.wait_until_due()
        assert successor.run_once()
    assert desk.delivery.attempts <= 4
    assert [note.id for note in desk.hubspot.notes] == [desk.delivery.external_id]
    assert len(desk.hubspot.contacts) == (0 if caller == "anonymous" else 1)


def test_crm_is_told_when_an_attempt_left_doubt(desk: Bench) -> None:
    """Clean failures leave none; a lost answer does, and so does a worker that died with the note in hand."""
    for call, failure in (
        ("clean", CrmUnavailable("refused")),
        ("lost", CrmUnavailable("lost", ambiguous=True)),
        ("killed", Killed()),
    ):
        crm = FakeCrm()
        crm.failures = [failure]
        desk.end_call(call)
        with suppress(Killed):
            desk.worker(crm).run_once()
        desk.clock.pass_(minutes=2)
        desk.worker(crm, owner="worker-2").run_once()
        assert [told.note.call_id for told in crm.told] == [call, call]
        assert [told.attempt.repeat for told in crm.told] == [False, call != "clean"]


def test_progress_reaches_the_next_attempt(desk: Bench) -> None:
    """What a CRM saves in a failing attempt is there in the next."""
    desk.end_call()
    crm = FakeCrm()
    crm.failures = [CrmThrottled("later", 1.0)]
    desk.worker(crm).run_once()
    crm.told[0].attempt.save({"contact": "7"})
    desk.wait_until_due()
    desk.worker(crm).run_once()
    assert crm.told[1].attempt.progress == {"contact": "7"}


def test_given_up_after_a_day(desk: Bench) -> None:
    """A day of failures ends in a dead delivery that names the reason; not a minute sooner."""
    desk.end_call()
    desk.hubspot.fail(Fault.BROKEN, times=1000)
    worker, begun = desk.worker(), desk.clock.now
    with capture_logs() as logs:
        while desk.delivery.state is DeliveryState.PENDING:
            desk.wait_until_due()
            assert worker.run_once()
    assert timedelta(hours=24) <= desk.clock.now - begun <= timedelta(hours=25)
    assert "given up" in desk.delivery.last_error
    assert "500" in desk.delivery.last_error
    assert [entry["call"] for entry in logs if entry["event"] == "crm.dead"] == ["call-1"]


def test_note_that_slept_a_day_still_gets_its_tries(desk: Bench) -> None:
    """The worker was off over the weekend: one fault on Monday does not kill the note."""
    desk.end_call()
    desk.clock.pass_(hours=60)
    desk.hubspot.fail(Fault.BROKEN, times=GIVE_UP_TRIES - 1)
    worker = desk.worker()
    for _ in range(GIVE_UP_TRIES):
        desk.wait_until_due()
        worker.run_once()
    assert desk.delivery.state is DeliveryState.DONE


def test_revived_delivery_is_delivered(desk: Bench) -> None:
    """An operator who mended the cause gets the note through."""
    desk.end_call()
    desk.hubspot.fail(Fault.INVALID, Operation.CREATE_NOTE, times=2)
    worker = desk.worker()
    worker.run_once()
    desk.records.outbox.revive(desk.delivery.id)
    assert worker.run_once()
    assert desk.delivery.state is DeliveryState.DONE


def test_rejected_note_is_dead_at_once(desk: Bench) -> None:
    """What HubSpot never takes is not sent again."""
    desk.end_call()
    desk.hubspot.fail(Fault.INVALID, Operation.CREATE_NOTE, times=2)
    desk.worker().run_once()
    assert desk.delivery.state is DeliveryState.DEAD
    assert "400 VALIDATION_ERROR" in desk.delivery.last_error


def test_refused_credential_stops_the_crm_and_burns_nothing(desk: Bench) -> None:
    """One refusal is told as an error and stops all notes to that CRM; none loses a try. Then they get through."""
    desk.end_call("call-1")
    desk.end_call("call-2")
    desk.hubspot.fail(Fault.UNAUTHORIZED)
    worker = desk.worker()
    with capture_logs() as logs:
        assert worker.run_once()
        assert not worker.run_once()
    assert len(desk.hubspot.requests) == 1
    assert [entry["log_level"] for entry in logs if entry["event"] == "crm.unauthorized"] == ["error"]
    assert {(each.state, each.attempts) for each in desk.records.outbox.deliveries()} == {
        (DeliveryState.PENDING, 0)
    }
    (target,) = desk.records.outbox.targets.all()
    assert (target.name, target.state) == ("hubspot", TargetState.REFUSED)
    assert "VOICEBOT_HUBSPOT_TOKEN" in target.reason
    desk.clock.pass_(seconds=PAUSE_SECONDS)
    assert worker.run_once()
    assert worker.run_once()
    assert len(desk.hubspot.notes) == 2
    assert desk.records.outbox.targets.all() == []


def test_mended_credential_is_tried_by_the_next_start(desk: Bench) -> None:
    """Nobody waits out the pause after putting in a new token and restarting."""
    desk.end_call()
    worker = desk.worker(desk.crm(token="pat-na1-wrong"))
    worker.run_once()
    assert not desk.worker().run_once()
    stop = Hurried()
    desk.worker().run(stop)
    assert desk.delivery.state is DeliveryState.DONE


def test_operator_who_retries_does_not_wait_for_the_pause(desk: Bench) -> None:
    """`voicebot deliveries retry` opens the target again, from another process."""
    desk.end_call()
    desk.hubspot.fail(Fault.UNAUTHORIZED)
    worker = desk.worker()
    worker.run_once()
    assert not worker.run_once()
    desk.records.outbox.revive(desk.delivery.id)
    assert worker.run_once()
    assert desk.delivery.state is DeliveryState.DONE


def test_wrong_token_costs_no_note_however_long_it_takes(desk: Bench) -> None:
    """A weekend with a wrong token: everything is still owed, and is delivered on Monday."""
    desk.end_call()
    worker = desk.worker(desk.crm(token="pat-na1-wrong"))
    for _ in range(60):
        desk.clock.pass_(hours=1)
        assert worker.run_once()
    assert (desk.delivery.state, desk.delivery.attempts) == (DeliveryState.PENDING, 0)
    assert desk.records.outbox.targets.all()[0].since < desk.clock.now - timedelta(days=2)
    desk.wait_until_due()
    desk.worker().run_once()
    assert desk.delivery.state is DeliveryState.DONE


def test_crm_that_is_down_is_asked_ever_less(desk: Bench) -> None:
    """Five failures in a row open the breaker for every note; one note at a time tries whether it is back."""
    for number in range(20):
        desk.end_call(f"call-{number}")
    desk.hubspot.fail(Fault.BROKEN, times=8)
    worker = desk.worker()
    while worker.run_once():
        pass
    assert len(desk.hubspot.requests) == BREAK_AFTER
    pauses = []
    for _ in range(3):
        (target,) = desk.records.outbox.targets.all()
        assert target.state is TargetState.FAILING
        pauses.append((target.until - desk.clock.now).total_seconds())
        before = len(desk.hubspot.requests)
        desk.clock.now = target.until
        assert worker.run_once()
        assert not worker.run_once()
        assert len(desk.hubspot.requests) == before + 1
    assert pauses == sorted(pauses)
    desk.clock.pass_(hours=1)
    while worker.run_once():
        pass
    assert len(desk.hubspot.notes) == 20
    assert desk.records.outbox.targets.all() == []


def test_limit_of_the_account_holds_every_note(desk: Bench) -> None:
    """Told to wait, no other note is sent in the meantime either."""
    desk.end_call("call-1")
    desk.end_call("call-2")
    desk.hubspot.fail(Fault.TEN_SECONDLY_ROLLING)
    worker = desk.worker()
    assert worker.run_once()
    assert not worker.run_once()
    desk.clock.pass_(seconds=10)
    assert worker.run_once()
    assert len(desk.hubspot.notes) == 1


def test_locked_record_holds_only_its_own_note(desk: Bench) -> None:
    """Somebody edits one contact: the other callers' notes go on."""
    desk.end_call("call-1")
    desk.end_call("call-2", caller="+14155552672")
    desk.hubspot.fail(Fault.LOCKED)
    worker = desk.worker()
    assert worker.run_once()
    assert worker.run_once()
    assert len(desk.hubspot.notes) == 1


def test_limit_without_a_time_holds_only_its_own_note(desk: Bench) -> None:
    """A CRM that does not say for how long is tried with the next note."""
    desk.end_call("call-1")
    desk.end_call("call-2")
    crm = FakeCrm()
    crm.failures = [CrmThrottled("later", None)]
    worker = desk.worker(crm)
    assert worker.run_once()
    assert worker.run_once()
    assert [told.note.call_id for told in crm.told] == ["call-1", "call-2"]


def test_each_crm_has_its_own_worker(desk: Bench) -> None:
    """A worker for one CRM leaves the others' notes, and one for the rest leaves those that have one."""
    desk.end_call("call-1")
    desk.end_call("call-2", target="zendesk")
    fake = FakeCrm("zendesk")
    crms: dict[str, Crm] = {"hubspot": desk.crm(), "zendesk": fake}
    others = DeliveryWorker(desk.records, crms, "others", desk.clock, skip=("hubspot", "zendesk"))
    zendesk = DeliveryWorker(desk.records, crms, "zendesk", desk.clock, only=("zendesk",))
    assert not others.run_once()
    assert zendesk.run_once()
    assert not zendesk.run_once()
    assert [told.note.call_id for told in fake.told] == ["call-2"]
    assert desk.hubspot.requests == []


def test_two_targets_get_their_own_note(desk: Bench) -> None:
    """One call, two CRMs: one that is down does not keep the other from its note."""
    desk.records.start("call-1", "+14155552671", "+14155550100", "jambonz", "shop", "node-1")
    desk.records.finish("call-1", END, ["hubspot", "fake"])
    fake = FakeCrm()
    fake.failures = [CrmUnavailable("down", ambiguous=True)]
    worker = DeliveryWorker(desk.records, {"hubspot": desk.crm(), "fake": fake}, "worker", desk.clock)
    while worker.run_once():
        pass
    states = {each.target: (each.state, each.ambiguous) for each in desk.records.outbox.deliveries()}
    assert states == {"hubspot": (DeliveryState.DONE, False), "fake": (DeliveryState.PENDING, True)}


def test_what_the_dialog_maps_reaches_the_crm(desk: Bench) -> None:
    """By the name of the call's dialog and of the target."""
    desk.end_call(target="fake")
    fake = FakeCrm()
    plan = CrmPlan(fields={"fake": {"contact": {}, "call": {"order_c": "order_number"}}, "hubspot": {}})
    DeliveryWorker(desk.records, {"fake": fake}, "worker", desk.clock, plans={"shop": plan}).run_once()
    assert fake.told[0].note.fields == {"order_c": "1234"}


def test_crm_no_longer_configured_keeps_its_notes(desk: Bench) -> None:
    """A note for a CRM that is not configured stays, and says what to set, also after days."""
    desk.end_call(target="zendesk")
    worker = desk.worker()
    for _ in range(10):
        desk.clock.pass_(hours=12)
        assert worker.run_once()
    assert desk.delivery.state is DeliveryState.PENDING
    assert "zendesk is configured: add it to VOICEBOT_CRM" in desk.delivery.last_error


def test_bug_in_a_crm_does_not_stop_the_worker(desk: Bench) -> None:
    """An unexpected exception is logged without what it quotes, and counts as perhaps carried out."""
    desk.end_call()
    broken = FakeCrm()
    broken.failures = [KeyError("+14155552671")]
    with capture_logs() as logs:
        assert desk.worker(broken).run_once()
    assert desk.delivery.ambiguous
    assert "KeyError" in desk.delivery.last_error
    assert "+1415" not in str(logs) + desk.delivery.last_error
    desk.wait_until_due()
    desk.worker().run_once()
    assert desk.delivery.state is DeliveryState.DONE


def test_logs_hold_no_personal_data(desk: Bench) -> None:
    """Neither success nor failure logs the caller's number, words or the token."""
    desk.end_call()
    desk.hubspot.account.refused.add("phone")
    desk.hubspot.fail(Fault.BROKEN)
    worker = desk.worker()
    with capture_logs() as logs:
        worker.run_once()
        desk.wait_until_due()
        worker.run_once()
    assert [entry["event"] for entry in logs] == ["crm.retry", "crm.contact_refused", "crm.delivered"]
    assert not any(secret in str(logs) for secret in ("4155552671", "agent", "1234", TOKEN))


def test_note_begins_with_what_the_model_made_of_the_call(desk: Bench) -> None:
    """Asked about the conversation, and not about a wrap-up that came later."""
    asked: list[str] = []

    def read(note: CallNote) -> Insight:
        asked.append(note.call_id)
        return Insight("Ada wants a person.", "transferred", "neutral", ("Call back",))

    desk.end_call()
    crms: dict[str, Crm] = {"hubspot": desk.crm()}
    DeliveryWorker(desk.records, crms, "worker", desk.clock, read=read).run_once()
    (note,) = desk.hubspot.notes
    assert "<p>Ada wants a person.</p>" in note.properties["hs_note_body"]
    assert "<li>Call back</li>" in note.properties["hs_note_body"]
    assert asked == ["call-1"]


def test_worker_whose_lease_ran_out_over_the_model_writes_nothing(desk: Bench) -> None:
    """Another one has taken the note up meanwhile: two would write it twice."""
    desk.end_call()

    def slow(note: CallNote) -> None:
        desk.clock.pass_(seconds=61)
        assert desk.worker(owner="worker-2").run_once()

    crms: dict[str, Crm] = {"hubspot": desk.crm()}
    DeliveryWorker(desk.records, crms, "worker-1", desk.clock, read=slow).run_once()
    assert len(desk.hubspot.notes) == 1
    assert desk.delivery.state is DeliveryState.DONE


def test_runs_until_told_to_stop(desk: Bench) -> None:
    """The loop delivers what is owed, waits for more, and ends when asked."""
    desk.end_call()
    stop = threading.Event()
    thread = threading.Thread(target=desk.worker().run, args=(stop,))
    thread.start()
    assert desk.hubspot.written.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert desk.delivery.state is DeliveryState.DONE


class Unsteady(Outbox):
    """An outbox whose database is away for the first question and whose second trips over a bug."""

    troubles: list[Exception]

    def lease(
        self, owner: str, seconds: float, only: Collection[str] | None = None, skip: Collection[str] = ()
    ) -> Delivery | None:
        if self.troubles:
            raise self.troubles.pop(0)
        return super().lease(owner, seconds, only, skip)


class Hurried(threading.Event):
    """A stop that comes at the third rest, without anybody resting."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout)
        if len(self.rests) == 3:
            self.set()
        return self.is_set()


def test_outlives_a_database_that_is_away(desk: Bench) -> None:
    """Neither a store error nor a bug ends the loop: it rests a little longer and goes on."""
    desk.end_call()
    outbox = Unsteady(desk.records.engine, desk.clock)
    outbox.troubles = [StoreError("the database is away"), ValueError("+14155552671")]
    desk.records.outbox = outbox
    stop = Hurried()
    with capture_logs() as logs:
        desk.worker().run(stop)
    assert stop.rests == [FIRST_WAIT, FIRST_WAIT, IDLE_SECONDS]
    assert [entry["event"] for entry in logs] == ["crm.store_failed", "crm.worker_failed", "crm.delivered"]
    assert "+1415" not in str(logs)
    assert desk.delivery.state is DeliveryState.DONE
