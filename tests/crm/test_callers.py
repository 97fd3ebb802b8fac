"""Who a caller is, by number, at a HubSpot that answers over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from voicebot.crm.build import callers
from voicebot.crm.callers import HubSpotCallers
from voicebot.crm.hubspot_http import Api
from voicebot.crm.people import Match
from voicebot.errors import CrmError
from voicebot.settings import Settings
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Fault, Operation

CALLER = "+14155552671"
PAGE = "https://app.hubspot.com/contacts/12345/record/0-1/{id}"


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    """A fresh account."""
    with FakeHubSpot() as running:
        yield running


def asked(hubspot: FakeHubSpot, page: str = PAGE) -> HubSpotCallers:
    """Who asks that account."""
    return HubSpotCallers(Api(hubspot.url, SecretStr(TOKEN), "2026-03"), "US", page)


def test_everybody_with_the_number_is_found(hubspot: FakeHubSpot) -> None:
    """However it was written; the same digits of another country are somebody else."""
    ada = hubspot.account.add_contact(phone="(415) 555-2671", firstname="Ada", lastname="Byron")
    bob = hubspot.account.add_contact(mobilephone=CALLER)
    hubspot.account.add_contact(phone="+44 415 555 2671", firstname="Eve")
    found = asked(hubspot).find(CALLER)
    assert sorted(found, key=lambda match: match.name) == [
        Match("HubSpot", "Ada Byron", PAGE.replace("{id}", ada)),
        Match("HubSpot", f"Contact {bob}", PAGE.replace("{id}", bob)),
    ]


def test_without_an_address_there_is_a_name_and_no_link(hubspot: FakeHubSpot) -> None:
    """Nothing is made up."""
    hubspot.account.add_contact(phone=CALLER, firstname="Ada")
    assert asked(hubspot, page="").find(CALLER) == (Match("HubSpot", "Ada"),)


@pytest.mark.parametrize("phone", ["anonymous", "", "sip:someone@example.org"])
def test_who_hides_the_number_is_nobody(hubspot: FakeHubSpot, phone: str) -> None:
    """And nobody is asked."""
    assert asked(hubspot).find(phone) == ()


def test_a_caller_with_very_many_contacts_shows_some(hubspot: FakeHubSpot) -> None:
    """A desk is no list of five hundred."""
    for number in range(60):
        hubspot.account.add_contact(phone=CALLER, firstname=f"Ada {number}")
    assert len(asked(hubspot).find(CALLER)) == 20


def test_a_hubspot_that_fails_says_so(hubspot: FakeHubSpot) -> None:
    """As the CRM errors everybody knows."""
    hubspot.fail(Fault.BROKEN, Operation.SEARCH_CONTACTS)
    with pytest.raises(CrmError):
        asked(hubspot).find(CALLER)


def test_a_desk_asks_only_a_crm_that_is_there() -> None:
    """Without HubSpot nobody is shown."""
    assert callers(Settings(_env_file=None)) is None


def test_a_link_of_another_kind_is_refused() -> None:
    """It could run in the agent's browser."""
    with pytest.raises(ValueError, match="browser"):
        Match("HubSpot", "Ada", "javascript:alert(1)")
