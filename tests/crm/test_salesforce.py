"""Calls in Salesforce, over real HTTP: on the right person, with what the org allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from tests.crm.support import Clock, Ledger, deliver_until_done
from tests.crm.test_note import NOTE
from voicebot.crm.port import NoteTurn
from voicebot.crm.salesforce import DESCRIPTION, Salesforce
from voicebot.crm.salesforce_http import Api
from voicebot.crm.salesforce_proof import Key, Secret
from voicebot.errors import CrmThrottled, CrmUnauthorized, CrmUnavailable, SettingsError
from voicebot.testing.salesforce import AUDIENCE, CLIENT_ID, CLIENT_SECRET, USERNAME, FakeSalesforce
from voicebot.testing.vendor import Fault

CALLER = NOTE.caller
PROOF = Secret(CLIENT_ID, SecretStr(CLIENT_SECRET))
TASK = "POST /services/data/v67.0/sobjects/Task"


@pytest.fixture
def org() -> Iterator[FakeSalesforce]:
    with FakeSalesforce(clock=Clock()) as made:
        yield made


def connect(org: FakeSalesforce, proof: Secret | Key = PROOF, key: str = "", leads: bool = False) -> Salesforce:
    return Salesforce(Api(org.url, proof, "67.0", (1.0, 0.3)), "US", key, leads)


@pytest.fixture(scope="module")
def pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, plain).decode()


def test_task_says_what_the_call_was(org: FakeSalesforce) -> None:
    """A completed call on the contact, with the call fields and the note."""
    contact = org.add("Contact", LastName="Byron", MobilePhone="(415) 555-2671")
    identity = connect(org).deliver(NOTE, Ledger().attempt())
    (task,) = org.tasks
    assert task["Id"] == identity
    wanted = {
        "WhoId": contact,
        "Subject": "Call: order status",
        "Status": "Completed",
        "ActivityDate": "2026-11-20",
        "TaskSubtype": "Call",
        "CallType": "Inbound",
        "CallDurationInSeconds": 75,
        "CallDisposition": "completed (goodbye)",
        "CallObject": "call-1",
    }
    assert {name: task[name] for name in wanted} == wanted
    assert task["Description"].startswith("[Voicebot Summary]\nThe caller asked about order 1234.")
    assert task["Description"].endswith("Call-ID: call-1")


def test_signed_assertion_gets_a_token(pair: rsa.RSAPrivateKey) -> None:
    """The JWT bearer flow; the key may come with its line ends written out."""
    clock = Clock()
    with FakeSalesforce(key=pair.public_key(), clock=clock) as org:
        for text in (pem(pair), pem(pair).replace("\n", "\\n")):
            key = replace(Key.of(CLIENT_ID, USERNAME, AUDIENCE, SecretStr(text)), clock=clock)
            assert connect(org, key).deliver(NOTE, Ledger().attempt())


@pytest.mark.parametrize("wrong", ["username", "audience"])
def test_assertion_for_somebody_else_is_unauthorized(pair: rsa.RSAPrivateKey, wrong: str) -> None:
    """The message names the setting and none of the secrets."""
    clock = Clock()
    with FakeSalesforce(key=pair.public_key(), clock=clock) as org:
        said = {"username": USERNAME, "audience": AUDIENCE, wrong: "somebody"}
        key = replace(Key.of(CLIENT_ID, said["username"], said["audience"], SecretStr(pem(pair))), clock=clock)
        with pytest.raises(CrmUnauthorized, match=r"invalid_grant.*VOICEBOT_SALESFORCE_CLIENT_ID"):
            connect(org, key).deliver(NOTE, Ledger().attempt())


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"])
def test_key_that_is_none_is_told_at_start(text: str) -> None:
    """By its setting's name."""
    with pytest.raises(SettingsError, match="VOICEBOT_SALESFORCE_PRIVATE_KEY"):
        Key.of(CLIENT_ID, USERNAME, AUDIENCE, SecretStr(text))


