"""Notes in HubSpot, over real HTTP: on the right contact, exactly once, whatever fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from tests.crm.support import Clock, Ledger, deliver_until_done
from tests.crm.test_note import NOTE
from voicebot.crm import note as notes
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.errors import CrmError, CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.testing.hubspot import TOKEN, FakeHubSpot, Operation
from voicebot.testing.vendor import Fault

CALLER = NOTE.caller
ANONYMOUS = replace(NOTE, caller="anonymous")
LOST = [Fault.LOST, Fault.HANG, Fault.BAD_GATEWAY, Fault.GARBAGE, Fault.NO_ID]


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    with FakeHubSpot(clock=Clock()) as server:
        yield server


def connect(
    hubspot: FakeHubSpot, version: str = "2026-03", create: bool = True, region: str = "US", **policy: Any
) -> HubSpot:
    api = Api(hubspot.url, SecretStr(TOKEN), version, timeouts=(1.0, 0.3))
    return HubSpot(api, region=region, create_contact=create, **policy)


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_note_is_left_on_the_contact_who_called(hubspot: FakeHubSpot, version: str) -> None:
    """The contact is found by the national number, the note carries body, time in ms and association 202."""
    contact = hubspot.account.add_contact(phone="(415) 555-2671", firstname="Ada")
    identity = connect(hubspot, version).deliver(NOTE, Ledger().attempt())
    (note,) = hubspot.notes
    assert note.id == identity
    assert note.contacts == [contact]
    assert note.properties == {"hs_timestamp": "1795168800000", "hs_note_body": notes.html(NOTE)}
    assert len(hubspot.contacts) == 1


@pytest.mark.parametrize(
    ("region", "caller", "properties"),
    [
        ("US", "+14155552671", {"phone": "+14155552671"}),
        ("US", "+14155552671", {"mobilephone": "415.555.2671"}),
        ("US", "4155552671", {"phone": "+1 415-555-2671"}),
        ("US", "+14155552671", {"phone": "+1 415-555-2671 ext. 9"}),
        ("IT", "+390236618300", {"phone": "02 3661 8300"}),
        ("DE", "03012345678", {"phone": "+49 30 12345678"}),
        ("DE", "+4930123456", {"phone": "030/123456"}),
    ],
)
def test_contact_is_found_however_its_number_is_written(
    region: str, caller: str, properties: dict[str, str]
) -> None:
    """Country codes, punctuation, leading zeros and the mobile field do not hide a contact."""
    with FakeHubSpot(region=region) as hubspot:
        contact = hubspot.account.add_contact(**properties)
        connect(hubspot, region=region).deliver(replace(NOTE, caller=caller), Ledger().attempt())
        assert hubspot.notes[0].contacts == [contact]


def test_same_national_number_elsewhere_is_somebody_else(hubspot: FakeHubSpot) -> None:
    """A contact in another country with the same national number is found by search and passed over."""
    stranger = hubspot.account.add_contact(phone="+444155552671")
    connect(hubspot).deliver(replace(NOTE, caller=CALLER), Ledger().attempt())
    assert hubspot.notes[0].contacts != [stranger]
    assert hubspot.contacts[-1].properties == {"phone": CALLER}


def test_several_matches_take_the_latest_and_say_so() -> None:
    """With several contacts of one number, the one changed last gets the note, which tells of the others."""
    clock = Clock()
    with FakeHubSpot(clock=clock) as hubspot:
        hubspot.account.add_contact(phone=CALLER)
        clock.now += 60
        latest = hubspot.account.add_contact(mobilephone=CALLER)
        connect(hubspot).deliver(NOTE, Ledger().attempt())
        (note,) = hubspot.notes
        assert note.contacts == [latest]
        assert "2 contacts have this number" in note.properties["hs_note_body"]


def test_unknown_caller_becomes_a_contact(hubspot: FakeHubSpot) -> None:
    """With the number and what they said of themselves; the id is kept at once."""
    ledger = Ledger()
    note = replace(NOTE, slots={"first_name": "Ada", "order_number": "1234"})
    connect(hubspot).deliver(note, ledger.attempt())
    (contact,) = hubspot.contacts
    assert contact.properties == {"phone": CALLER, "firstname": "Ada"}
    assert hubspot.notes[0].contacts == [contact.id]
    assert ledger.progress["contact"] == contact.id


def test_contact_is_not_created_when_the_setting_says_no(hubspot: FakeHubSpot) -> None:
    """The note stands alone then."""
    connect(hubspot, create=False).deliver(NOTE, Ledger().attempt())
    assert hubspot.contacts == []
    assert hubspot.notes[0].contacts == []


@pytest.mark.parametrize("caller", ["anonymous", "911", ""])
def test_withheld_number_is_not_looked_for(hubspot: FakeHubSpot, caller: str) -> None:
    """A caller without a number gets a note on nobody, without a search."""
    connect(hubspot).deliver(replace(NOTE, caller=caller), Ledger().attempt())
    assert hubspot.notes[0].contacts == []
    assert hubspot.asked(Operation.SEARCH_CONTACTS) == []


def test_caller_who_rings_twice_becomes_one_contact() -> None:
    """Search does not know a new contact for a while; the second call finds it all the same."""
    with FakeHubSpot(clock=Clock(), search_lag=60) as hubspot:
        crm = connect(hubspot)
        crm.deliver(NOTE, Ledger().attempt())
        crm.deliver(replace(NOTE, call_id="call-2"), Ledger().attempt())
        assert len(hubspot.contacts) == 1
        assert [note.contacts for note in hubspot.notes] == [[hubspot.contacts[0].id]] * 2


@pytest.mark.parametrize("version", ["v3", "2026-09"])
@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_leaves_exactly_one_note(hubspot: FakeHubSpot, version: str, fault: Fault) -> None:
    """The note was written but the answer lost: the next attempt finds it by its marker and adopts its id."""
    hubspot.account.add_contact(phone=CALLER)
    hubspot.fail(fault, Operation.CREATE_NOTE)
    identity, errors = deliver_until_done(connect(hubspot, version))
    assert [note.id for note in hubspot.notes] == [identity]
    assert len(errors) == 1
    assert len(hubspot.asked(Operation.CREATE_NOTE)) == 1


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.RESET, Fault.STALL, Fault.BROKEN])
def test_write_that_did_not_happen_is_repeated(hubspot: FakeHubSpot, fault: Fault) -> None:
    """Where the answer was lost and the note is not there, it is written."""
    hubspot.account.add_contact(phone=CALLER)
    hubspot.fail(fault, Operation.CREATE_NOTE)
    identity, _ = deliver_until_done(connect(hubspot))
    assert [note.id for note in hubspot.notes] == [identity]
    assert len(hubspot.asked(Operation.CREATE_NOTE)) == 2


def test_killed_worker_leaves_exactly_one_note(hubspot: FakeHubSpot) -> None:
    """What was kept before the write is enough: a successor that knows nothing else looks first."""
    hubspot.account.add_contact(phone=CALLER)
    ledger = Ledger()
    first = connect(hubspot).deliver(NOTE, ledger.attempt())
    assert connect(hubspot).deliver(NOTE, ledger.attempt()) == first
    assert len(hubspot.notes) == 1


def test_repeat_without_progress_looks_before_it_writes(hubspot: FakeHubSpot) -> None:
    """An attempt in doubt reads the contact's notes even if nothing else is known of the one before."""
    contact = hubspot.account.add_contact(phone=CALLER)
    written = hubspot.account.add_note(notes.html(NOTE), contact)
    assert connect(hubspot).deliver(NOTE, Ledger(repeat=True).attempt()) == written
    assert hubspot.asked(Operation.CREATE_NOTE) == []


