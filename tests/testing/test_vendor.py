"""What the fake vendors have in common."""

from __future__ import annotations

import pytest
import requests

from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault
from voicebot.testing.zendesk import FakeZendesk


def test_a_fault_that_a_vendor_never_shows_is_a_mistake_of_the_test() -> None:
    """It is told at once: a connection that is lost instead would be another fault."""
    with FakeZendesk() as zendesk, pytest.raises(KeyError):
        zendesk.fail(Fault.MIGRATING)


def test_faults_meet_the_requests_they_are_meant_for_and_no_others() -> None:
    """At HubSpot they are meant by their operation; what is beside the API is neither kept nor fails."""
    auth = {"Authorization": f"Bearer {TOKEN}"}
    with FakeHubSpot() as hubspot:
        contacts = f"{hubspot.url}/crm/v3/objects/contacts"
        hubspot.fail(Fault.LOCKED, Operation.LIST_CONTACTS, times=2)
        assert requests.get(f"{hubspot.url}/_fake/state", timeout=10).status_code == 200
        assert requests.post(contacts, json={}, headers=auth, timeout=10).status_code == 400
        assert requests.get(contacts, headers=auth, timeout=10).status_code == 423
        hubspot.heal()
        assert requests.get(contacts, headers=auth, timeout=10).status_code == 200
        assert len(hubspot.asked(Operation.LIST_CONTACTS)) == 2
        assert len(hubspot.requests) == 3