def test_wrong_secret_is_unauthorized(org: FakeSalesforce) -> None:
    """The token endpoint says so; the secret is not in the message."""
    with pytest.raises(CrmUnauthorized, match="invalid_client") as caught:
        connect(org, Secret(CLIENT_ID, SecretStr("wrong-secret"))).deliver(NOTE, Ledger().attempt())
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.LOST, Fault.HTML, Fault.GARBAGE, Fault.THROTTLED])
def test_token_endpoint_that_fails_leaves_no_doubt(org: FakeSalesforce, fault: Fault) -> None:
    """Nothing was written yet, so the next attempt just begins again."""
    org.fail(fault, "/services/oauth2/token")
    ledger = Ledger()
    _, errors = deliver_until_done(connect(org), ledger=ledger)
    assert len(errors) == 1
    assert not ledger.repeat
    assert len(org.tasks) == 1


def test_contact_comes_before_lead_and_the_latest_before_the_others() -> None:
    """Of several people with the number, the contact changed last; the note tells how many there are."""
    clock = Clock()
    with FakeSalesforce(clock=clock) as org:
        org.add("Contact", LastName="Old", Phone=CALLER)
        clock.now += 60
        latest = org.add("Contact", LastName="New", HomePhone="415.555.2671")
        clock.now += 60
        org.add("Lead", LastName="Lead", Company="x", Phone=CALLER)
        connect(org).deliver(NOTE, Ledger().attempt())
        assert org.tasks[0]["WhoId"] == latest
        assert "3 people have this number" in org.tasks[0]["Description"]


def test_five_hundred_matches_are_still_one_task(org: FakeSalesforce) -> None:
    """The search is bounded; the note goes to one of those it brought."""
    for number in range(500):
        org.add("Contact", LastName=str(number), Phone=CALLER)
    connect(org).deliver(NOTE, Ledger().attempt())
    assert len(org.tasks) == 1
    assert "200 people have this number" in org.tasks[0]["Description"]


def test_same_digits_elsewhere_are_somebody_else(org: FakeSalesforce) -> None:
    """A number of another country that ends alike is found by search and passed over."""
    org.add("Contact", LastName="Stranger", Phone="+444155552671")
    connect(org).deliver(NOTE, Ledger().attempt())
    assert "WhoId" not in org.tasks[0]


def test_unknown_caller_becomes_a_lead_if_wanted(org: FakeSalesforce) -> None:
    """With what they said of themselves; Salesforce wants a last name and a company of everybody."""
    connect(org, leads=True).deliver(replace(NOTE, slots={"first_name": "Ada"}), Ledger().attempt())
    (lead,) = org.leads
    assert (lead["FirstName"], lead["LastName"], lead["Company"], lead["Phone"]) == (
        "Ada",
        "Unknown caller",
        "Unknown",
        CALLER,
    )
    assert org.tasks[0]["WhoId"] == lead["Id"]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HANG, Fault.GARBAGE, Fault.BAD_GATEWAY, Fault.DROPPED])
def test_lost_answer_to_a_lead_leaves_one_lead(fault: Fault) -> None:
    """Search does not know it yet, SOQL does."""
    with FakeSalesforce(search_lag=600, clock=Clock()) as org:
        org.fail(fault, "POST /services/data/v67.0/sobjects/Lead")
        deliver_until_done(connect(org, leads=True))
        assert len(org.leads) == len(org.tasks) == 1
        assert org.tasks[0]["WhoId"] == org.leads[0]["Id"]


def test_lead_refused_by_a_rule_does_not_lose_the_call(org: FakeSalesforce) -> None:
    """The Task stands alone and says why."""
    org.refused.add("Phone")
    connect(org, leads=True).deliver(NOTE, Ledger().attempt())
    assert "refused to create a lead" in org.tasks[0]["Description"]


def test_org_without_call_center_gets_a_plain_task() -> None:
    """Its Task has no call fields: they are left out, and the marker is found by date and subject."""
    with FakeSalesforce(call_center=False, clock=Clock()) as org:
        ledger = Ledger()
        crm = connect(org)
        first = crm.deliver(NOTE, ledger.attempt())
        assert crm.deliver(NOTE, ledger.attempt()) == first
        crm.deliver(replace(NOTE, call_id="call-2"), Ledger(repeat=True).attempt())
        assert len(org.tasks) == 2
        assert "CallType" not in org.tasks[0]