def test_note_is_found_among_hundreds(hubspot: FakeHubSpot) -> None:
    """Pages of associations and batches of bodies are gone through to the end."""
    hubspot.account.page = 70
    contact = hubspot.account.add_contact(phone=CALLER)
    written = hubspot.account.add_note(notes.html(NOTE), contact)
    for number in range(250):
        hubspot.account.add_note(notes.html(replace(NOTE, call_id=f"other-{number}")), contact)
    assert connect(hubspot).deliver(NOTE, Ledger(repeat=True).attempt()) == written
    assert len(hubspot.asked(Operation.LIST_NOTES)) == 4
    assert len(hubspot.asked(Operation.READ_NOTES)) == 3


@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_without_a_contact_leaves_exactly_one_note(fault: Fault) -> None:
    """A note on nobody can only be searched for, and search lags: the next attempt waits once, then finds it."""
    clock = Clock()
    with FakeHubSpot(clock=clock, search_lag=20) as hubspot:
        crm, ledger = connect(hubspot), Ledger()
        hubspot.fail(fault, Operation.CREATE_NOTE)
        with pytest.raises(CrmUnavailable):
            crm.deliver(ANONYMOUS, ledger.attempt())
        ledger.repeat = True
        with pytest.raises(CrmThrottled) as caught:
            crm.deliver(ANONYMOUS, ledger.attempt())
        assert caught.value.retry_after == 30.0
        clock.now += 30
        identity = crm.deliver(ANONYMOUS, ledger.attempt())
        assert [note.id for note in hubspot.notes] == [identity]


