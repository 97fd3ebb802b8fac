"""What follows the bot, and what follows a dial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web import house as houses
from tests.web.house import CALL, LEG, House, verb
from voicebot.call.record import Disposition, TransferOutcome
from voicebot.dialog.types import Comeback, HangUp
from voicebot.store.views import CallState, DeliveryState


def names(reply: list[dict[str, object]]) -> list[object]:
    return [item["verb"] for item in reply]


@pytest.fixture
def talking(house: House) -> House:
    """A call the bot has spoken with."""
    house.hook("/voice", call_status="trying")
    house.bot_spoke()
    return house


@pytest.fixture
def transferring(house: House) -> House:
    """A call on its way to reception; the bot's part is on record."""
    house.hook("/voice", call_status="trying")
    house.bot_spoke(Disposition.TRANSFERRED)
    house.bot_plans()
    return house


def test_a_planned_transfer_rings_the_target(transferring: House) -> None:
    """With whisper, outcome hook, and the context the agent's desk needs."""
    dial = verb(transferring.hook("/voice/next", verb_id="stream-0"), "dial")
    session = transferring.sessions.get(CALL)
    assert session is not None
    assert dial["target"] == [{"type": "user", "name": "reception"}]
    assert dial["actionHook"] == "https://bot.example/voice/dialed"
    assert dial["confirmHook"] == "https://bot.example/voice/whisper"
    assert dial["timeout"] == 25
    assert dial["dialMusic"] == "tone_stream://%(2000,4000,440,480);loops=5"
    assert dial["headers"]["X-Voicebot-Call"] == session.context_id
    assert transferring.sessions.resolve_context(session.context_id) == CALL


def test_no_personal_data_goes_into_sip(transferring: House) -> None:
    """Neither number nor words nor call id, only the opaque one."""
    headers = str(verb(transferring.hook("/voice/next"), "dial")["headers"])
    assert "1234" not in headers
    assert "5551230001" not in headers
    assert CALL not in headers


def test_a_phone_number_is_dialled_as_the_dialog_says_without_context(talking: House) -> None:
    """Limits, music, carrier and number shown are the target's; headers stay at home."""
    talking.bot_plans("billing")
    dial = verb(talking.hook("/voice/next"), "dial")
    assert dial["target"] == [{"type": "phone", "number": "+14155550100", "trunk": "carrier"}]
    assert (dial["timeout"], dial["timeLimit"]) == (15, 600)
    assert (dial["dialMusic"], dial["callerId"]) == ("https://bot.example/hold.wav", "+14155550199")
    assert "headers" not in dial


def test_a_plan_for_an_unknown_target_reaches_the_fallback(talking: House) -> None:
    """A dialog that changed under a running call still leads to a person."""
    talking.bot_plans("somebody who left")
    assert verb(talking.hook("/voice/next"), "dial")["target"][0]["name"] == "reception"


def test_a_planned_hangup_ends_the_call(talking: House) -> None:
    """An empty array would run the safety net instead."""
    session = talking.sessions.get(CALL)
    assert session is not None
    talking.sessions.put(replace(session, plan=HangUp("goodbye")))
    assert talking.hook("/voice/next") == [{"verb": "hangup"}]


def test_a_repeated_hook_gets_the_same_answer(transferring: House) -> None:
    """jambonz repeats what it got no answer to."""
    assert transferring.hook("/voice/next") == transferring.hook("/voice/next")


def test_a_stream_that_died_leads_to_an_apology_and_a_person(talking: House) -> None:
    """No plan and a caller on the line: the bot was lost, the caller is not."""
    reply = talking.hook("/voice/next", verb_id="stream-0")
    assert names(reply) == ["say", "dial", "say", "hangup"]
    assert reply[0]["text"] == talking.dialog.apology
    assert "X-Voicebot-Call" in verb(reply, "dial")["headers"]
    assert talking.hook("/voice/next", verb_id="stream-0") == reply


