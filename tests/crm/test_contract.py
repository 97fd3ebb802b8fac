"""What every CRM must do whatever its vendor does: one thing written, and every failure in our own terms."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr

from tests.crm.support import Clock, Ledger, deliver_until_done
from tests.crm.test_note import NOTE
from voicebot.crm import salesforce_http, zendesk_http
from voicebot.crm.port import Crm, NoteTurn
from voicebot.crm.salesforce import Salesforce
from voicebot.crm.salesforce_proof import Secret
from voicebot.crm.webhook import Webhook
from voicebot.crm.webhook_target import Target
from voicebot.crm.zendesk import Zendesk
from voicebot.errors import CrmError, CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.testing import salesforce, webhook, zendesk
from voicebot.testing.salesforce import FakeSalesforce
from voicebot.testing.vendor import CARRIED_OUT, FakeVendor, Fault
from voicebot.testing.webhook import FakeReceiver
from voicebot.testing.zendesk import FakeZendesk

TIMEOUTS = (1.0, 0.3)
KEY_FIELD = "Voicebot_Call__c"


@dataclass
class Case:
    """A vendor with a connector to it. write: part of the request that writes. written: what is there."""

    vendor: FakeVendor
    crm: Crm
    write: str
    written: Callable[[], int]


@contextmanager
def salesforce_case(external_id: str = "") -> Iterator[Case]:
    with FakeSalesforce(external_id=external_id, clock=Clock()) as org:
        org.add("Contact", LastName="Byron", Phone=NOTE.caller)
        proof = Secret(salesforce.CLIENT_ID, SecretStr(salesforce.CLIENT_SECRET))
        api = salesforce_http.Api(org.url, proof, "67.0", TIMEOUTS)
        write = "PATCH" if external_id else "POST /services/data/v67.0/sobjects/Task"
        yield Case(org, Salesforce(api, "US", external_id), write, lambda: len(org.tasks))


@contextmanager
def zendesk_case() -> Iterator[Case]:
    with FakeZendesk(clock=Clock()) as account:
        account.add_user(name="Ada", phone=NOTE.caller)
        secret = SecretStr(zendesk.CLIENT_SECRET)
        api = zendesk_http.Api(account.url, zendesk.CLIENT_ID, secret, timeouts=TIMEOUTS)
        yield Case(account, Zendesk(api, "US"), "POST /api/v2/tickets", lambda: len(account.tickets))


@contextmanager
def webhook_case() -> Iterator[Case]:
    clock = Clock()
    with FakeReceiver(clock=clock) as receiver:
        crm = Webhook(Target.of(receiver.url), SecretStr(webhook.SECRET), timeouts=TIMEOUTS, clock=clock)
        yield Case(receiver, crm, "POST /", lambda: len(receiver.events))


CASES = {
    "salesforce": salesforce_case,
    "salesforce with a key": lambda: salesforce_case(KEY_FIELD),
    "zendesk": zendesk_case,
    "webhook": webhook_case,
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with CASES[request.param]() as made:
        yield made


@pytest.fixture(params=[name for name in CASES if name != "webhook"])
def crm_case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """The vendors that answer in JSON; a webhook's answer is its status."""
    with CASES[request.param]() as made:
        yield made


def fails(case: Case, fault: Fault, retry_after: str = "", times: int = 1) -> CrmError:
    case.vendor.fail(fault, case.write, times, retry_after)
    with pytest.raises(CrmError) as caught:
        case.crm.deliver(NOTE, Ledger().attempt())
    return caught.value


def test_written_once_with_the_call_in_it(case: Case) -> None:
    """The plain case: one delivery, one thing written, its id given back."""
    assert case.crm.deliver(NOTE, Ledger().attempt())
    assert case.written() == 1
    assert NOTE.summary.encode() in case.vendor.asked(case.write)[0].raw