def test_note_without_a_contact_that_was_not_written_is_written_after_one_wait(hubspot: FakeHubSpot) -> None:
    """The wait for the search happens once, also if the write is then put off without doubt."""
    hubspot.fail(Fault.DROPPED, Operation.CREATE_NOTE)
    hubspot.fail(Fault.THROTTLED, Operation.CREATE_NOTE)
    identity, errors = deliver_until_done(connect(hubspot), ANONYMOUS)
    assert [note.id for note in hubspot.notes] == [identity]
    assert [type(error) for error in errors] == [CrmUnavailable, CrmThrottled, CrmThrottled]
    assert len(hubspot.asked(Operation.CREATE_NOTE)) == 3


@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_to_a_new_contact_leaves_exactly_one_contact(fault: Fault) -> None:
    """A contact that may have been created is searched for, after the search had time to learn of it."""
    clock = Clock()
    with FakeHubSpot(clock=clock, search_lag=20) as hubspot:
        ledger = Ledger()
        hubspot.fail(fault, Operation.CREATE_CONTACT)
        for seconds in (0, 5):
            clock.now += seconds
            with pytest.raises(CrmError):
                connect(hubspot).deliver(NOTE, ledger.attempt())
        clock.now += 30
        connect(hubspot).deliver(NOTE, ledger.attempt())
        (contact,) = hubspot.contacts
        assert [note.contacts for note in hubspot.notes] == [[contact.id]]


def test_contact_is_created_again_when_it_was_not(hubspot: FakeHubSpot) -> None:
    """Where the new contact does not turn up after the wait, it is created."""
    hubspot.fail(Fault.DROPPED, Operation.CREATE_CONTACT)
    _, errors = deliver_until_done(connect(hubspot))
    assert len(hubspot.contacts) == len(hubspot.notes) == 1
    assert [type(error) for error in errors] == [CrmUnavailable, CrmThrottled]


@pytest.mark.parametrize("operation", [Operation.SEARCH_CONTACTS, Operation.CREATE_CONTACT, Operation.CREATE_NOTE])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.THROTTLED, CrmThrottled),
        (Fault.LOCKED, CrmThrottled),
        (Fault.UNAUTHORIZED, CrmUnauthorized),
        (Fault.FORBIDDEN, CrmUnauthorized),
        (Fault.HTML, CrmUnavailable),
        (Fault.REDIRECT, CrmUnavailable),
    ],
)
def test_clean_refusal_leaves_no_doubt_at_any_step(
    hubspot: FakeHubSpot, operation: Operation, fault: Fault, kind: type[CrmError]
) -> None:
    """After an answer that says no, the next attempt goes on where the last stopped, without looking."""
    hubspot.fail(fault, operation)
    _, errors = deliver_until_done(connect(hubspot))
    assert [type(error) for error in errors] == [kind]
    assert len(hubspot.contacts) == len(hubspot.notes) == 1
    assert hubspot.asked(Operation.LIST_NOTES) == []


