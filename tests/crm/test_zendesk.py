"""Calls in Zendesk, over real HTTP: a ticket of the right user, with the call as an internal note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.crm.support import Clock, Ledger, deliver_until_done
from tests.crm.test_note import NOTE
from voicebot.crm.port import NoteTurn, NoteWrapUp
from voicebot.crm.zendesk import COMMENT, Zendesk, check_fields
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmThrottled, CrmUnauthorized, CrmUnavailable, SettingsError
from voicebot.testing.vendor import Fault
from voicebot.testing.zendesk import CLIENT_ID, CLIENT_SECRET, KEY_SECONDS, FakeZendesk

CALLER = NOTE.caller


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(clock: Clock) -> Iterator[FakeZendesk]:
    with FakeZendesk(clock=clock) as made:
        yield made


def connect(account: FakeZendesk, create: bool = True, secret: str = CLIENT_SECRET) -> Zendesk:
    return Zendesk(Api(account.url, CLIENT_ID, SecretStr(secret), timeouts=(1.0, 0.3)), "US", create)


def test_ticket_carries_the_call_as_an_internal_note(account: FakeZendesk) -> None:
    """Not public, with the call id as external id, of the user who called."""
    user = account.add_user(name="Ada", phone=CALLER)
    identity = connect(account).deliver(NOTE, Ledger().attempt())
    (ticket,) = account.tickets
    assert str(ticket["id"]) == identity
    assert (ticket["requester_id"], ticket["external_id"], ticket["tags"]) == (user, "call-1", ["voicebot"])
    assert ticket["comment"]["public"] is False
    assert NOTE.summary in ticket["comment"]["html_body"]


@pytest.mark.parametrize("stored", ["+14155552671", "(415) 555-2671", "415-555-2671", "+1 415 555 2671"])
def test_user_is_found_however_the_number_is_written(account: FakeZendesk, stored: str) -> None:
    """By the whole number, else by its national part."""
    user = account.add_user(name="Ada", phone=stored)
    connect(account).deliver(NOTE, Ledger().attempt())
    assert account.tickets[0]["requester_id"] == user


def test_unknown_caller_becomes_one_user(clock: Clock) -> None:
    """Search lags, the external id does not: two calls make one user."""
    with FakeZendesk(search_lag=600, clock=clock) as account:
        note = replace(NOTE, slots={"name": "Ada Byron"})
        connect(account).deliver(note, Ledger().attempt())
        connect(account).deliver(replace(note, call_id="call-2"), Ledger().attempt())
        (user,) = account.users.values()
        assert (user["name"], user["phone"]) == ("Ada Byron", CALLER)
        assert [ticket["requester_id"] for ticket in account.tickets] == [user["id"]] * 2


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HANG, Fault.GARBAGE, Fault.DROPPED])
def test_lost_answer_to_a_user_leaves_one_user(account: FakeZendesk, fault: Fault) -> None:
    """Made or found again by its external id."""
    account.fail(fault, "POST /api/v2/users/create_or_update")
    deliver_until_done(connect(account))
    assert len(account.users) == len(account.tickets) == 1


@pytest.mark.parametrize("refuse", [True, False])
def test_nobody_is_created_when_not_wanted_or_refused(account: FakeZendesk, refuse: bool) -> None:
    """The ticket is then of the OAuth client's own user."""
    account.refuse_users = refuse
    connect(account, create=refuse).deliver(NOTE, Ledger().attempt())
    assert account.users == {}
    assert "requester_id" not in account.tickets[0]


def test_latest_of_several_gets_the_ticket(account: FakeZendesk, clock: Clock) -> None:
    """And it says how many there are; suspended and deleted ones do not count."""
    account.add_user(name="Old", phone=CALLER)
    clock.now += 60
    latest = account.add_user(name="New", phone=CALLER)
    clock.now += 60
    account.add_user(name="Spammer", phone=CALLER, suspended=True)
    account.add_user(name="Gone", phone=CALLER, active=False)
    connect(account).deliver(NOTE, Ledger().attempt())
    assert account.tickets[0]["requester_id"] == latest
    assert "2 users have this number" in account.tickets[0]["comment"]["html_body"]


def test_five_hundred_matches_are_paged_through(account: FakeZendesk, clock: Clock) -> None:
    """Five pages of a hundred, one ticket."""
    for _ in range(499):
        account.add_user(name="Old", phone=CALLER)
    clock.now += 60
    latest = account.add_user(name="New", phone=CALLER)
    connect(account).deliver(NOTE, Ledger().attempt())
    assert [ticket["requester_id"] for ticket in account.tickets] == [latest]
    assert len(account.asked("/users/search")) == 5


def test_user_deleted_meanwhile_is_searched_for_again(account: FakeZendesk) -> None:
    """The user an earlier attempt found is gone; whoever has the number now gets the ticket."""
    gone = account.add_user(name="Gone", phone=CALLER)
    ledger = Ledger()
    ledger.progress["who"] = str(gone)
    account.users[gone]["active"] = False
    heir = account.add_user(name="Heir", phone=CALLER)
    connect(account).deliver(NOTE, ledger.attempt())
    assert [ticket["requester_id"] for ticket in account.tickets] == [heir]


def test_user_gone_for_good_leaves_a_ticket(account: FakeZendesk) -> None:
    """Of nobody in particular: the call is not lost."""
    gone = account.add_user(name="Gone", phone=CALLER, active=False)
    ledger = Ledger()
    ledger.progress["who"] = str(gone)
    connect(account).deliver(NOTE, ledger.attempt())
    assert "requester_id" not in account.tickets[0]


