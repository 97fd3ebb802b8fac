"""The CRM that the settings ask for."""

from __future__ import annotations

import pytest

from voicebot.crm import check_plan, crms
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.errors import SettingsError
from voicebot.settings import load
from voicebot.testing.hubspot import TOKEN, FakeHubSpot


def test_none_is_none() -> None:
    """Without a CRM there is nothing to deliver to."""
    settings = load(crm="none")
    assert crms(settings) == {}


def test_hubspot_is_built_from_its_settings() -> None:
    """Address, token and version of the settings reach the account; the name is the deliveries' target."""
    with FakeHubSpot() as hubspot:
        settings = load(
            crm="hubspot", hubspot_token=TOKEN, hubspot_base_url=hubspot.url, hubspot_api_version="2026-09"
        )
        (named,) = crms(settings).items()
        assert named[0] == named[1].name == "hubspot"
        assert "2026-09" in named[1].check()
        assert all("/2026-09/" in request.path for request in hubspot.requests)


def test_mangled_token_is_told_at_start() -> None:
    """A token with a space in it names its setting before any call is lost on it."""
    settings = load(crm="hubspot", hubspot_token="pat na1")
    with pytest.raises(SettingsError, match="VOICEBOT_HUBSPOT_TOKEN"):
        crms(settings)


@pytest.mark.parametrize(
    "plan",
    [
        CrmPlan(targets=("hubspot", "zendesk")),
        CrmPlan(fields={"zendesk": {"call": {"priority": "urgency"}}}),
        CrmPlan(customer={"zendesk": {"tier": "tier"}}),
    ],
)
def test_dialog_that_tells_a_crm_nobody_configured_is_refused(plan: CrmPlan) -> None:
    """The message names the file, the key and the setting; a trial without any CRM takes the same file."""
    settings = load(crm="hubspot", hubspot_token=TOKEN)
    with pytest.raises(SettingsError, match=r"dialog\.yaml: crm\.\w+: names zendesk, but VOICEBOT_CRM=hubspot"):
        check_plan(settings, plan)
    check_plan(load(crm="none"), plan)


def test_dialog_chooses_among_the_configured() -> None:
    """Without a choice everybody is told; an empty one tells nobody."""
    configured = ("hubspot", "webhook")
    assert CrmPlan().chosen(configured) == configured
    assert CrmPlan(targets=("webhook", "zendesk")).chosen(configured) == ("webhook",)
    assert CrmPlan(targets=()).chosen(configured) == ()
