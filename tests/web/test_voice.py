"""A call comes in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.house import CALL, CALLED, CALLER, House, verb
from voicebot.dialog import load as load_dialog
from voicebot.processes import Stores, readiness
from voicebot.store.sessions import Node


def names(reply: list[dict[str, object]]) -> list[object]:
    return [item["verb"] for item in reply]


def test_the_call_is_streamed_to_the_bot_in_both_directions(house: House) -> None:
    """All three settings without which jambonz would never play our audio are there."""
    listen = house.hook("/voice", call_status="trying")[0]
    assert listen["verb"] == "listen"
    assert listen["url"] == "wss://media1.example/audio/jambonz"
    assert listen["actionHook"] == "https://bot.example/voice/next"
    assert (listen["mixType"], listen["sampleRate"], listen["passDtmf"]) == ("mono", 8000, True)
    assert listen["bidirectionalAudio"] == {"enabled": True, "streaming": True, "sampleRate": 8000}
    assert "wsAuth" not in listen


def test_a_safety_net_lies_behind_the_stream(house: House) -> None:
    """If we die, jambonz goes on by itself: a spoken line, then a person."""
    reply = house.hook("/voice")
    assert names(reply) == ["listen", "say", "dial", "say", "hangup"]
    dial = verb(reply, "dial")
    assert dial["target"] == [{"type": "user", "name": "reception"}]
    assert verb(reply, "say")["text"] == house.dialog.apology


def test_the_net_asks_nothing_of_us_before_the_person_is_connected(house: House) -> None:
    """jambonz hangs up on whoever answered when a confirmHook fails, and the net runs when we are gone."""
    assert "confirmHook" not in verb(house.hook("/voice"), "dial")


def test_the_token_opens_one_stream_of_this_call(house: House) -> None:
    """The metadata carries nothing but a token, plain enough for a FreeSWITCH command line."""
    metadata = house.hook("/voice")[0]["metadata"]
    assert list(metadata) == ["token"]
    assert metadata["token"].isascii()
    assert not set(metadata["token"]) & set("'|\"\\ ")
    assert house.sessions.redeem_token(metadata["token"]) == CALL
    assert house.sessions.redeem_token(metadata["token"]) is None


def test_a_repeated_hook_is_the_same_call(house: House) -> None:
    """The session stays; only the token is new."""
    first = house.hook("/voice", env_vars={"GREETING": "Hi"})
    kept = house.sessions.get(CALL)
    second = house.hook("/voice", env_vars={"GREETING": "Hi"})
    assert house.sessions.get(CALL) == kept
    assert first[0]["metadata"] != second[0]["metadata"]
    assert [{**first[0], "metadata": None}, *first[1:]] == [{**second[0], "metadata": None}, *second[1:]]


def test_the_session_knows_who_calls_and_what_the_portal_says(house: House) -> None:
    """The application's values come with the first hook only, so they are kept."""
    house.hook("/voice", env_vars={"GREETING": "Hi", "RETRIES": 2})
    session = house.sessions.get(CALL)
    assert session is not None
    assert (session.caller, session.called) == (CALLER, CALLED)
    assert session.env == {"GREETING": "Hi", "RETRIES": "2"}


def test_on_an_outbound_call_the_person_is_the_caller(house: House) -> None:
    """Whoever talks with the bot is looked up and noted, not our own number."""
    house.hook("/voice", direction="outbound", from_=CALLED, to=CALLER)
    session = house.sessions.get(CALL)
    assert session is not None
    assert (session.caller, session.called) == (CALLER, CALLED)


def test_a_caller_without_a_number_is_answered(house: House) -> None:
    """Anonymous, missing and odd numbers are people too."""
    for number in ("anonymous", None, "Zoë \u202e\u0000"):
        assert house.hook("/voice", from_=number)[0]["verb"] == "listen"


def test_the_node_with_most_room_is_chosen(house: House) -> None:
    """Nodes that are full, or not ready, get none."""
    house.has_room("media1", "wss://media1.example", calls=6)
    house.has_room("media2", "wss://media2.example", calls=2)
    house.sessions.announce(Node("media3", "wss://media3.example", 0, 10, ready=False))
    assert house.hook("/voice")[0]["url"] == "wss://media2.example/audio/jambonz"


