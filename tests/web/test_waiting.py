"""Queues: what callers hear, when they leave, and how the next of them is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.house import CALL, CALLED, CALLER, House, verb
from voicebot.call.record import Disposition, TransferOutcome
from voicebot.dialog.types import Comeback
from voicebot.store.offers import Offer, OfferState
from voicebot.web.waiting import NOBODY

AGENT = "agent-call-1"


@pytest.fixture
def queued(house: House) -> House:
    """A caller in the queue of support."""
    house.hook("/voice", call_status="trying")
    house.bot_spoke(Disposition.TRANSFERRED)
    house.bot_plans("support", rule="technical")
    enqueue = verb(house.hook("/voice/next", verb_id="stream-0"), "enqueue")
    assert (enqueue["name"], enqueue["priority"]) == ("helpline", 2)
    assert enqueue["waitHook"] == "https://bot.example/voice/wait?target=support"
    assert enqueue["actionHook"] == "https://bot.example/voice/queued"
    return house


def _wait(house: House, target: str = "support", **place: Any) -> Any:
    fields: dict[str, Any] = dict.fromkeys(("direction", "from_", "to", "call_status", "sip_status"))
    return house.hook(f"/voice/wait?target={target}", **fields, queue_sid="queue:acc:helpline", **place)


def _fetch(house: House, **fields: Any) -> Any:
    return house.hook("/queue/support", call_sid=AGENT, from_="alice", to="7000", **fields)


def _offer(house: House) -> Offer:
    return house.records.offers.offers_of(CALL)[-1]


def test_a_waiting_caller_is_on_offer(queued: House) -> None:
    """The supervisor sees who waits, and why."""
    (offer,) = queued.records.offers.open_offers(["support"])
    assert (offer.state, offer.rule) == (OfferState.WAITING, "technical")


def test_the_place_is_said_and_music_or_silence_follows(queued: House) -> None:
    """At the interval of the target, and never beyond what the caller may wait."""
    said = {"verb": "say", "text": "2 before you, 30 seconds."}
    assert _wait(queued, queue_position=2, queue_time=30) == [said, {"verb": "pause", "length": 20.0}]
    said = {"verb": "say", "text": "0 before you, 50 seconds."}
    music = {"verb": "play", "url": "https://bot.example/hold.wav", "timeoutSecs": 10.0}
    assert _wait(queued, "holding", queue_position=0, queue_time=50) == [said, music]


@pytest.mark.parametrize("target", ["support", "reception", "nowhere", ""])
def test_who_waited_long_enough_leaves(queued: House, target: str) -> None:
    """So does one whose queue is not in the dialog any more: an empty answer would be silence for ever."""
    assert _wait(queued, target, queue_position=0, queue_time=60) == [{"verb": "leave"}]


@pytest.mark.parametrize("odd", ["soon", [], -3, float("1e300"), None, True])
def test_an_odd_wait_is_answered_all_the_same(queued: House, odd: Any) -> None:
    """Numbers only decide what is said."""
    assert _wait(queued, queue_position=odd, queue_time=odd)


def test_who_left_the_queue_is_back_with_the_bot(queued: House) -> None:
    """And the bot knows that they waited."""
    reply = queued.hook("/voice/queued", verb_id="dial-0:support", queue_result="leave", queue_time=60)
    assert reply[0]["verb"] == "listen"
    session, view = queued.sessions.get(CALL), queued.records.call(CALL)
    assert session is not None
    assert (session.comeback, session.attempts) == (Comeback.WAITED, 1)
    assert view is not None
    assert [transfer.outcome for transfer in view.transfers] == [TransferOutcome.NO_ANSWER]
    assert _offer(queued).state is OfferState.NO_ANSWER


@pytest.mark.parametrize(
    ("fields", "outcome", "state"),
    [
        ({"queue_result": "bridged"}, TransferOutcome.ACCEPTED, OfferState.ACCEPTED),
        (
            {"queue_result": "bridged", "call_status": "completed"},
            TransferOutcome.ACCEPTED,
            OfferState.ACCEPTED,
        ),
        (
            {"queue_result": "hangup", "call_status": "completed"},
            TransferOutcome.ABANDONED,
            OfferState.ABANDONED,
        ),
        ({"queue_result": "error"}, TransferOutcome.FAILED, OfferState.FAILED),
        ({}, TransferOutcome.FAILED, OfferState.FAILED),
    ],
)
def test_every_end_of_waiting_has_its_outcome(
    queued: House, fields: dict[str, str], outcome: TransferOutcome, state: OfferState
) -> None:
    """Connected, gone, or lost by the gateway."""
    queued.hook("/voice/queued", verb_id="dial-0:support", **fields)
    view = queued.records.call(CALL)
    assert view is not None
    assert [transfer.outcome for transfer in view.transfers] == [outcome]
    assert _offer(queued).state is state


def test_the_next_caller_is_fetched_with_a_word_about_them(queued: House) -> None:
    """The one who waits longest, and nobody else gets the same."""
    say, fetched = _fetch(queued)
    assert say == {"verb": "say", "text": "Caller about order 1234."}
    assert (fetched["name"], fetched["callSid"], fetched["beep"]) == ("helpline", CALL, True)
    assert _offer(queued).agent == "alice"
    other = queued.hook("/queue/support", call_sid="agent-call-2", from_="bob", to="7000")
    assert [each["verb"] for each in other] == ["say", "pause", "redirect"]
    assert other[0]["text"] == NOBODY
    assert _fetch(queued)[-1]["callSid"] == CALL


def test_a_talk_that_took_place_is_accepted(queued: House) -> None:
    """Whichever of the two legs tells first; then the next caller may come."""
    done = _fetch(queued)[-1]["actionHook"].removeprefix("https://bot.example")
    reply = queued.hook(done, call_sid=AGENT, from_="alice", dequeue_result="complete")
    assert reply == [{"verb": "redirect", "actionHook": "https://bot.example/queue/support"}]
    assert (_offer(queued).state, _offer(queued).target) == (OfferState.ACCEPTED, "support")
    queued.hook("/voice/queued", verb_id="dial-0:support", queue_result="bridged")
    assert _offer(queued).agent == "alice"


def test_a_caller_who_was_not_found_is_given_back(queued: House) -> None:
    """An agent whose line broke before the two were connected keeps nobody."""
    done = _fetch(queued)[-1]["actionHook"].removeprefix("https://bot.example")
    gone = {"dequeue_result": "hangup", "call_status": "completed"}
    assert queued.hook(done, call_sid=AGENT, from_="alice", **gone) == []
    assert _offer(queued).agent is None
    assert _offer(queued).state is OfferState.WAITING


@pytest.mark.parametrize("name", ["reception", "nowhere"])
def test_only_queues_are_fetched_from(queued: House, name: str) -> None:
    """A typing error in the portal is said aloud."""
    reply = queued.hook(f"/queue/{name}", call_sid=AGENT, from_="alice")
    assert [each["verb"] for each in reply] == ["say", "hangup"]


def test_a_queue_may_be_the_fallback_of_the_net(queued: House) -> None:
    """The verbs behind a stream lead into it, with nobody of us there."""
    reply = queued.hook(
        "/voice", call_sid="another", env_vars={"TRANSFER_TARGET": "support"}, from_=CALLER, to=CALLED
    )
    assert [each["verb"] for each in reply] == ["listen", "say", "enqueue", "say", "hangup"]


def test_a_store_that_is_away_does_not_silence_who_waits(queued: House) -> None:
    """What is said in the queue needs no store; what ends it needs one, and says goodbye without."""
    queued.sessions.broken = True
    assert _wait(queued, queue_position=0, queue_time=1)[0]["verb"] == "say"
    reply = queued.hook("/voice/queued", verb_id="dial-0:support", queue_result="leave")
    assert [each["verb"] for each in reply] == ["say", "hangup"]


def test_a_made_up_offer_is_no_error(queued: House) -> None:
    """Whatever number stands in the address, the agent's line goes on to the next caller."""
    for number in (10**30, -1, 0):
        reply = queued.hook(f"/queue/support/done?offer={number}", call_sid=AGENT, dequeue_result="complete")
        assert [each["verb"] for each in reply] == ["redirect"]