def test_optional_properties_are_left_out_when_refused(hubspot: FakeHubSpot) -> None:
    """The account's rules refuse the name: the contact is created without it."""
    hubspot.account.refused.add("firstname")
    connect(hubspot).deliver(replace(NOTE, slots={"first_name": "Ada"}), Ledger().attempt())
    assert hubspot.contacts[0].properties == {"phone": CALLER}
    assert hubspot.notes[0].contacts == [hubspot.contacts[0].id]


def test_note_is_not_lost_when_the_contact_is_refused(hubspot: FakeHubSpot) -> None:
    """The account's rules demand what we do not know: the note stands alone and says why."""
    hubspot.account.required.add("email")
    connect(hubspot).deliver(NOTE, Ledger().attempt())
    (note,) = hubspot.notes
    assert note.contacts == []
    assert "refused to create a contact" in note.properties["hs_note_body"]


def test_note_is_not_lost_when_its_contact_may_not_have_notes(hubspot: FakeHubSpot) -> None:
    """The association is refused: the note is written once more without it, naming the contact."""
    contact = hubspot.account.add_contact(phone=CALLER)
    hubspot.account.lone_notes = True
    connect(hubspot).deliver(NOTE, Ledger().attempt())
    (note,) = hubspot.notes
    assert note.contacts == []
    assert f"contact {contact}" in note.properties["hs_note_body"]


def test_note_refused_altogether_is_rejected(hubspot: FakeHubSpot) -> None:
    """Refused with and without the association: nothing more can be left out."""
    hubspot.account.add_contact(phone=CALLER)
    hubspot.fail(Fault.INVALID, Operation.CREATE_NOTE, times=9)
    with pytest.raises(CrmRejected):
        connect(hubspot).deliver(NOTE, Ledger().attempt())
    assert len(hubspot.asked(Operation.CREATE_NOTE)) == 2


def test_contact_deleted_meanwhile_is_searched_for_again(hubspot: FakeHubSpot) -> None:
    """The contact an earlier attempt found is gone; the one that has the number now gets the note."""
    gone = hubspot.account.add_contact(phone=CALLER)
    ledger = Ledger(progress={"contact": gone, "matches": "1"})
    hubspot.account.delete_contact(gone)
    heir = hubspot.account.add_contact(phone=CALLER)
    connect(hubspot).deliver(NOTE, ledger.attempt())
    assert [note.contacts for note in hubspot.notes] == [[heir]]


def test_contact_deleted_with_the_note_on_it_leaves_one_note(hubspot: FakeHubSpot) -> None:
    """The note was written, its answer lost, its contact deleted: the note is found on nobody."""
    contact = hubspot.account.add_contact(phone=CALLER)
    ledger, crm = Ledger(), connect(hubspot)
    hubspot.fail(Fault.LOST, Operation.CREATE_NOTE)
    with pytest.raises(CrmUnavailable):
        crm.deliver(NOTE, ledger.attempt())
    hubspot.account.delete_contact(contact)
    identity, _ = deliver_until_done(crm, ledger=Ledger(True, ledger.progress))
    assert [note.id for note in hubspot.notes] == [identity]


def test_contact_that_vanishes_every_time_leaves_a_lone_note(hubspot: FakeHubSpot) -> None:
    """Searched for again once, then the note stands alone."""
    hubspot.account.add_contact(phone=CALLER)
    hubspot.fail(Fault.GONE, Operation.CREATE_NOTE, times=2)
    connect(hubspot).deliver(NOTE, Ledger().attempt())
    assert [note.contacts for note in hubspot.notes] == [[]]


