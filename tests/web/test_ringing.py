"""Whom a call rings, in which order, what they hear and press, and what becomes of the offer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.web.house import BILLING, CALL, CALLER, DESK, LEG, RECEPTION, SUPPORT, House, verb
from voicebot.call.record import Disposition, TransferOutcome
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import Comeback
from voicebot.store.offers import Offer, OfferState
from voicebot.web.handover import is_at
from voicebot.web.ringing import TAKEN, Place, place_id, place_of, steps
from voicebot.web.verbs import MOST_TARGETS

PRESS = "Press 1 to take the call."


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A house whose people take a call by pressing a key, with a call the bot wants to hand over."""
    made = build(accept=PRESS)
    made.has_room()
    made.hook("/voice", call_status="trying")
    made.bot_spoke(Disposition.TRANSFERRED)
    return made


def _ring(house: House, target: str = "reception", **plan: Any) -> dict[str, Any]:
    house.bot_plans(target, **plan)
    return verb(house.hook("/voice/next", verb_id="stream-0"), "dial")


def _offers(house: House) -> list[Offer]:
    return house.records.offers.offers_of(CALL)


def _leg(house: House, path: str, to: str = "reception", sid: str = LEG, **fields: Any) -> Any:
    return house.hook(path, call_sid=sid, parent_call_sid=CALL, direction="outbound", to=to, **fields)


def _outcomes(house: House) -> list[tuple[str, TransferOutcome]]:
    view = house.records.call(CALL)
    assert view is not None
    return [(transfer.target, transfer.outcome) for transfer in view.transfers]


def test_several_people_ring_at_once_each_with_an_id_of_their_own(house: House) -> None:
    """One dial, and nobody can look the call up with another's id; a telephone number gets none."""
    dial = _ring(house, others=("desk", "billing"))
    assert [target["type"] for target in dial["target"]] == ["user", "sip", "phone"]
    ids = [target.get("headers", {}).get("X-Voicebot-Call") for target in dial["target"]]
    assert ids[2] is None
    assert ids[0] != ids[1]
    assert {house.sessions.resolve_context(each) for each in ids[:2]} == {CALL}
    assert "headers" not in dial
    assert (dial["timeout"], dial["id"]) == (25, "dial-0:reception+desk+billing")


def test_a_repeated_hook_rings_the_same_people_with_the_same_ids(house: House) -> None:
    """And offers the call once."""
    first = _ring(house, others=("desk",), rule="vip")
    assert verb(house.hook("/voice/next", verb_id="stream-0"), "dial") == first
    (offer,) = _offers(house)
    assert (offer.targets, offer.rule, offer.reason) == (("reception", "desk"), "vip", "requested")
    assert offer.state is OfferState.RINGING


def test_people_in_turn_are_rung_one_after_the_other_without_a_word_between(house: House) -> None:
    """The caller stays on the line; each ringing is an offer and an attempt on record."""
    dial = _ring(house, others=("desk",), in_turn=True)
    reply = house.hook("/voice/dialed", verb_id=dial["id"], dial_call_status="busy", dial_sip_status=486)
    second = verb(reply, "dial")
    assert [target["type"] for target in second["target"]] == ["sip"]
    assert second["id"] == "dial-0.1:desk"
    assert second["headers"]["X-Voicebot-Call"] != dial["headers"]["X-Voicebot-Call"]
    reply = house.hook("/voice/dialed", verb_id=second["id"], dial_call_status="no-answer", dial_sip_status=487)
    assert reply[0]["verb"] == "listen"
    assert _outcomes(house) == [("reception", TransferOutcome.BUSY), ("desk", TransferOutcome.NO_ANSWER)]
    assert [offer.state for offer in _offers(house)] == [OfferState.BUSY, OfferState.NO_ANSWER]
    session = house.sessions.get(CALL)
    assert session is not None
    assert (session.attempts, session.step, session.comeback) == (1, 0, Comeback.NO_ANSWER)


def test_a_repeated_outcome_of_a_step_rings_the_present_one_again(house: House) -> None:
    """Late repeats count nothing twice and skip nobody."""
    dial = _ring(house, others=("desk",), in_turn=True)
    fields = {"verb_id": dial["id"], "dial_call_status": "busy", "dial_sip_status": 486}
    first = house.hook("/voice/dialed", **fields)
    assert house.hook("/voice/dialed", **fields) == first
    assert _outcomes(house) == [("reception", TransferOutcome.BUSY)]
    assert len(_offers(house)) == 2