def test_a_stream_that_never_stood_is_on_record(house: House) -> None:
    """The media node died before it took the call: somebody should learn of it."""
    house.hook("/voice")
    house.hook("/voice/next", verb_id="stream-0")
    view = house.records.call(CALL)
    assert view is not None
    assert (view.row.disposition, view.row.reason) == (Disposition.FAILED, "stream_lost")


def test_a_call_nobody_remembers_reaches_a_person(house: House) -> None:
    """Sessions in memory are gone after a restart; the caller is still there."""
    assert names(house.hook("/voice/next", verb_id="stream-0")) == ["say", "dial", "say", "hangup"]


def test_a_caller_who_hung_up_is_let_go(talking: House) -> None:
    """Nothing to say to nobody; the record is closed and the note becomes due."""
    assert talking.hook("/voice/next", call_status="completed", verb_id="stream-0") == []
    view = talking.records.call(CALL)
    assert view is not None
    assert view.row.state is CallState.ENDED


@pytest.mark.parametrize(
    ("status", "code", "comeback"),
    [
        ("no-answer", 487, Comeback.NO_ANSWER),
        ("busy", 486, Comeback.BUSY),
        ("failed", 603, Comeback.DECLINED),
        ("failed", 404, Comeback.FAILED),
    ],
)
def test_a_caller_nobody_answered_is_back_with_the_bot(
    transferring: House, status: str, code: int, comeback: Comeback
) -> None:
    """Another stream with another token, and the session says why."""
    dial = verb(transferring.hook("/voice/next"), "dial")
    reply = transferring.hook("/voice/dialed", verb_id=dial["id"], dial_call_status=status, dial_sip_status=code)
    assert names(reply) == ["listen", "say", "dial", "say", "hangup"]
    assert transferring.sessions.redeem_token(reply[0]["metadata"]["token"]) == CALL
    session = transferring.sessions.get(CALL)
    assert session is not None
    assert (session.comeback, session.plan, session.attempts) == (comeback, None, 1)
    view = transferring.records.call(CALL)
    assert view is not None
    assert [(transfer.target, transfer.sip_status) for transfer in view.transfers] == [("reception", code)]


def test_a_repeated_dial_outcome_counts_once(transferring: House) -> None:
    """One attempt, one record, the same answer but for the token."""
    fields = {"verb_id": "dial-0:reception", "dial_call_status": "busy", "dial_sip_status": 486}
    first = transferring.hook("/voice/dialed", **fields)
    second = transferring.hook("/voice/dialed", **fields)
    assert [{**first[0], "metadata": 0}, *first[1:]] == [{**second[0], "metadata": 0}, *second[1:]]
    session, view = transferring.sessions.get(CALL), transferring.records.call(CALL)
    assert session is not None
    assert session.attempts == 1
    assert view is not None
    assert len(view.transfers) == 1


def test_a_hook_from_before_the_last_transfer_changes_nothing(transferring: House) -> None:
    """The first stream's hook, late: the caller is in the second stream by now."""
    transferring.hook("/voice/dialed", verb_id="dial-0:reception", dial_call_status="busy")
    assert transferring.hook("/voice/next", verb_id="stream-0") == []


def test_after_five_failed_transfers_the_call_ends_with_an_apology(transferring: House) -> None:
    """Nobody is sent in circles."""
    for attempt in range(4):
        reply = transferring.hook(
            "/voice/dialed", verb_id=f"dial-{attempt}:reception", dial_call_status="no-answer"
        )
        assert reply[0]["verb"] == "listen"
    reply = transferring.hook("/voice/dialed", verb_id="dial-4:reception", dial_call_status="no-answer")
    assert names(reply) == ["say", "hangup"]


def test_no_room_to_come_back_to_ends_with_an_apology(house: House) -> None:
    """The person was tried, the bot is full: say so and end."""
    house.hook("/voice")
    house.has_room(calls=10)
    assert names(house.hook("/voice/dialed", dial_call_status="busy", verb_id="dial-0:reception")) == [
        "say",
        "hangup",
    ]