@pytest.mark.parametrize("fault", CARRIED_OUT)
def test_lost_answer_leaves_exactly_one(case: Case, fault: Fault) -> None:
    """It was written but the answer lost: the next attempt finds it, or the vendor knows the repeat."""
    case.vendor.fail(fault, case.write)
    identity, _ = deliver_until_done(case.crm)
    assert case.written() == 1
    assert identity


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.RESET, Fault.STALL, Fault.BROKEN, Fault.AWAY])
def test_write_that_did_not_happen_is_repeated(case: Case, fault: Fault) -> None:
    """Where nothing was kept, it is written by the next attempt."""
    case.vendor.fail(fault, case.write)
    _, errors = deliver_until_done(case.crm)
    assert case.written() == 1
    assert len(errors) == 1
    assert isinstance(errors[0], CrmUnavailable)


def test_killed_worker_leaves_exactly_one(case: Case) -> None:
    """A successor that knows only what was kept before the write does not write again."""
    ledger = Ledger()
    first = case.crm.deliver(NOTE, ledger.attempt())
    assert case.crm.deliver(NOTE, ledger.attempt()) == first
    ledger = Ledger(repeat=True)
    assert case.crm.deliver(NOTE, ledger.attempt()) == first
    assert case.written() == 1


def test_two_calls_are_two_things(case: Case) -> None:
    """The guard against repeats does not swallow the same caller's next call."""
    first = case.crm.deliver(NOTE, Ledger().attempt())
    assert case.crm.deliver(replace(NOTE, call_id="call-2"), Ledger(repeat=True).attempt()) != first
    assert case.written() == 2


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.FORBIDDEN])
def test_refused_credential_is_told_as_such(case: Case, fault: Fault) -> None:
    """401 that a new token does not mend, and 403, name the setting to look at; nothing is written."""
    error = fails(case, fault, times=2)
    assert isinstance(error, CrmUnauthorized)
    assert "VOICEBOT_" in str(error) or "docs/" in str(error)
    assert case.written() == 0


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("99999999", 86_400.0)])
def test_throttling_names_the_wait(case: Case, header: str, seconds: float) -> None:
    """429 with Retry-After: that long, at most a day."""
    error = fails(case, Fault.THROTTLED, header)
    assert isinstance(error, CrmThrottled)
    assert error.retry_after == seconds


def test_vendor_that_is_away_says_for_how_long(case: Case) -> None:
    """503 with Retry-After is no outage but a date."""
    error = fails(case, Fault.AWAY, "30")
    assert isinstance(error, CrmThrottled)
    assert error.retry_after == 30.0


def test_too_large_is_final(case: Case) -> None:
    """413: sending the same again is of no use."""
    assert isinstance(fails(case, Fault.TOO_LARGE), CrmRejected)


def test_refused_altogether_is_final(crm_case: Case) -> None:
    """Refused with and without everything that can be left out."""
    assert isinstance(fails(crm_case, Fault.INVALID, times=20), CrmRejected)
    assert crm_case.written() == 0


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.REDIRECT])
def test_something_in_between_leaves_no_doubt(crm_case: Case, fault: Fault) -> None:
    """A page of a firewall, or a redirect, is nobody's answer: later, and check the address."""
    error = fails(crm_case, fault)
    assert isinstance(error, CrmUnavailable)
    assert not error.ambiguous
    assert "_URL" in str(error)
    assert not crm_case.vendor.asked("/elsewhere")


def test_redirect_of_a_webhook_is_not_followed() -> None:
    """It would carry what the caller said to an address nobody checked."""
    with webhook_case() as case:
        error = fails(case, Fault.REDIRECT)
        assert isinstance(error, CrmUnavailable)
        assert "VOICEBOT_CRM_WEBHOOK_URL" in str(error)
        assert not case.vendor.asked("/elsewhere")


@pytest.mark.parametrize("fault", [Fault.CONFLICT])
def test_conflict_is_tried_again_soon(crm_case: Case, fault: Fault) -> None:
    """Somebody else has the record locked: a matter of seconds."""
    error = fails(crm_case, fault)
    assert isinstance(error, CrmThrottled)
    assert error.retry_after is not None
    assert error.retry_after <= 10


