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
from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.progress import Progress, ambiguous
from voicebot.crm.salesforce_http import Api, escaped
from voicebot.errors import CrmError

DELIVERY_SECONDS = 30.0
"""No request of a delivery begins later; with the longest request it ends well within a worker's lease."""

DESCRIPTION = 32_000
"""Characters a Task's description takes."""

_TEXT = 255
_NOBODY = "none"
_SENT = "sent"

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

    Kept between attempts: `who`, the id of the contact or lead, `_NOBODY`, or "" while undecided; `creating`,
    `writing`, whether creating a lead or writing the Task was begun with its end unknown.
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
        self._create_lead = create_lead
        self._note = note
        self._number = number
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        self._gone: str | None = None

    def run(self) -> str:
        """The id of the Task. A person who vanishes (merged, deleted, converted) is searched for again, once."""
        who = self._who()
        try:
            return self._put(who)
        except NotFound:
            if who is None:
                raise
            self._gone = who
            self._progress.put(who="", matches="")
        who = self._who()
        try:
            return self._put(who)
        except NotFound:
            if who is None:
                raise
            self._progress.put(who=_NOBODY, remark="The contact of this call could not be found again.")
        return self._put(None)

    def _who(self) -> str | None:
        decided = self._progress["who"]
        if decided:
            return None if decided == _NOBODY else decided
        if self._number is None:
            self._progress.put(who=_NOBODY)
            return None
        found = self._find(self._number)
        if found:
            self._progress.put(who=found[0], matches=str(len(found)), creating="")
            return found[0]
        if not self._create_lead:
            self._progress.put(who=_NOBODY)
            return None
        return self._new_lead(self._number)

    def _find(self, number: Number) -> list[str]:
        """Ids of contacts, then leads, with exactly this number, the one changed last first."""
        people = salesforce_search.people(self._api, number, self._region).people
        ids = [str(person.get("Id") or "") for person in people]
        return [each for each in ids if each.isalnum() and each != self._gone]

    def _new_lead(self, number: Number) -> str | None:
        if self._progress["creating"]:
            made = self._api.query(
                f"SELECT Id FROM Lead WHERE Phone = '{number.e164}' AND IsConverted = false "  # noqa: S608
                "ORDER BY CreatedDate DESC LIMIT 1"
            )
            if made:
                self._progress.put(who=str(made[0].get("Id")), creating="")
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
        self._progress.put(creating=_SENT)
        try:
            who = self._create({**lead, **self._note.contact}, lead)
        except Invalid as error:
            log.warning("crm.contact_refused", call=self._note.call_id, error=str(error))
            self._progress.put(
                who=_NOBODY, creating="", remark="Salesforce refused to create a lead for this caller."
            )
            return None
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(creating="")
            raise
        self._progress.put(who=who, creating="")
        return who

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
        before = self._progress["writing"]
        if (self._repeat or before) and not self._external_id and (found := self._written()) is not None:
            log.info("crm.note_found", call=self._note.call_id, note=found)
            return found
        self._progress.put(writing=_SENT)
        try:
            return self._write(who)
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(writing=before)
            if who is None or not isinstance(error, Invalid):
                raise
            log.warning("crm.note_unassociated", call=self._note.call_id, error=str(error))
        self._progress.put(who=_NOBODY, remark=f"Salesforce refused this call on {who}.")
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
        remarks = [remark] if (remark := self._progress["remark"]) else []
        if who is not None and (hint := matches.several(int(self._progress["matches"] or 0), "people")):
            remarks.append(hint)
        task = {
            "Subject": self._subject,
            "Description": notes.plain(self._note, DESCRIPTION, remarks),
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
