"""Salesforce as a CRM: a completed call Task on the contact or lead who called, once.

Where the org has a unique External ID field on Task, the call id goes there and every write is an upsert.
Elsewhere the call id stands in `CallObject` and in the description, and is looked for before a write is repeated:
SOQL reads the database itself, so that it knows what was written a moment ago, which the search index does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from voicebot.crm import matches, numbers, salesforce_search
from voicebot.crm import note as notes
from voicebot.crm.addressee import Addressee, Manners
from voicebot.crm.http import DELIVERY_SECONDS, Invalid, NotFound
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.progress import Progress
from voicebot.crm.salesforce_http import Api, escaped

DESCRIPTION = 32_000
"""Characters a Task's description takes."""

_TEXT = 255
_MANNERS = Manners("Salesforce", one="contact", many="people", new="lead")

log = structlog.get_logger()


class Salesforce(Crm):
    """One Salesforce org.

    region: country (ISO 3166) of numbers without a country code.
    external_id: unique External ID text field of Task, or "". create_lead: whether an unknown caller becomes one.
    """

    def __init__(self, api: Api, region: str, external_id: str = "", create_lead: bool = False) -> None:
        self._api = api
        self._region = region
        self._external_id = external_id
        self._create_lead = create_lead

    @property
    def name(self) -> str:
        return "salesforce"

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Write the Task once; return its id. See `Crm.deliver`."""
        number = numbers.parse(note.caller, self._region)
        with self._api.within(DELIVERY_SECONDS):
            return _Delivery(
                self._api, self._region, self._external_id, self._create_lead, note, number, attempt
            ).run()

    def erase(self, external_id: str) -> bool:
        """Move the Task to the org's recycle bin. See `Crm.erase`."""
        try:
            self._api.remove("Task", external_id)
        except NotFound:
            return False
        return True

    def check(self) -> str:
        """Prove that a token is given and may use the API; tells what is left of the day's requests."""
        limits = self._api.limits()
        daily = limits.get("DailyApiRequests") if isinstance(limits, dict) else None
        left = f", {daily.get('Remaining')} of {daily.get('Max')} requests left" if isinstance(daily, dict) else ""
        return f"Salesforce at {self._api.address}: the app gets a token{left}"


class _Delivery:
    """One attempt to deliver one note.

    Kept between attempts: what `Addressee` keeps; `creating`, `writing`, whether creating a lead or writing the
    Task was begun with its end unknown.
    """

    def __init__(
        self,
        api: Api,
        region: str,
        external_id: str,
        create_lead: bool,
        note: CallNote,
        number: Number | None,
        attempt: Attempt,
    ) -> None:
        self._api = api
        self._region = region
        self._external_id = external_id
        self._note = note
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        create = self._new_lead if create_lead else None
        self._addressee = Addressee(_MANNERS, note.call_id, self._progress, number, self._find, create)

    def run(self) -> str:
        """The id of the Task."""
        return self._addressee.write(self._put)

    def _find(self, number: Number, gone: str | None) -> list[str]:
        """Ids of contacts, then leads, with exactly this number, the one changed last first."""
        people = salesforce_search.people(self._api, number, self._region).people
        ids = [str(person.get("Id") or "") for person in people]
        return [each for each in ids if each.isalnum() and each != gone]

    def _new_lead(self, number: Number) -> str:
        if self._progress["creating"]:
            made = self._api.query(
                f"SELECT Id FROM Lead WHERE Phone = '{number.e164}' AND IsConverted = false "  # noqa: S608
                "ORDER BY CreatedDate DESC LIMIT 1"
            )
            if made:
                return str(made[0].get("Id"))
        slots = self._note.slots
        lead: dict[str, str] = {
            # Salesforce wants both of every lead.
            "LastName": matches.last_name(slots) or "Unknown caller",
            "Company": matches.company(slots) or "Unknown",
            "Phone": number.e164,
        }
        if first := matches.first_name(slots):
            lead["FirstName"] = first[:40]
        with self._progress.begun("creating"):
            return self._create({**lead, **self._note.contact}, lead)

    def _create(self, full: Mapping[str, str], least: Mapping[str, str]) -> str:
        try:
            return self._api.create("Lead", full)
        except Invalid:
            if full == least:
                raise
        return self._api.create("Lead", least)

    def _put(self, who: str | None) -> str:
        """The id of the Task, found if an earlier attempt may have written it, else written.

        What the org may lack or refuse (the call fields of Salesforce Call Center, mapped fields, the person) is
        left out in turn.
        """
        begun = self._repeat or self._progress["writing"]
        if begun and not self._external_id and (found := self._written()) is not None:
            log.info("crm.note_found", call=self._note.call_id, note=found)
            return found
        try:
            with self._progress.begun("writing"):
                return self._write(who)
        except Invalid as error:
            if who is None:
                raise
            log.warning("crm.note_unassociated", call=self._note.call_id, error=str(error))
        self._addressee.nobody(f"Salesforce refused this call on {who}.")
        return self._put(None)

    def _write(self, who: str | None) -> str:
        plain = self._plain(who)
        full = {**plain, **self._call_fields(), **self._note.fields}
        try:
            return self._save(full)
        except Invalid as error:
            log.warning("crm.fields_refused", call=self._note.call_id, error=str(error))
            if error.names and error.names <= set(self._note.fields):
                # Only what the dialog file maps is wrong: keep the fields of the call.
                full = {name: value for name, value in full.items() if name not in error.names}
                return self._save(full)
        return self._save(plain)

    def _save(self, task: Mapping[str, Any]) -> str:
        if self._external_id:
            return self._api.upsert("Task", self._external_id, self._note.call_id[:_TEXT], task)
        return self._api.create("Task", task)

    def _plain(self, who: str | None) -> dict[str, Any]:
        task = {
            "Subject": self._subject,
            "Description": notes.plain(self._note, DESCRIPTION, self._addressee.remarks(who)),
            "Status": "Completed",
            "Priority": "Normal",
            "ActivityDate": self._day,
        }
        return {**task, "WhoId": who} if who else task

    def _call_fields(self) -> dict[str, Any]:
        return {
            "TaskSubtype": "Call",
            "CallType": "Inbound",
            "CallDurationInSeconds": round(self._note.duration),
            "CallDisposition": self._note.outcome[:_TEXT],
            "CallObject": self._note.call_id[:_TEXT],
        }

    @property
    def _subject(self) -> str:
        return f"Call: {(self._note.intent or 'bot').replace('_', ' ')}"[:_TEXT]

    @property
    def _day(self) -> str:
        return f"{self._note.started_at:%Y-%m-%d}"

    def _written(self) -> str | None:
        """The id of this call's Task, if there is one already."""
        call_id = escaped(self._note.call_id[:_TEXT])
        try:
            found = self._api.query(f"SELECT Id FROM Task WHERE CallObject = '{call_id}' LIMIT 1")  # noqa: S608
        except Invalid:
            found = []  # an org without Call Center has no such field
        if not found:
            found = [
                task
                for task in self._api.query(
                    f"SELECT Id, Description FROM Task WHERE ActivityDate = {self._day} "  # noqa: S608
                    f"AND Subject = '{escaped(self._subject)}' ORDER BY CreatedDate DESC LIMIT 2000"
                )
                if notes.is_marked(str(task.get("Description") or ""), self._note.call_id)
            ]
        return str(found[0].get("Id")) if found else None
