"""Handing over at the wish of any application, and the end of calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from tests.web.house import CALL, LEG, House, body, verb
from voicebot.call.record import Disposition
from voicebot.store.views import CallState


def test_any_application_can_hand_a_call_over(house: House) -> None:
    """A call the bot never saw is dialled through, with context, and is on record."""
    dial = verb(house.hook("/escalate"), "dial")
    assert dial["target"][0]["name"] == "reception"
    assert house.sessions.resolve_context(dial["headers"]["X-Voicebot-Call"]) == CALL
    view = house.records.call(CALL)
    assert view is not None
    assert (view.row.disposition, view.row.reason) == (Disposition.TRANSFERRED, "escalated")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/escalate", {"target": "desk"}),
        ("/escalate", {"customerData": {"target": "desk"}}),
        ("/escalate", {"env_vars": {"TRANSFER_TARGET": "desk"}}),
        ("/escalate?target=desk", {}),
        ("/escalate?target=desk", {"target": "billing"}),
    ],
)
def test_the_target_can_be_named_in_several_ways(house: House, path: str, fields: dict[str, object]) -> None:
    """A redirect cannot send a body of its own, so the address and attached data count too."""
    assert verb(house.hook(path, **fields), "dial")["target"][0]["type"] == "sip"


def test_an_unknown_target_reaches_the_fallback(house: House) -> None:
    """A typing error is no reason to lose a caller."""
    assert verb(house.hook("/escalate", target="nobody"), "dial")["target"][0]["name"] == "reception"


@pytest.mark.parametrize("wanted", ["+19005550000", "sip:evil@host", "a\nb", "x" * 900])
def test_nobody_chooses_a_number_to_dial(house: House, wanted: str) -> None:
    """What comes from outside only ever names a target of the dialog file, and is not repeated in the log."""
    with capture_logs() as logged:
        assert verb(house.hook("/escalate", target=wanted), "dial")["target"] == [
            {"type": "user", "name": "reception"}
        ]
    assert wanted[:5] not in str(logged)


def test_a_call_of_the_bot_goes_where_the_bot_planned(house: House) -> None:
    """And what follows the stream says the same, whichever of the two hooks jambonz obeys."""
    house.hook("/voice")
    house.bot_spoke()
    house.bot_plans("billing")
    reply = house.hook("/escalate")
    assert verb(reply, "dial")["target"][0]["number"] == "+14155550100"
    assert house.hook("/voice/next", verb_id="stream-0") == reply


def test_escalating_twice_answers_the_same(house: House) -> None:
    """One record, one context id."""
    assert house.hook("/escalate", target="desk") == house.hook("/escalate", target="desk")
    assert len(house.records.calls()) == 1


def test_an_escalated_caller_nobody_answers_meets_the_bot(house: House) -> None:
    """Better than a dead line."""
    dial = verb(house.hook("/escalate"), "dial")
    assert house.hook("/voice/dialed", verb_id=dial["id"], dial_call_status="busy")[0]["verb"] == "listen"


def test_a_caller_who_is_gone_is_not_escalated(house: House) -> None:
    """Nobody rings for nobody."""
    assert house.hook("/escalate", call_status="completed") == []
    assert house.records.call(CALL) is None


def test_the_end_of_the_call_closes_the_session_and_the_record(build: Callable[..., House]) -> None:
    """A call whose media process died is finished here, with the note it owes."""
    built = build(crm="hubspot", hubspot_token="t")
    built.has_room()
    built.hook("/voice")
    built.bot_spoke()
    assert built.hook("/status", call_status="completed", duration=12) == []
    assert built.sessions.get(CALL) is None
    view = built.records.call(CALL)
    assert view is not None
    assert view.row.state is CallState.ENDED
    assert [delivery.target for delivery in view.deliveries] == ["hubspot"]
    assert built.hook("/status", call_status="completed") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"call_status": "in-progress"},
        {"call_status": "trying"},
        {"call_status": "completed", "parent_call_sid": CALL, "call_sid": LEG},
        {"call_status": "no-answer", "parent_call_sid": CALL, "call_sid": LEG, "sip_status": 487},
    ],
)
def test_other_news_ends_nothing(house: House, fields: dict[str, object]) -> None:
    """Progress, and the end of the agent's leg, are not the end of the caller's call."""
    house.hook("/voice")
    house.bot_spoke()
    house.hook("/status", **fields)
    view = house.records.call(CALL)
    assert view is not None
    assert view.row.state is CallState.LIVE
    assert house.sessions.get(CALL) is not None


def test_the_end_of_an_unknown_call_is_none_of_ours(house: House) -> None:
    """Status hooks of other applications of the account may come here."""
    assert house.hook("/status", call_status="completed") == []
    assert house.records.calls() == []


def test_a_status_that_could_not_be_kept_asks_to_be_repeated(house: House) -> None:
    """The one hook where an error status does no harm and may bring a repeat."""
    house.sessions.broken = True
    answer = house.client.post("/status", json=body(call_status="completed"))
    assert answer.status_code == 503
    assert "repeat" in answer.text