@pytest.mark.parametrize(
    ("nodes", "ok"),
    [
        ([], False),
        ([(0, True)], True),
        ([(9, True)], True),
        ([(10, True)], False),
        ([(0, False)], False),
        ([(10, True), (0, False)], False),
        ([(10, True), (3, True)], True),
    ],
)
def test_a_load_balancer_is_told_what_a_caller_meets(
    house: House, nodes: list[tuple[int, bool]], ok: bool
) -> None:
    """`/readyz` says yes exactly where `/voice` lets the bot answer: not when nodes are full, or behind."""
    house.sessions.announce(Node("media1", "wss://media1.example", 0, 10, ready=False))
    for number, (calls, ready) in enumerate(nodes, 2):
        house.sessions.announce(Node(f"media{number}", f"wss://media{number}.example", calls, 10, ready=ready))
    stores = Stores(load_dialog(house.settings.dialog), house.sessions, house.records)
    assert readiness(stores).ok is ok
    assert (house.hook("/voice")[0]["verb"] == "listen") is ok


def test_a_node_without_a_url_is_reached_at_the_public_one(house: House) -> None:
    """One process behind one address need not say where it is."""
    house.has_room("media1", "")
    assert house.hook("/voice")[0]["url"] == "wss://bot.example/audio/jambonz"


def test_credentials_of_the_socket_are_told_when_there_are_any(build: Callable[..., House]) -> None:
    """`wsAuth` is the only form every jambonz understands."""
    built = build(ws_user="jambonz", ws_password="pa55")
    built.has_room()
    assert built.hook("/voice")[0]["wsAuth"] == {"username": "jambonz", "password": "pa55"}


def test_without_room_the_caller_reaches_a_person_at_once(build: Callable[..., House]) -> None:
    """A full house is a spoken line and a dial, and the call is on record."""
    built = build()
    built.has_room(calls=10)
    reply = built.hook("/voice")
    assert names(reply) == ["say", "dial", "say", "hangup"]
    view = built.records.call(CALL)
    assert view is not None
    assert view.row.reason == "no_room"


def test_the_portal_may_choose_who_catches_the_call(house: House) -> None:
    """TRANSFER_TARGET names another fallback; a name that is none changes nothing."""
    chosen = verb(house.hook("/voice", env_vars={"TRANSFER_TARGET": "desk"}), "dial")
    assert chosen["target"] == [{"type": "sip", "sipUri": "sip:desk@pbx.example;transport=tls"}]
    other = verb(house.hook("/voice", call_sid="other", env_vars={"TRANSFER_TARGET": "nobody"}), "dial")
    assert other["target"] == [{"type": "user", "name": "reception"}]


def test_an_unreachable_store_leads_to_a_person(house: House) -> None:
    """The answer is verbs with status 200: anything else and the phone would never be answered."""
    house.sessions.broken = True
    reply = house.hook("/voice", env_vars={"TRANSFER_TARGET": "billing"})
    assert names(reply) == ["say", "dial", "say", "hangup"]
    assert verb(reply, "dial")["target"][0]["number"] == "+14155550100"


def test_the_portal_is_told_our_variables_in_the_flat_shape(house: House) -> None:
    """The API server refuses the shape that wraps them."""
    answer = house.client.options("/voice", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.json == {
        "TRANSFER_TARGET": {
            "type": "string",
            "description": "Who takes the call when the bot cannot",
            "default": "reception",
            "enum": ["billing", "desk", "holding", "reception", "support"],
        }
    }


def test_what_is_known_of_the_caller_beforehand_is_kept_for_the_rules(house: House) -> None:
    """A `tag` verb or a REST call attached it; routing rules look at it."""
    house.hook("/voice", customerData={"tier": "gold", "odd": {"nested": 1}})
    session = house.sessions.get(CALL)
    assert session is not None
    assert session.customer == {"tier": "gold"}