def test_wrong_api_version_does_not_burn_the_note(hubspot: FakeHubSpot) -> None:
    """404 to a search is a mistake of the settings, worth waiting for, and named."""
    with pytest.raises(CrmUnavailable, match="VOICEBOT_HUBSPOT_API_VERSION"):
        connect(hubspot, version="2031-04").deliver(NOTE, Ledger().attempt())


def test_check_proves_token_and_scopes(hubspot: FakeHubSpot) -> None:
    """A usable account is told in one line, and nothing is written."""
    line = connect(hubspot).check()
    assert hubspot.url in line
    assert "2026-03" in line
    assert hubspot.notes == hubspot.contacts == []


@pytest.mark.parametrize("scope", ["crm.objects.contacts.read", "crm.objects.contacts.write"])
def test_check_names_the_missing_scope(hubspot: FakeHubSpot, scope: str) -> None:
    """Each of the two scopes is proved."""
    hubspot.scopes.discard(scope)
    with pytest.raises(CrmUnauthorized, match=scope):
        connect(hubspot).check()


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_call_is_written_with_its_numbers(hubspot: FakeHubSpot, version: str) -> None:
    """A completed inbound call in milliseconds, on the contact, with the note as its body."""
    contact = hubspot.account.add_contact(phone=CALLER)
    identity = connect(hubspot, version, activity="call").deliver(NOTE, Ledger().attempt())
    (call,) = hubspot.calls
    assert (f"calls/{call.id}", call.contacts, hubspot.notes) == (identity, [contact], [])
    assert call.properties == {
        "hs_timestamp": "1795168800000",
        "hs_call_title": "Voicebot: order status",
        "hs_call_body": notes.html(NOTE),
        "hs_call_direction": "INBOUND",
        "hs_call_duration": "75400",
        "hs_call_status": "COMPLETED",
        "hs_call_from_number": CALLER,
        "hs_call_to_number": NOTE.called,
    }


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("operation", [Operation.CREATE_CALL, Operation.CREATE_NOTE])
@pytest.mark.parametrize("caller", [CALLER, "anonymous"])
def test_lost_answer_leaves_one_note_and_one_call(operation: Operation, fault: Fault, caller: str) -> None:
    """With both written, whichever answer is lost."""
    clock = Clock()
    with FakeHubSpot(clock=clock) as hubspot:
        hubspot.account.add_contact(phone=CALLER)
        hubspot.fail(fault, operation)
        note = replace(NOTE, caller=caller)
        identity, errors = deliver_until_done(connect(hubspot, activity="both"), note)
        (note_there,), (call,) = hubspot.notes, hubspot.calls
        assert identity == f"{note_there.id} calls/{call.id}"
        assert errors


def test_note_that_is_written_is_not_looked_for_when_the_call_failed(hubspot: FakeHubSpot) -> None:
    """Its id was kept: the next attempt begins with the call."""
    hubspot.account.add_contact(phone=CALLER)
    hubspot.fail(Fault.LOST, Operation.CREATE_CALL)
    deliver_until_done(connect(hubspot, activity="both"))
    assert hubspot.asked(Operation.LIST_NOTES) == []
    assert len(hubspot.asked(Operation.CREATE_NOTE)) == 1


@pytest.mark.parametrize("fault", [*LOST, Fault.DROPPED, Fault.BROKEN])
@pytest.mark.parametrize("operation", [Operation.UPSERT_CALLS, Operation.ASSOCIATE_CALL])
@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_call_with_a_key_is_upserted(
    hubspot: FakeHubSpot, version: str, operation: Operation, fault: Fault
) -> None:
    """Nothing is looked for: the unique property makes the repeat the same call, on the same contact."""
    contact = hubspot.account.add_contact(phone=CALLER)
    hubspot.account.unique.add("voicebot_call_id")
    hubspot.fail(fault, operation)
    identity, _ = deliver_until_done(connect(hubspot, version, activity="call", key="voicebot_call_id"))
    (call,) = hubspot.calls
    assert (f"calls/{call.id}", call.contacts) == (identity, [contact])
    assert call.properties["voicebot_call_id"] == "call-1"
    assert hubspot.asked(Operation.LIST_CALLS) == []


