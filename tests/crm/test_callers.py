"""Who a caller is, by number, at CRMs that answer over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.database import opened
from voicebot.crm.build import callers
from voicebot.crm.callers import BREAK_AFTER, BREAK_SECONDS, Callers
from voicebot.crm.finder import LOOK_SECONDS, SHOWN, Finder
from voicebot.crm.numbers import Number
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.errors import CrmUnavailable
from voicebot.people import Match, People
from voicebot.settings import Crm, Settings
from voicebot.store import Records
from voicebot.store.views import Target, TargetState
from voicebot.testing import hubspot as hubspot_fake
from voicebot.testing import salesforce as salesforce_fake
from voicebot.testing import vendor
from voicebot.testing import zendesk as zendesk_fake
from voicebot.testing.hubspot import FakeHubSpot, Operation
from voicebot.testing.salesforce import FakeSalesforce
from voicebot.testing.zendesk import FakeZendesk

CALLER = "+14155552671"
OTHER_COUNTRY = "+44 415 555 2671"
PAGE = "https://app.hubspot.com/contacts/12345/record/0-1/{id}"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Town:
    """A CRM of each kind, and everybody who asks them."""

    hubspot: FakeHubSpot
    salesforce: FakeSalesforce
    zendesk: FakeZendesk
    records: Records

    def settings(self, *crms: Crm, **more: Any) -> Settings:
        """Those that name these accounts."""
        values: dict[str, Any] = {
            "crm": crms,
            "hubspot_token": hubspot_fake.TOKEN,
            "hubspot_base_url": self.hubspot.url,
            "hubspot_contact_page": PAGE,
            "salesforce_url": self.salesforce.url,
            "salesforce_client_id": salesforce_fake.CLIENT_ID,
            "salesforce_client_secret": salesforce_fake.CLIENT_SECRET,
            "zendesk_url": self.zendesk.url,
            "zendesk_client_id": zendesk_fake.CLIENT_ID,
            "zendesk_client_secret": zendesk_fake.CLIENT_SECRET,
        }
        return Settings(_env_file=None, **{**values, **more})

    @contextmanager
    def asking(
        self, *crms: Crm, customer: Mapping[str, Mapping[str, str]] | None = None
    ) -> Iterator[Callable[[str], People]]:
        """Who asks these CRMs, as the settings and a dialog file say."""
        made = callers(self.settings(*crms), self.records, CrmPlan(customer=customer or {}))
        assert made is not None
        try:
            yield made.find
        finally:
            made.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Fresh accounts; HubSpot and Salesforce know whether a contact is important."""
    records = opened(tmp_path / "calls.db")
    with (
        FakeHubSpot() as hubspot,
        FakeSalesforce(contact_fields=["Tier__c"]) as salesforce,
        FakeZendesk() as zendesk,
    ):
        yield Town(hubspot, salesforce, zendesk, records)
    records.close()


def test_everybody_at_hubspot_with_the_number_is_found(town: Town) -> None:
    """However it was written; the same digits of another country are somebody else."""
    ada = town.hubspot.account.add_contact(phone="(415) 555-2671", firstname="Ada", lastname="Byron")
    bob = town.hubspot.account.add_contact(mobilephone=CALLER)
    town.hubspot.account.add_contact(phone=OTHER_COUNTRY, firstname="Eve")
    with town.asking(Crm.HUBSPOT) as find:
        found = find(CALLER)
    assert set(found.matches) == {
        Match("hubspot", "Ada Byron", PAGE.replace("{id}", ada), id=ada),
        Match("hubspot", f"Contact {bob}", PAGE.replace("{id}", bob), id=bob),
    }
    assert (found.total, found.complete) == (2, True)


