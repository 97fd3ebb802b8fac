"""Many calls while a vendor fails at random in every way and workers die over their work: each is told once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.crm.test_contract import CASES
from tests.database import empty
from voicebot.call.record import Disposition, EndEntry
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.crm.note import is_marked
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.worker import DeliveryWorker
from voicebot.store.records import Records
from voicebot.store.views import DeliveryState
from voicebot.testing.hubspot import TOKEN, FakeHubSpot
from voicebot.testing.salesforce import FakeSalesforce
from voicebot.testing.vendor import Fault
from voicebot.testing.webhook import FakeReceiver
from voicebot.testing.zendesk import FakeZendesk

CALLS = [f"call-{number}" for number in range(25)]
END = EndEntry(9.0, Disposition.COMPLETED, "goodbye", intent="order", confidence=0.9, slots={}, summary="Asked.")
FAULTS = (
    *[Fault.LOST] * 4,
    Fault.BAD_GATEWAY,
    Fault.GARBAGE,
    Fault.NO_ID,
    Fault.DROPPED,
    Fault.RESET,
    Fault.BROKEN,
    Fault.AWAY,
    Fault.HTML,
    Fault.REDIRECT,
    Fault.UNAUTHORIZED,
    Fault.THROTTLED,
    Fault.CONFLICT,
)


class Killed(BaseException):
    """The worker dies here."""


class Mortal(Crm):
    """A CRM whose worker dies now and then, just before or just after something of an attempt was kept."""

    def __init__(self, crm: Crm, dice: random.Random) -> None:
        self._crm = crm
        self._dice = dice

    @property
    def name(self) -> str:
        return self._crm.name

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        def save(progress: Mapping[str, str]) -> None:
            if self._dice.random() < 0.03:
                raise Killed
            attempt.save(progress)
            if self._dice.random() < 0.03:
                raise Killed

        return self._crm.deliver(note, Attempt(attempt.repeat, attempt.progress, save))

    def erase(self, external_id: str) -> bool:
        return self._crm.erase(external_id)

    def check(self) -> str:
        return self._crm.check()


@dataclass
class Weather:
    """A vendor, how to make it fail, and which calls it was told about, as often as it was."""

    crm: Crm
    fail: Callable[[Fault], None]
    told: Callable[[], Counter[str]]


@contextmanager
def of_contract(name: str) -> Iterator[Weather]:
    with CASES[name]() as case:
        vendor = case.vendor

        def told() -> Counter[str]:
            if isinstance(vendor, FakeSalesforce):
                bodies = [task["Description"] for task in vendor.tasks]
                return Counter(call for body in bodies for call in CALLS if is_marked(body, call))
            if isinstance(vendor, FakeZendesk):
                return Counter(str(ticket["external_id"]) for ticket in vendor.tickets)
            assert isinstance(vendor, FakeReceiver)
            return Counter(event["data"]["call_id"] for event in vendor.events.values())

        yield Weather(case.crm, lambda fault: vendor.fail(fault), told)


@contextmanager
def of_hubspot(activity: str, key: str = "") -> Iterator[Weather]:
    with FakeHubSpot() as hubspot:
        hubspot.account.unique |= {key} - {""}
        hubspot.account.add_contact(phone="+14155552671")
        api = Api(hubspot.url, SecretStr(TOKEN), "2026-03", (1.0, 0.3))

        def told() -> Counter[str]:
            parts = [(hubspot.notes, "hs_note_body"), (hubspot.calls, "hs_call_body")]
            written = [record.properties[body] for records, body in parts for record in records]
            counts = Counter(call for body in written for call in CALLS if is_marked(body, call))
            each = 2 if activity == "both" else 1
            return Counter({call: count if count % each else count // each for call, count in counts.items()})

        yield Weather(
            HubSpot(api, "US", True, activity=activity, key=key), lambda fault: hubspot.fail(fault), told
        )


WEATHERS: dict[str, Callable[[], object]] = {
    **{name: lambda name=name: of_contract(name) for name in CASES},  # type: ignore[misc]
    "hubspot notes": lambda: of_hubspot("note"),
    "hubspot both": lambda: of_hubspot("both"),
    "hubspot calls with a key": lambda: of_hubspot("call", "voicebot_call_id"),
}


@pytest.mark.parametrize("name", WEATHERS)
def test_each_call_is_told_once(name: str, tmp_path: Path) -> None:
    """Nothing is lost, nothing is there twice, whatever was lost, refused or killed on the way."""
    dice = random.Random(name)
    now = [datetime(2026, 11, 20, 10, 0, tzinfo=UTC)]
    records = Records.open(empty(tmp_path / "voicebot.db"), lambda: now[0])
    with WEATHERS[name]() as weather:  # type: ignore[attr-defined]
        for number, call in enumerate(CALLS):
            caller = "anonymous" if number % 8 == 7 and "hubspot" not in name else "+14155552671"
            records.start(call, caller, "+14155550100", "jambonz", "shop", "node-1")
            records.finish(call, END, [weather.crm.name])
        deaths, busy = 0, True
        for step in range(2000):
            # Faults wait for a request: while nothing is due they would only pile up.
            if busy and dice.random() < 0.25:
                weather.fail(dice.choice(FAULTS))
            crms = {weather.crm.name: Mortal(weather.crm, dice)}
            worker = DeliveryWorker(records, crms, f"worker-{step}", lambda: now[0], random.Random(step))
            try:
                busy = worker.run_once()
            except Killed:
                deaths, busy = deaths + 1, True
            if not busy:
                if not records.outbox.deliveries(DeliveryState.PENDING):
                    break
                now[0] += timedelta(seconds=20)
        states = Counter(each.state for each in records.outbox.deliveries(limit=100))
        records.close()
        assert states == {DeliveryState.DONE: len(CALLS)}
        assert weather.told() == dict.fromkeys(CALLS, 1)
        assert deaths > 0 or "webhook" in name