def test_a_caller_who_gives_up_is_not_offered_to_the_next(house: House) -> None:
    """Nobody rings for somebody who is gone."""
    dial = _ring(house, others=("desk",), in_turn=True)
    gone = {"call_status": "completed", "dial_call_status": "no-answer"}
    assert house.hook("/voice/dialed", verb_id=dial["id"], **gone) == []
    assert [offer.state for offer in _offers(house)] == [OfferState.ABANDONED]


def test_the_person_hears_who_is_coming_and_what_to_press(house: House) -> None:
    """One key is awaited, and where it goes."""
    _ring(house)
    (gather,) = _leg(house, "/voice/whisper")
    assert gather["say"] == {"text": f"Caller about order 1234. {PRESS}"}
    assert (gather["input"], gather["numDigits"]) == (["digits"], 1)
    assert gather["actionHook"] == "https://bot.example/voice/accept?prompts=1"


def test_the_key_takes_the_call(house: House) -> None:
    """An empty answer connects the two; the offer is settled while they talk, and by whom."""
    dial = _ring(house, others=("desk",))
    assert _leg(house, "/voice/accept?prompts=1", to="desk", digits="1") == []
    (offer,) = _offers(house)
    assert (offer.state, offer.target) == (OfferState.ACCEPTED, "desk")
    over = {"dial_call_status": "completed", "dial_sip_status": 200}
    assert house.hook("/voice/dialed", verb_id=dial["id"], **over) == [{"verb": "hangup"}]
    assert _outcomes(house) == [("desk", TransferOutcome.ACCEPTED)]


def test_another_key_declines(house: House) -> None:
    """The leg is hung up, and the caller comes back to a bot that knows."""
    dial = _ring(house)
    assert _leg(house, "/voice/accept?prompts=1", digits="2") == [{"verb": "hangup"}]
    reply = house.hook("/voice/dialed", verb_id=dial["id"], dial_call_status="in-progress", dial_sip_status=200)
    assert reply[0]["verb"] == "listen"
    assert _outcomes(house) == [("reception", TransferOutcome.DECLINED)]
    assert [offer.state for offer in _offers(house)] == [OfferState.DECLINED]


@pytest.mark.parametrize(
    ("target", "to", "outcome", "state"),
    [
        ("billing", BILLING.address, TransferOutcome.MACHINE, OfferState.MACHINE),
        ("desk", DESK.address, TransferOutcome.MACHINE, OfferState.MACHINE),
        ("reception", "reception@realm.example", TransferOutcome.NO_ANSWER, OfferState.NO_ANSWER),
    ],
)
def test_no_key_is_asked_for_twice_and_then_nobody_is_there(
    house: House, target: str, to: str, outcome: TransferOutcome, state: OfferState
) -> None:
    """A telephone that answers and presses nothing is a machine; a softphone lies on an empty desk."""
    dial = _ring(house, target)
    (again,) = _leg(house, "/voice/accept?prompts=1", to=to)
    assert again["actionHook"].endswith("prompts=2")
    assert _leg(house, "/voice/accept?prompts=2", to=to) == [{"verb": "hangup"}]
    house.hook("/voice/dialed", verb_id=dial["id"], dial_call_status="in-progress", dial_sip_status=200)
    assert _outcomes(house) == [(target, outcome)]
    assert [offer.state for offer in _offers(house)] == [state]


def test_of_two_who_accept_at_once_the_first_gets_the_call(house: House) -> None:
    """The other is told and hung up on; a repeated hook of the first still connects them."""
    _ring(house, others=("desk",))
    assert _leg(house, "/voice/accept?prompts=1", digits="1") == []
    refused = _leg(house, "/voice/accept?prompts=1", to="desk", sid="other-leg", digits="1")
    assert refused == [{"verb": "say", "text": TAKEN}, {"verb": "hangup"}]
    assert _leg(house, "/voice/accept?prompts=1", digits="1") == []