def test_a_conversation_with_the_agent_ends_the_call(transferring: House) -> None:
    """The transfer is recorded as accepted, and the note need not wait any longer."""
    reply = transferring.hook(
        "/voice/dialed", verb_id="dial-0:reception", dial_call_status="completed", dial_sip_status=200
    )
    assert reply == [{"verb": "hangup"}]
    view = transferring.records.call(CALL)
    assert view is not None
    assert [transfer.outcome for transfer in view.transfers] == [TransferOutcome.ACCEPTED]
    [delivery] = view.deliveries
    assert delivery.state is DeliveryState.PENDING
    assert (delivery.due_at - delivery.created_at).total_seconds() < 30


def test_a_caller_who_left_while_it_rang_is_noted(transferring: House) -> None:
    """The outcome is `abandoned`, and nothing is answered to nobody."""
    reply = transferring.hook(
        "/voice/dialed", verb_id="dial-0:reception", call_status="completed", dial_call_status="no-answer"
    )
    assert reply == []
    view = transferring.records.call(CALL)
    assert view is not None
    assert [transfer.outcome for transfer in view.transfers] == [TransferOutcome.ABANDONED]


def test_the_status_may_overtake_the_dial_outcome(transferring: House) -> None:
    """The session is gone, the record still takes the outcome, and no session comes back to life."""
    transferring.hook("/status", call_status="completed")
    transferring.hook(
        "/voice/dialed",
        verb_id="dial-0:reception",
        call_status="completed",
        dial_call_status="completed",
        dial_sip_status=200,
    )
    view = transferring.records.call(CALL)
    assert view is not None
    assert [transfer.outcome for transfer in view.transfers] == [TransferOutcome.ACCEPTED]
    assert transferring.sessions.get(CALL) is None


def test_without_a_verb_id_the_plan_tells_who_was_rung(talking: House) -> None:
    """Older servers may leave the id out."""
    talking.bot_plans("billing")
    talking.hook("/voice/dialed", dial_call_status="busy")
    view = talking.records.call(CALL)
    assert view is not None
    assert [transfer.target for transfer in view.transfers] == ["billing"]


def test_the_store_failing_after_a_dial_does_not_ring_for_ever(house: House) -> None:
    """Not the safety net again: its dial would end here again."""
    house.sessions.broken = True
    assert names(house.hook("/voice/dialed", dial_call_status="busy")) == ["say", "hangup"]


def test_a_store_failing_after_the_stream_leads_to_a_person(house: House) -> None:
    """The plan cannot be read; the fallback needs no plan."""
    house.sessions.broken = True
    assert names(house.hook("/voice/next")) == ["say", "dial", "say", "hangup"]


def test_the_agent_hears_who_is_coming(transferring: House) -> None:
    """The hook comes for the answered leg and names the caller's as its parent."""
    reply = transferring.hook("/voice/whisper", call_sid=LEG, parent_call_sid=CALL, direction="outbound")
    assert reply == [{"verb": "say", "text": "Caller about order 1234."}]


def test_without_a_whisper_the_summary_is_told(house: House) -> None:
    """A stream that died has left no plan, but what was said is on record."""
    house.hook("/voice")
    house.bot_spoke(Disposition.FAILED)
    reply = house.hook("/voice/whisper", call_sid=LEG, parent_call_sid=CALL)
    assert reply == [{"verb": "say", "text": "Asked about order 1234."}]


def test_with_nothing_to_tell_the_caller_is_put_through(house: House) -> None:
    """An empty array, not an empty body: jambonz would hang up on the agent."""
    answer = house.client.post("/voice/whisper", json=houses.body(call_sid=LEG, parent_call_sid="unknown"))
    assert (answer.status_code, answer.json, answer.mimetype) == (200, [], "application/json")


def test_a_whisper_that_cannot_be_read_does_not_cost_the_call(house: House) -> None:
    """A failing confirmHook would hang up on the person who just answered."""
    house.sessions.broken = True
    assert house.hook("/voice/whisper", call_sid=LEG, parent_call_sid=CALL) == []
