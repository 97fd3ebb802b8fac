"""What operators see of deliveries, and what their buttons do."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest

from tests.web.desk.browser import PASSWORD, Browser, person
from tests.web.house import House
from voicebot.call.record import Disposition, EndEntry
from voicebot.roles import Role
from voicebot.store.views import Delivery, DeliveryState

EVIL = '<script>alert("x")</script>'
END = EndEntry(1.0, Disposition.COMPLETED, "goodbye", intent=None, confidence=0.0, slots={}, summary="")


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A web application with two CRMs to tell."""
    return build(
        crm="hubspot,webhook", hubspot_token="t", crm_webhook_url="https://x.example", crm_webhook_secret="s"
    )


@pytest.fixture
def ops(house: House) -> Browser:
    return person(house, "olga", Role.OPS)


def owe(house: House, call_id: str = "call-1", targets: tuple[str, ...] = ("hubspot",)) -> None:
    house.records.start(call_id, "+14155552671", "+14155550100", "jambonz", "shop", "node-1")
    house.records.finish(call_id, END, targets)


def fail(house: House, error: str, dead: bool = False) -> int:
    """The next due delivery fails; its id."""
    delivery = house.records.outbox.lease("worker", 60)
    assert delivery is not None
    if dead:
        house.records.outbox.dead(delivery.id, "worker", error)
    else:
        house.records.outbox.retry(delivery.id, "worker", 600, error, ambiguous=False)
    return delivery.id


def found(house: House, identity: int) -> Delivery:
    return next(each for each in house.records.outbox.deliveries() if each.id == identity)


def test_shows_state_error_attempts_and_next_try(house: House, ops: Browser) -> None:
    """All that is needed to decide, and no word of a caller."""
    owe(house)
    owe(house, "call-2")
    fail(house, "HubSpot answered 503")
    fail(house, "HubSpot answered 400 VALIDATION_ERROR", dead=True)
    page = ops.get("/ops/deliveries").text
    for words in ("HubSpot answered 503", "400 VALIDATION_ERROR", "waiting", "given up", "1 attempt", "next try"):
        assert words in page
    assert "4155552671" not in page


def test_narrows_to_a_state_and_a_crm(house: House, ops: Browser) -> None:
    """By links that keep each other."""
    owe(house, "call-1", ("hubspot", "webhook"))
    fail(house, "broken for good", dead=True)
    assert "broken for good" in ops.get("/ops/deliveries?state=dead").text
    assert "broken for good" not in ops.get("/ops/deliveries?state=pending").text
    assert "broken for good" not in ops.get("/ops/deliveries?target=webhook").text
    assert ops.get("/ops/deliveries?state=lost").status_code == 404


def test_pages_go_back_to_the_first(house: House, ops: Browser) -> None:
    """Fifty at a time."""
    for number in range(60):
        owe(house, f"call-{number:02}")
    first = ops.get("/ops/deliveries").text
    assert "call-59" in first
    assert "call-09" not in first
    assert "call-09" in ops.get("/ops/deliveries?before=11").text
    assert "before=11" in first


def test_retry_button_makes_it_due(house: House, ops: Browser) -> None:
    """And says so on the page it came from."""
    owe(house)
    identity = fail(house, "HubSpot answered 400", dead=True)
    ops.get("/ops/deliveries?state=dead")
    answer = ops.post(f"/ops/deliveries/{identity}/retry", shown_state="dead")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/deliveries?state=dead")
    assert found(house, identity).state is DeliveryState.PENDING
    assert f"Delivery {identity} is due now." in ops.get("/ops/deliveries").text


def test_drop_button_drops_what_is_not_written(house: House, ops: Browser) -> None:
    """A note the CRM has stays, and the page says why."""
    owe(house)
    owe(house, "call-2")
    identity = fail(house, "HubSpot answered 503")
    done = house.records.outbox.lease("worker", 60)
    assert done is not None
    house.records.outbox.delivered(done.id, "worker", "note-77")
    ops.get("/ops/deliveries")
    ops.post(f"/ops/deliveries/{identity}/drop")
    assert found(house, identity).state is DeliveryState.DROPPED
    ops.post(f"/ops/deliveries/{done.id}/drop")
    assert "delete it in the CRM, as note-77" in ops.get("/ops/deliveries").text