def test_contacts_and_leads_at_salesforce_are_found(town: Town) -> None:
    """Contacts first, each with the page of the record."""
    lead = town.salesforce.add("Lead", LastName="Lovelace", Company="Engines", Phone=CALLER)
    contact = town.salesforce.add("Contact", FirstName="Ada", LastName="Byron", MobilePhone="(415) 555-2671")
    town.salesforce.add("Contact", LastName="Eve", Phone=OTHER_COUNTRY)
    with town.asking(Crm.SALESFORCE) as find:
        found = find(CALLER)
    url = town.salesforce.url
    assert found.matches == (
        Match("salesforce", "Ada Byron", f"{url}/lightning/r/Contact/{contact}/view", id=contact),
        Match("salesforce", "Lovelace", f"{url}/lightning/r/Lead/{lead}/view", id=lead),
    )


def test_users_at_zendesk_are_found(town: Town) -> None:
    """With a country code or without one; a suspended user is nobody."""
    ada = town.zendesk.add_user(name="Ada Byron", phone="(415) 555-2671")
    town.zendesk.add_user(name="Eve", phone=CALLER, suspended=True)
    with town.asking(Crm.ZENDESK) as find:
        found = find(CALLER)
    assert found.matches == (Match("zendesk", "Ada Byron", f"{town.zendesk.url}/agent/users/{ada}", id=str(ada)),)


def test_properties_the_dialog_names_come_along(town: Town) -> None:
    """Under the dialog's name for them; empty ones do not."""
    town.hubspot.account.custom.add("customer_tier")
    town.hubspot.account.add_contact(phone=CALLER, firstname="Ada", customer_tier="gold")
    town.salesforce.add("Contact", LastName="Byron", Phone=CALLER, Tier__c="gold")
    town.zendesk.add_user(name="Ada", phone=CALLER, user_fields={"vip": True, "tier": None})
    wanted = {
        "hubspot": {"tier": "customer_tier"},
        "salesforce": {"tier": "Tier__c"},
        "zendesk": {"tier": "tier", "vip": "vip"},
    }
    with town.asking(Crm.HUBSPOT, Crm.SALESFORCE, Crm.ZENDESK, customer=wanted) as find:
        found = find(CALLER)
    assert [match.properties for match in found.matches] == [{"tier": "gold"}, {"tier": "gold"}, {"vip": "true"}]
    assert found.customer() == {"known": "yes", "tier": "gold", "vip": "true"}


def test_a_property_the_account_lacks_costs_only_the_property(town: Town) -> None:
    """The person is found all the same."""
    town.salesforce.add("Contact", LastName="Byron", Phone=CALLER)
    with town.asking(Crm.SALESFORCE, customer={"salesforce": {"tier": "Missing__c"}}) as find:
        found = find(CALLER)
    assert [(match.name, match.properties) for match in found.matches] == [("Byron", {})]


@pytest.mark.parametrize("phone", ["anonymous", "", "sip:someone@example.org", "911"])
def test_who_hides_the_number_is_not_asked_about(town: Town, phone: str) -> None:
    """And is neither known nor unknown."""
    with town.asking(Crm.HUBSPOT) as find:
        assert find(phone).customer() == {}
    assert town.hubspot.requests == []


def test_of_five_hundred_some_are_kept_and_all_are_counted(town: Town) -> None:
    """A desk is no list of five hundred, and nothing is certain of such a caller but that they are known."""
    for number in range(500):
        town.hubspot.account.add_contact(phone=CALLER, firstname=f"Ada {number}")
    with town.asking(Crm.HUBSPOT) as find:
        found = find(CALLER)
    assert (len(found.matches), found.total) == (SHOWN, 500)
    assert found.customer() == {"known": "yes"}


def test_a_failing_crm_is_skipped(town: Town) -> None:
    """The others are shown; that nobody was found is not certain then."""
    town.zendesk.add_user(name="Ada Byron", phone=CALLER)
    town.hubspot.fail(vendor.Fault.BROKEN, Operation.SEARCH_CONTACTS, times=99)
    with town.asking(Crm.HUBSPOT, Crm.ZENDESK) as find:
        assert [match.name for match in find(CALLER).matches] == ["Ada Byron"]
        assert find("+14155550000").customer() == {}