def test_expired_token_is_renewed_once(crm_case: Case) -> None:
    """A token the vendor ended early costs one more request, not a delivery."""
    vendor = crm_case.vendor
    assert isinstance(vendor, FakeSalesforce | FakeZendesk)
    crm_case.crm.deliver(NOTE, Ledger().attempt())
    vendor.expire()
    crm_case.crm.deliver(replace(NOTE, call_id="call-2"), Ledger().attempt())
    assert len(vendor.tokens) == 2
    assert crm_case.written() == 2


@pytest.mark.parametrize("caller", ["anonymous", "911", ""])
def test_anonymous_caller_is_written_on_nobody(crm_case: Case, caller: str) -> None:
    """Without a number nobody is looked for or made up."""
    crm_case.crm.deliver(replace(NOTE, caller=caller), Ledger().attempt())
    assert crm_case.written() == 1
    assert not [
        request for request in crm_case.vendor.requests if "earch" in request.path or "users" in request.path
    ]


def test_transcript_beyond_every_limit_is_cut(crm_case: Case) -> None:
    """A call of hours keeps summary and marker, and says what is left out."""
    turns = tuple(NoteTurn("Caller", f"{number} " + "ü<&>" * 300) for number in range(300))
    crm_case.crm.deliver(replace(NOTE, turns=turns), Ledger().attempt())
    assert crm_case.written() == 1
    body = crm_case.vendor.asked(crm_case.write)[0].raw.decode()
    assert NOTE.summary in body
    assert "turns left out" in body


def test_nobody_listens() -> None:
    """Refused connections leave no doubt, for each of them."""
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{idle.getsockname()[1]}"
        proof = Secret("x", SecretStr("y"))
        nobody: list[Crm] = [
            Salesforce(salesforce_http.Api(url, proof, "67.0", TIMEOUTS), "US"),
            Zendesk(zendesk_http.Api(url, "x", SecretStr("y"), timeouts=TIMEOUTS), "US"),
            Webhook(Target.of(url), SecretStr(webhook.SECRET), timeouts=TIMEOUTS),
        ]
        for crm in nobody:
            with pytest.raises(CrmUnavailable, match="cannot be reached") as caught:
                crm.deliver(NOTE, Ledger().attempt())
            assert not caught.value.ambiguous


def test_errors_quote_nothing_that_was_sent(crm_case: Case) -> None:
    """Messages go to logs and pages: no number, name, token or secret in them."""
    for fault in (Fault.INVALID, Fault.BROKEN, Fault.FORBIDDEN, Fault.GONE, Fault.THROTTLED):
        crm_case.vendor.fail(fault, crm_case.write, times=20)
        with pytest.raises(CrmError) as caught:
            crm_case.crm.deliver(NOTE, Ledger().attempt())
        said = str(caught.value)
        assert not any(word in said for word in ("4155552671", "1234", "Byron", "Ada", "secret-", "fake-0"))


def test_check_says_what_it_found(case: Case) -> None:
    """`voicebot doctor` shows one line; nothing is written."""
    assert case.crm.check()
    assert case.written() == 0


def test_what_was_written_can_be_erased(crm_case: Case) -> None:
    """Once; then it is not there any more, which is no error. A refused credential is one."""
    identity = crm_case.crm.deliver(NOTE, Ledger().attempt())
    crm_case.vendor.fail(Fault.UNAUTHORIZED, "DELETE", times=2)
    with pytest.raises(CrmUnauthorized):
        crm_case.crm.erase(identity)
    assert crm_case.crm.erase(identity)
    assert crm_case.written() == 0
    assert not crm_case.crm.erase(identity)


def test_receiver_is_told_to_forget() -> None:
    """An event of its own names the one to forget, and nothing of the caller."""
    with webhook_case() as case:
        identity = case.crm.deliver(NOTE, Ledger().attempt())
        assert case.crm.erase(identity)
        assert isinstance(case.vendor, FakeReceiver)
        told = case.vendor.events[f"{identity}_forgotten"]
        assert (told["type"], told["data"]) == ("call.forgotten", {"webhook_id": identity})