def test_stopped_crm_is_shown_and_can_be_tried_again(house: House, ops: Browser) -> None:
    """With the reason first on the page, and a button that ends the pause for all its notes."""
    owe(house)
    identity = fail(house, "HubSpot answered 401")
    house.records.outbox.targets.refused("hubspot", "put a valid key into VOICEBOT_HUBSPOT_TOKEN", 300)
    page = ops.get("/ops/deliveries").text
    assert "HubSpot refuses our credential" in page
    assert "VOICEBOT_HUBSPOT_TOKEN" in page
    ops.post("/ops/deliveries/retry", target="hubspot")
    assert house.records.outbox.targets.all() == []
    leased = house.records.outbox.lease("worker", 60)
    assert leased is not None
    assert leased.id == identity


@pytest.mark.parametrize("path", ["/ops/deliveries/1/retry", "/ops/deliveries/1/drop", "/ops/deliveries/retry"])
def test_buttons_need_the_pages_token(house: House, ops: Browser, path: str) -> None:
    """A page elsewhere cannot press them."""
    owe(house)
    ops.get("/ops/deliveries")
    for token in ("", "wrong"):
        assert ops.post(path, token=token).status_code == 400
    assert found(house, 1).state is DeliveryState.PENDING


def test_only_ops_may(house: House) -> None:
    """A stranger signs in first, an agent lacks the role."""
    assert Browser(house).get("/ops/deliveries").headers["Location"].startswith("/sign-in")
    agent = person(house, "ada", Role.AGENT, Role.SUPERVISOR)
    agent.get("/agent/calls")
    for path in ("/ops/deliveries", "/ops/metrics"):
        assert agent.get(path).status_code == 403
    assert agent.post("/ops/deliveries/retry").status_code == 403


@pytest.mark.parametrize("path", ["/ops", "/ops/"])
def test_the_bare_address_leads_to_the_deliveries(house: House, ops: Browser, path: str) -> None:
    """For the same people as the page itself."""
    assert ops.get(path).headers["Location"] == "/ops/deliveries"
    assert "/sign-in?next=%2Fops" in Browser(house).get(path).headers["Location"]
    assert person(house, "ada", Role.AGENT, Role.SUPERVISOR).get(path).status_code == 403
    assert house.client.get(f"{path}?format=json").status_code == 401


def test_errors_are_text(house: House, ops: Browser) -> None:
    """Whatever ends up in an error or an id is no mark-up."""
    owe(house, EVIL)
    fail(house, EVIL)
    house.records.outbox.targets.failed("hubspot", EVIL)
    assert EVIL not in ops.get("/ops/deliveries").text


def test_empty_states_say_what_to_do(house: House, ops: Browser) -> None:
    """Nothing yet, and nothing of this kind."""
    assert "Each call that ends leaves one delivery" in ops.get("/ops/deliveries").text
    assert "Nothing here of this kind" in ops.get("/ops/deliveries?state=dead").text


def test_without_a_crm_the_page_names_the_setting(build: Callable[..., House]) -> None:
    """Nobody waits for deliveries that cannot come."""
    assert "VOICEBOT_CRM" in person(build(), "olga", Role.OPS).get("/ops/deliveries").text


def test_programs_get_json_and_numbers(house: House, ops: Browser) -> None:
    """With HTTP Basic: the list, and gauges for Prometheus."""
    owe(house)
    fail(house, "HubSpot answered 503", dead=True)
    owe(house, "call-2")
    house.records.outbox.targets.refused("hubspot", "401", 300)
    login = {"Authorization": "Basic " + b64encode(f"olga:{PASSWORD}".encode()).decode()}
    answer = house.client.get("/ops/deliveries?format=json", headers=login)
    assert [each["state"] for each in answer.json["deliveries"]] == ["pending", "dead"]  # type: ignore[index]
    assert [each["name"] for each in answer.json["targets"]] == ["hubspot"]  # type: ignore[index]
    numbers = house.client.get("/ops/metrics", headers=login).text
    assert 'voicebot_deliveries{crm="hubspot",state="dead"} 1.0' in numbers
    assert 'voicebot_crm_unwell{crm="hubspot",state="refused"} 1.0' in numbers
    assert 'voicebot_delivery_oldest_seconds{crm="hubspot"}' in numbers
