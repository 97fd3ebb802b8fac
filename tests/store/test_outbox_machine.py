"""Random lives of an outbox: workers that lease, fail, crash, stall and report late, calls that come back."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.database import empty
from tests.store.support import Clock, ended, start
from voicebot.store import CallState, Delivery, DeliveryState, Records

LEASE = 60.0


@dataclass
class Holding:
    """A worker at work on a delivery, as long as the process lives; `until`: seconds at which its lease ends."""

    owner: str
    delivery: Delivery
    until: float


class OutboxMachine(RuleBasedStateMachine):
    """Checks the outbox against what each worker knows and what the CRM received.

    Workers are honest: they write to the CRM only under a lease, and look first when told that the attempt is
    ambiguous.
    """

    @initialize()
    def open(self) -> None:
        """An empty outbox."""
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.records = Records.open(empty(Path(self.folder.name) / "voicebot.db"), self.clock)
        self.outbox = self.records.outbox
        self.seconds = 0.0
        self.workers = 0
        self.holdings: list[Holding] = []
        self.calls: list[str] = []
        self.live: set[str] = set()
        self.at_crm: dict[str, int] = {}
        self.done: dict[int, Delivery] = {}

    def teardown(self) -> None:
        """Whatever happened, working everything off leaves each call with its note, once."""
        if not hasattr(self, "records"):
            return
        for call_id in sorted(self.live):
            self.records.finish(call_id, ended(), ["crm"])
        self.live.clear()
        for delivery in self.outbox.deliveries(DeliveryState.DEAD, limit=1000):
            self.outbox.revive(delivery.id)
        self._pass(100_000)
        for _ in range(len(self.calls) + 1):
            last = self.outbox.lease("last", LEASE)
            if last is None:
                break
            self._write(last)
            self.outbox.delivered(last.id, "last", "note")
        states = {delivery.call_id: delivery.state for delivery in self.outbox.deliveries(limit=1000)}
        assert states == dict.fromkeys(self.calls, DeliveryState.DONE)
        assert self.at_crm == dict.fromkeys(self.calls, 1)
        self.records.close()
        self.folder.cleanup()

    @rule(hold=st.sampled_from([0.0, 30.0]))
    def call_ends(self, hold: float) -> None:
        """Another call comes and goes."""
        call_id = f"call-{len(self.calls)}"
        start(self.records, call_id)
        self.records.finish(call_id, ended(), ["crm"], hold)
        self.calls.append(call_id)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def caller_comes_back(self, data: st.DataObject) -> None:
        """After a transfer nobody took the caller is with the bot again."""
        call_id = data.draw(st.sampled_from(self.calls))
        start(self.records, call_id)
        self.live.add(call_id)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), gateway_first=st.booleans())
    def call_ends_again(self, data: st.DataObject, gateway_first: bool) -> None:
        """The bot and the gateway tell of the end, in either order, each perhaps twice."""
        call_id = data.draw(st.sampled_from(sorted(self.live)))
        if gateway_first:
            self.records.completed(call_id, ["crm"])
        self.records.finish(call_id, ended(), ["crm"])
        self.records.finish(call_id, ended(), ["crm"])
        self.records.completed(call_id, ["crm"])
        self.live.discard(call_id)

    @rule(seconds=st.sampled_from([1.0, 29.0, 30.0, 60.0, 600.0]))
    def time_passes(self, seconds: float) -> None:
        """Leases expire and notes become due."""
        self._pass(seconds)

    @precondition(lambda self: self.holdings)
    @rule()
    def all_stall(self) -> None:
        """Every worker stalls past its lease, and others take over whatever is due."""
        self._pass(LEASE)
        while self.lease():
            pass

    @rule()
    def take(self) -> None:
        """A worker asks for work."""
        self.lease()

    def lease(self) -> bool:
        """A new worker takes the next note, of a call that is over and that no other worker holds."""
        self.workers += 1
        owner = f"worker-{self.workers}"
        delivery = self.outbox.lease(owner, LEASE)
        if delivery is None:
            return False
        assert delivery.call_id not in self.live
        assert delivery.state is DeliveryState.PENDING
        assert delivery.id not in self.done
        rivals = [holding for holding in self.holdings if holding.delivery.id == delivery.id]
        assert all(holding.until <= self.seconds for holding in rivals)
        assert delivery.ambiguous or delivery.call_id not in self.at_crm
        self.holdings.append(Holding(owner, delivery, self.seconds + LEASE))
        return True

    @precondition(lambda self: self.holdings)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """A worker writes the note and says so; what it says after losing its lease is not heard."""
        holding = self._let_go(data)
        if self._may_write(holding):
            self._write(holding.delivery)
            self.outbox.delivered(holding.delivery.id, holding.owner, "note")
            assert self._state(holding.delivery.id) is DeliveryState.DONE
        else:
            self._report_late(holding, "delivered")

    @precondition(lambda self: self.holdings)
    @rule(data=st.data(), carried_out=st.booleans())
    def crash(self, data: st.DataObject, carried_out: bool) -> None:
        """A worker dies without a word, before or after the CRM took the note."""
        holding = self._let_go(data)
        if carried_out and self._may_write(holding):
            self._write(holding.delivery)

    @precondition(lambda self: self.holdings)
    @rule(data=st.data(), after=st.sampled_from([0.0, 5.0, 300.0]), carried_out=st.booleans(), doubt=st.booleans())
    def retry(self, data: st.DataObject, after: float, carried_out: bool, doubt: bool) -> None:
        """An attempt fails; where the CRM may have acted the worker says so."""
        holding = self._let_go(data)
        if not self._may_write(holding):
            self._report_late(holding, "retry")
            return
        if carried_out:
            self._write(holding.delivery)
        self.outbox.retry(holding.delivery.id, holding.owner, after, "failed", ambiguous=doubt or carried_out)

    @precondition(lambda self: self.holdings)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """A worker gives a note up."""
        holding = self._let_go(data)
        if self._may_write(holding):
            self.outbox.dead(holding.delivery.id, holding.owner, "refused")
            assert self._state(holding.delivery.id) is DeliveryState.DEAD
        else:
            self._report_late(holding, "dead")

    @rule()
    def revive(self) -> None:
        """An operator tries everything again that was given up."""
        for delivery in self.outbox.deliveries(DeliveryState.DEAD, limit=1000):
            self.outbox.revive(delivery.id)

    @invariant()
    def nothing_is_lost_and_done_stays_done(self) -> None:
        """Each call owes exactly one note, at the CRM at most once; a delivery that is done never changes."""
        if not hasattr(self, "records"):
            return
        owed = self.outbox.deliveries(limit=1000)
        assert sorted(delivery.call_id for delivery in owed) == sorted(self.calls)
        assert all(count == 1 for count in self.at_crm.values())
        for delivery in owed:
            assert self.done.get(delivery.id, delivery) == delivery
            if delivery.state is DeliveryState.DONE:
                self.done[delivery.id] = delivery
                assert delivery.call_id in self.at_crm
        for call_id in self.live:
            view = self.records.call(call_id)
            assert view is not None
            assert view.row.state is CallState.LIVE

    def _pass(self, seconds: float) -> None:
        self.clock.pass_(seconds)
        self.seconds += seconds

    def _let_go(self, data: st.DataObject) -> Holding:
        holding = data.draw(st.sampled_from(self.holdings))
        self.holdings.remove(holding)
        return holding

    def _may_write(self, holding: Holding) -> bool:
        return self.seconds < holding.until

    def _write(self, delivery: Delivery) -> None:
        if delivery.ambiguous and delivery.call_id in self.at_crm:
            return
        self.at_crm[delivery.call_id] = self.at_crm.get(delivery.call_id, 0) + 1

    def _report_late(self, holding: Holding, what: str) -> None:
        """A report under an expired lease; it must not harm whoever holds the note by now."""
        rivals = [other for other in self.holdings if other.delivery.id == holding.delivery.id]
        taken_over = any(other.until > self.seconds for other in rivals) or holding.delivery.id in self.done
        before = self.outbox.deliveries(limit=1000)
        if what == "delivered" and (taken_over or holding.delivery.call_id in self.at_crm):
            self.outbox.delivered(holding.delivery.id, holding.owner, "late")
        elif what == "retry":
            self.outbox.retry(holding.delivery.id, holding.owner, 0.0, "late", ambiguous=True)
        elif what == "dead":
            self.outbox.dead(holding.delivery.id, holding.owner, "late")
        if taken_over:
            assert self.outbox.deliveries(limit=1000) == before

    def _state(self, delivery_id: int) -> DeliveryState:
        [state] = [delivery.state for delivery in self.outbox.deliveries(limit=1000) if delivery.id == delivery_id]
        return state


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