def test_account_without_the_key_gets_its_call_all_the_same(hubspot: FakeHubSpot) -> None:
    """Nobody made the property: the call is written as without it, once."""
    hubspot.account.add_contact(phone=CALLER)
    ledger = Ledger()
    crm = connect(hubspot, activity="call", key="voicebot_call_id")
    assert crm.deliver(NOTE, ledger.attempt()) == crm.deliver(NOTE, ledger.attempt())
    assert len(hubspot.calls) == 1


def test_several_matches_may_leave_it_on_nobody(hubspot: FakeHubSpot) -> None:
    """Where the account does not want a guess, the note names them."""
    ids = [hubspot.account.add_contact(phone=CALLER) for _ in range(12)]
    connect(hubspot, guess=False).deliver(NOTE, Ledger().attempt())
    (note,) = hubspot.notes
    assert note.contacts == []
    body = note.properties["hs_note_body"]
    assert "12 contacts have this number" in body
    assert ids[-1] in body
    assert len(hubspot.contacts) == 12


def test_five_hundred_matches_are_one_note(hubspot: FakeHubSpot) -> None:
    """The search is bounded, and nobody new is made up."""
    for _ in range(500):
        hubspot.account.add_contact(phone=CALLER)
    connect(hubspot).deliver(NOTE, Ledger().attempt())
    assert len(hubspot.notes) == 1
    assert len(hubspot.contacts) == 500


@pytest.mark.parametrize("activity", ["note", "call"])
def test_mapped_values_are_written(hubspot: FakeHubSpot, activity: str) -> None:
    """On the contact that is created and on what is written about the call."""
    hubspot.account.custom |= {"order_c", "segment_c"}
    note = replace(NOTE, fields={"order_c": "1234"}, contact={"segment_c": "new"})
    connect(hubspot, activity=activity).deliver(note, Ledger().attempt())
    (written,) = hubspot.notes or hubspot.calls
    assert written.properties["order_c"] == "1234"
    assert hubspot.contacts[0].properties["segment_c"] == "new"


@pytest.mark.parametrize("activity", ["note", "call"])
def test_mapped_values_nobody_made_do_not_lose_the_note(hubspot: FakeHubSpot, activity: str) -> None:
    """Refused with them, it is written without."""
    note = replace(NOTE, fields={"order_c": "1234"}, contact={"segment_c": "new"})
    connect(hubspot, activity=activity).deliver(note, Ledger().attempt())
    (written,) = hubspot.notes or hubspot.calls
    assert written.contacts == [hubspot.contacts[0].id]
    assert hubspot.contacts[0].properties == {"phone": CALLER}


def test_late_wrap_up_is_no_second_call(hubspot: FakeHubSpot) -> None:
    """What an agent wrote after the delivery is a note, also where calls are wanted."""
    crm = connect(hubspot, activity="call")
    crm.deliver(NOTE, Ledger().attempt())
    crm.deliver(replace(NOTE, call_id="call-1-wrap-up-2", late=True, turns=()), Ledger().attempt())
    assert (len(hubspot.calls), len(hubspot.notes)) == (1, 1)


@pytest.mark.parametrize("activity", ["note", "call", "both"])
def test_what_was_written_can_be_erased(hubspot: FakeHubSpot, activity: str) -> None:
    """By the id the delivery keeps, also after the setting has changed; the contact stays."""
    identity = connect(hubspot, activity=activity).deliver(NOTE, Ledger().attempt())
    assert connect(hubspot).erase(identity)
    assert hubspot.notes == hubspot.calls == []
    assert len(hubspot.contacts) == 1