def test_mapped_fields_are_written() -> None:
    """Fields the dialog file names; one that the org refuses costs only itself."""
    note = replace(NOTE, fields={"Order__c": "1234", "Mood__c": "x" * 20})
    with FakeSalesforce(custom={"Order__c": 10, "Mood__c": 10}, clock=Clock()) as org:
        connect(org).deliver(note, Ledger().attempt())
        (task,) = org.tasks
        assert task["Order__c"] == "1234"
        assert "Mood__c" not in task
        assert task["CallType"] == "Inbound"


def test_field_nobody_made_does_not_lose_the_call(org: FakeSalesforce) -> None:
    """Salesforce does not say which: the Task is written with nothing optional."""
    connect(org).deliver(replace(NOTE, fields={"Nowhere__c": "1"}), Ledger().attempt())
    assert len(org.tasks) == 1
    assert "Nowhere__c" not in org.tasks[0]


def test_person_deleted_meanwhile_is_searched_for_again(org: FakeSalesforce) -> None:
    """The contact an earlier attempt found is gone; whoever has the number now gets the Task."""
    gone = org.add("Contact", LastName="Gone", Phone=CALLER)
    ledger = Ledger()
    org.fail(Fault.THROTTLED, TASK)
    crm = connect(org)
    with pytest.raises(CrmThrottled):
        crm.deliver(NOTE, ledger.attempt())
    org.delete(gone)
    heir = org.add("Contact", LastName="Heir", Phone=CALLER)
    crm.deliver(NOTE, ledger.attempt())
    assert org.tasks[0]["WhoId"] == heir


def test_person_gone_for_good_leaves_a_task_on_nobody(org: FakeSalesforce) -> None:
    """Nobody has the number any more; the call is not lost."""
    gone = org.add("Contact", LastName="Gone", Phone=CALLER)
    ledger = Ledger()
    ledger.progress["who"] = gone
    org.delete(gone)
    connect(org).deliver(NOTE, ledger.attempt())
    assert len(org.tasks) == 1
    assert "WhoId" not in org.tasks[0]


def test_missing_key_field_is_named(org: FakeSalesforce) -> None:
    """The org has no such External ID: the setting is named, nothing is written."""
    with pytest.raises(CrmUnavailable, match="VOICEBOT_SALESFORCE_EXTERNAL_ID"):
        connect(org, key="Voicebot_Call__c").deliver(NOTE, Ledger().attempt())
    assert org.tasks == []


def test_spent_allowance_waits_an_hour(org: FakeSalesforce) -> None:
    """The requests of 24 hours are used up: back-off of seconds would only burn more."""
    org.fail(Fault.SPENT, TASK)
    with pytest.raises(CrmThrottled) as caught:
        connect(org).deliver(NOTE, Ledger().attempt())
    assert caught.value.retry_after == 3600.0


@pytest.mark.parametrize("call_id", ["o'neill \\ 1", "a/b?c=d&e", "ü" * 300])
@pytest.mark.parametrize("key", ["", "Voicebot_Call__c"])
def test_odd_call_ids_are_quoted(call_id: str, key: str) -> None:
    """Neither SOQL nor a path is broken by what a gateway calls a call."""
    note = replace(NOTE, call_id=call_id)
    with FakeSalesforce(external_id=key, clock=Clock()) as org:
        ledger = Ledger()
        first = connect(org, key=key).deliver(note, ledger.attempt())
        assert connect(org, key=key).deliver(note, ledger.attempt()) == first
        assert len(org.tasks) == 1


def test_description_stays_within_its_limit(org: FakeSalesforce) -> None:
    """32,000 characters, the marker last."""
    turns = tuple(NoteTurn("Caller", f"{number} " + "😀" * 500) for number in range(200))
    connect(org).deliver(replace(NOTE, turns=turns), Ledger().attempt())
    description = org.tasks[0]["Description"]
    assert len(description) <= DESCRIPTION
    assert description.endswith("Call-ID: call-1")