def test_ten_who_accept_in_the_same_instant_are_one(house: House) -> None:
    """Whatever the threads do, one empty answer leaves the house for one target."""
    _ring(house, others=("desk",))

    def accept(number: int) -> Any:
        who = ("reception", "desk")[number % 2]
        client = house.client.application.test_client()
        fields = {"call_sid": f"leg-{number}", "parent_call_sid": CALL, "to": who, "digits": "1"}
        return who, client.post("/voice/accept?prompts=1", json=fields).json

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(accept, range(10)))
    assert len({who for who, reply in answers if reply == []}) == 1


def test_a_call_nobody_could_offer_can_still_be_taken(house: House) -> None:
    """The desk's table being away costs the desk its pop, not the caller their person."""
    house.bot_plans()
    assert _leg(house, "/voice/accept?prompts=1", digits="1") == []


def test_a_lost_accept_hook_leaves_the_call_to_the_gateway(house: House) -> None:
    """It was bridged, whatever we heard of it: the offer follows."""
    dial = _ring(house)
    over = {"dial_call_status": "completed", "dial_sip_status": 200}
    house.hook("/voice/dialed", verb_id=dial["id"], **over)
    assert [(offer.state, offer.target) for offer in _offers(house)] == [(OfferState.ACCEPTED, "reception")]


def test_only_the_crms_of_the_dialog_are_told_of_a_call_that_was_taken(build: Callable[..., House]) -> None:
    """A call whose bot died is presumed over when the talk is, and tells nobody else either."""
    made = build(
        told=CrmPlan(("webhook",)),
        crm="hubspot,webhook",
        hubspot_token="t",
        crm_webhook_url="https://crm.example/hook",
        crm_webhook_secret="whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0",
    )
    made.has_room()
    made.hook("/voice", call_status="trying")
    made.bot_spoke()
    dial = _ring(made)
    over = {"dial_call_status": "completed", "dial_sip_status": 200, "call_status": "completed"}
    made.hook("/voice/dialed", verb_id=dial["id"], **over)
    view = made.records.call(CALL)
    assert view is not None
    assert [delivery.target for delivery in view.deliveries] == ["webhook"]


def test_a_rescued_caller_is_offered_too(house: House) -> None:
    """The desk sees whom the bot lost."""
    house.hook("/voice/next", verb_id="stream-0")
    (offer,) = _offers(house)
    assert (offer.targets, offer.rule, offer.reason) == (("reception",), "rescue", "failure")


def test_no_personal_data_goes_into_any_header(house: House) -> None:
    """Neither number nor words nor call id, whoever rings."""
    dial = _ring(house, others=("desk", "billing"))
    headers = str([target.get("headers") for target in dial["target"]])
    assert not any(secret in headers for secret in (CALL, CALLER, "1234"))


def test_steps_are_one_or_many_and_queues_come_last() -> None:
    """jambonz rings ten at once; a queue is never rung along."""
    people = [Target(f"p{number}", TargetKind.USER, f"p{number}") for number in range(12)]
    assert [len(group) for group in steps([SUPPORT, *people], in_turn=False)] == [MOST_TARGETS, 2, 1]
    assert [len(group) for group in steps(people[:3], in_turn=True)] == [1, 1, 1]
    assert steps([SUPPORT, RECEPTION], in_turn=True) == [(RECEPTION,), (SUPPORT,)]


def test_a_place_survives_the_verb_s_id() -> None:
    """What we named comes back in the hook; anything else is none of ours."""
    assert place_of(place_id(0, 0, (RECEPTION,))) == Place(0, 0, ("reception",))
    assert place_of(place_id(2, 1, (RECEPTION, DESK))) == Place(2, 1, ("reception", "desk"))
    assert place_of("stream-3") == Place(3, 0, ())
    assert place_of("dial-x") is None


@pytest.mark.parametrize(
    ("target", "address", "same"),
    [
        (RECEPTION, "reception", True),
        (RECEPTION, "Reception@acme.sip.example", True),
        (RECEPTION, "receptionist", False),
        (BILLING, "+1 415 555 0100", True),
        (BILLING, "14155550100", True),
        (DESK, "sip:desk@pbx.example", True),
        (DESK, "desk", True),
        (DESK, "sip:reception@pbx.example", False),
    ],
)
def test_a_leg_is_known_by_its_address(target: Target, address: str, same: bool) -> None:
    """However the gateway writes it."""
    assert is_at(target, address) is same