def test_a_slow_crm_is_not_waited_for(town: Town) -> None:
    """What the others say is there within the time."""
    town.zendesk.add_user(name="Ada Byron", phone=CALLER)
    town.hubspot.fail(vendor.Fault.HANG, Operation.SEARCH_CONTACTS)

    async def look() -> tuple[People, float]:
        made = callers(town.settings(Crm.HUBSPOT, Crm.ZENDESK), town.records, CrmPlan())
        assert made is not None
        clock = asyncio.get_running_loop().time
        begun = clock()
        found = await made.look_up(CALLER)
        made.close()
        return found, clock() - begun

    found, seconds = asyncio.run(look())
    assert [match.name for match in found.matches] == ["Ada Byron"]
    assert not found.complete
    assert seconds < LOOK_SECONDS + 2


@pytest.mark.parametrize(
    "fault",
    [vendor.Fault.LOST, vendor.Fault.GARBAGE, vendor.Fault.HTML, vendor.Fault.NO_ID, vendor.Fault.THROTTLED],
)
def test_no_answer_of_a_vendor_breaks_anything(town: Town, fault: vendor.Fault) -> None:
    """Nobody is found, and the next call is told who it is, unless the vendor wants a pause."""
    town.salesforce.add("Contact", LastName="Byron", Phone=CALLER)
    with town.asking(Crm.SALESFORCE) as find:
        town.salesforce.fail(fault, "parameterizedSearch")
        assert find(CALLER) == People(complete=False)
        again = find(CALLER)
    assert bool(again.matches) is (fault is not vendor.Fault.THROTTLED)


def test_a_crm_whose_deliveries_are_paused_is_not_asked(town: Town) -> None:
    """It refused the credential, or is down: the outbox knows."""
    town.hubspot.account.add_contact(phone=CALLER, firstname="Ada")
    town.records.outbox.targets.refused("hubspot", "401", 60.0)
    with town.asking(Crm.HUBSPOT) as find:
        assert find(CALLER).matches == ()
        assert town.hubspot.requests == []
        town.records.outbox.targets.restarted("hubspot")
        assert [match.name for match in find(CALLER).matches] == ["Ada"]


class Broken(Finder):
    """Fails every time, and counts."""

    asked = 0

    def find(self, number: Number) -> People:
        self.asked += 1
        raise CrmUnavailable("it is down")


class NoTargets:
    """No CRM is left alone, or one."""

    def __init__(self, *paused: Target) -> None:
        self.paused = paused

    def all(self) -> tuple[Target, ...]:
        return self.paused


def test_a_crm_that_fails_again_and_again_gets_a_rest() -> None:
    """And is tried again after it."""
    now = 100.0
    broken = Broken()
    asking = Callers({"hubspot": broken}, NoTargets(), "US", clock=lambda: now)
    for _ in range(BREAK_AFTER + 3):
        asking.find(CALLER)
    assert broken.asked == BREAK_AFTER
    now += BREAK_SECONDS
    asking.find(CALLER)
    asking.close()
    assert broken.asked == BREAK_AFTER + 1


def test_a_pause_that_is_over_is_none() -> None:
    """What the outbox says of a CRM has an end."""
    broken = Broken()
    over = Target("hubspot", TargetState.FAILING, "", 5, NOON - timedelta(minutes=1), NOON)
    asking = Callers({"hubspot": broken}, NoTargets(over), "US", now=lambda: NOON)
    asking.find(CALLER)
    asking.close()
    assert broken.asked == 1


def test_only_crms_that_know_people_are_asked(town: Town) -> None:
    """None without a CRM, for the webhook, where it is switched off, or where the dialog chooses others."""
    nobody = CrmPlan()
    assert callers(Settings(_env_file=None), town.records, nobody) is None
    assert callers(town.settings(Crm.HUBSPOT, crm_callers=False), town.records, nobody) is None
    assert callers(town.settings(Crm.HUBSPOT), town.records, CrmPlan(targets=())) is None
    hook = town.settings(Crm.WEBHOOK, crm_webhook_url="https://x.example", crm_webhook_secret="whsec_AAAA")
    assert callers(hook, town.records, nobody) is None