def test_repeat_after_the_keys_end_is_found_by_external_id(account: FakeZendesk, clock: Clock) -> None:
    """Zendesk forgets an idempotency key after two hours, a worker may be down for longer."""
    ledger = Ledger()
    account.fail(Fault.LOST, "POST /api/v2/tickets")
    with pytest.raises(CrmUnavailable):
        connect(account).deliver(NOTE, ledger.attempt())
    clock.now += KEY_SECONDS + 1
    ledger.repeat = True
    connect(account).deliver(NOTE, ledger.attempt())
    assert len(account.tickets) == 1


def test_key_used_for_other_content_adopts_the_ticket(account: FakeZendesk) -> None:
    """Another worker wrote the same call a moment before the record grew: no second ticket."""
    account.add_user(name="Ada", phone=CALLER)
    first = connect(account).deliver(NOTE, Ledger().attempt())
    assert connect(account).deliver(replace(NOTE, summary="Longer."), Ledger().attempt()) == first
    assert len(account.tickets) == 1


def test_mapped_fields_are_written(account: FakeZendesk) -> None:
    """Custom fields by their id, the ticket's own by name."""
    note = replace(NOTE, fields={"360001": "1234", "priority": "high"})
    connect(account).deliver(note, Ledger().attempt())
    (ticket,) = account.tickets
    assert ticket["custom_fields"] == [{"id": 360001, "value": "1234"}]
    assert "360001" not in ticket
    assert ticket["priority"] == "high"


def test_mapped_value_zendesk_refuses_does_not_lose_the_call(account: FakeZendesk) -> None:
    """The ticket is written without what the dialog file maps."""
    connect(account).deliver(replace(NOTE, fields={"priority": "whatever"}), Ledger().attempt())
    assert len(account.tickets) == 1
    assert "priority" not in account.tickets[0]


LATE = replace(
    NOTE,
    call_id="call-1-wrap-up-2",
    about="call-1",
    late=True,
    turns=(),
    wrap_ups=(NoteWrapUp("ada", "resolved", "Sent a new one."),),
)


@pytest.mark.parametrize(
    "fault", [None, Fault.LOST, Fault.HANG, Fault.BAD_GATEWAY, Fault.DROPPED, Fault.THROTTLED]
)
def test_late_wrap_up_is_a_comment_on_the_calls_ticket(account: FakeZendesk, fault: Fault | None) -> None:
    """Internal, and there once, whatever happens to the answer."""
    ticket = connect(account).deliver(NOTE, Ledger().attempt())
    if fault is not None:
        account.fail(fault, "PUT")
    assert deliver_until_done(connect(account), LATE)[0] == ticket
    (kept,) = account.tickets
    first, second = kept["comments"]
    assert "Sent a new one." in second["html_body"]
    assert second["public"] is False
    assert first == kept["comment"]


@pytest.mark.parametrize("state", ["closed", "deleted"])
def test_late_wrap_up_of_a_ticket_that_takes_none_is_a_ticket(account: FakeZendesk, state: str) -> None:
    """It is not lost because somebody closed or deleted the call's."""
    connect(account).deliver(NOTE, Ledger().attempt())
    if state == "closed":
        account.tickets[0]["status"] = "closed"
    else:
        account.tickets.clear()
    connect(account).deliver(LATE, Ledger().attempt())
    assert account.tickets[-1]["external_id"] == "call-1-wrap-up-2"
    assert "Sent a new one." in account.tickets[-1]["comment"]["html_body"]


def test_field_no_ticket_has_is_told_at_start() -> None:
    """By its place in the dialog file."""
    check_fields({"360001": "order", "priority": "urgency"})
    with pytest.raises(SettingsError, match=r"crm\.fields\.zendesk\.call\.order_c"):
        check_fields({"order_c": "order"})


@pytest.mark.parametrize("letter", ["漢", "😀", "ü", "<"])
def test_comment_stays_within_its_limit(account: FakeZendesk, letter: str) -> None:
    """Zendesk counts bytes."""
    turns = tuple(NoteTurn("Caller", f"{number} " + letter * 900) for number in range(200))
    connect(account).deliver(replace(NOTE, turns=turns), Ledger().attempt())
    body = account.tickets[0]["comment"]["html_body"]
    assert len(body.encode()) <= COMMENT
    assert "Call-ID: call-1" in body


def test_wrong_secret_is_unauthorized(account: FakeZendesk) -> None:
    """The token endpoint says so; the secret is not in the message."""
    with pytest.raises(CrmUnauthorized, match="VOICEBOT_ZENDESK_CLIENT_SECRET") as caught:
        connect(account, secret="wrong-secret").deliver(NOTE, Ledger().attempt())
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.LOST, Fault.HTML, Fault.GARBAGE, Fault.THROTTLED])
def test_token_endpoint_that_fails_leaves_no_doubt(account: FakeZendesk, fault: Fault) -> None:
    """Nothing was written yet, so the next attempt just begins again."""
    account.fail(fault, "/oauth/tokens")
    ledger = Ledger()
    deliver_until_done(connect(account), ledger=ledger)
    assert not ledger.repeat
    assert len(account.tickets) == 1


def test_throttling_without_a_header_waits_as_long_as_the_window(account: FakeZendesk) -> None:
    """Zendesk's limit is per minute; its plain text body is no obstacle."""
    account.fail(Fault.THROTTLED, "POST /api/v2/tickets")
    with pytest.raises(CrmThrottled) as caught:
        connect(account).deliver(NOTE, Ledger().attempt())
    assert caught.value.retry_after == 41.0


def test_client_of_an_end_user_is_told_by_doctor(account: FakeZendesk) -> None:
    """Such a token works, but may not write tickets for others."""
    account.role = "end-user"
    with pytest.raises(CrmUnavailable, match="agent or admin"):
        connect(account).check()
