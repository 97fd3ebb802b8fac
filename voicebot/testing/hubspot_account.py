"""A HubSpot account in memory, as far as notes about calls need one: contacts, notes, calls, search, associations.

It answers in the documented shapes and is as strict as the documents say, so that what passes here has a fair
chance with the real one. `voicebot.testing.hubspot` puts it behind HTTP.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voicebot.testing.hubspot_errors import invalid, missing, refuse
from voicebot.testing.hubspot_files import Files
from voicebot.testing.hubspot_records import Record, milliseconds, passes, shown, values
from voicebot.testing.vendor import Refused, Reply

_CONTACT_PROPERTIES = frozenset(
    ("firstname", "lastname", "email", "phone", "mobilephone", "company", "lifecyclestage", "hubspot_owner_id")
)
_ACTIVITY = frozenset(("hs_timestamp", "hubspot_owner_id", "hs_attachment_ids"))
_LONGEST_BODY = 65_536


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of activity. to_contact, from_contact: association type ids by direction."""

    name: str
    body: str
    properties: frozenset[str]
    to_contact: int
    from_contact: int


NOTES = Kind("notes", "hs_note_body", _ACTIVITY | {"hs_note_body"}, 202, 201)
CALLS = Kind(
    "calls",
    "hs_call_body",
    _ACTIVITY
    | {
        "hs_call_body",
        "hs_call_title",
        "hs_call_direction",
        "hs_call_duration",
        "hs_call_from_number",
        "hs_call_to_number",
        "hs_call_status",
        "hs_call_disposition",
        "hs_call_recording_url",
    },
    194,
    193,
)
_CHOICES = {
    "hs_call_direction": ("INBOUND", "OUTBOUND"),
    "hs_call_status": ("BUSY", "CANCELED", "COMPLETED", "FAILED", "IN_PROGRESS", "NO_ANSWER", "QUEUED", "RINGING"),
}


class Account:
    """Contacts, notes and calls with HubSpot's rules. Not thread-safe: the server takes turns.

    clock: seconds since the epoch.
    search_lag: seconds until search knows of something new; lists by association know at once.
    region: country of numbers without a country code.
    state: file that holds everything, written before a write is answered and read at the start.
    page: most entries of a list of associations.
    refused, required: contact properties the account's own rules forbid or demand.
    lone_notes: whether the account's rules forbid notes on contacts.
    custom: properties somebody made on notes and calls. unique: those of calls that are unique.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        search_lag: float = 0.0,
        region: str = "US",
        state: Path | None = None,
    ) -> None:
        self.contacts: dict[str, Record] = {}
        self.notes: dict[str, Record] = {}
        self.calls: dict[str, Record] = {}
        self.files = Files()
        self.custom: set[str] = set()
        self.unique: set[str] = set()
        self.search_lag = search_lag
        self.page = 500
        self.refused: set[str] = set()
        self.required: set[str] = set()
        self.lone_notes = False
        self._clock = clock
        self._region = region
        self._state = state
        self._next = 101
        if state is not None and state.exists():
            self._load(json.loads(state.read_text()))

    def add_contact(self, **properties: str) -> str:
        """Put a contact into the account, as a person would; return its id."""
        return self._new(self.contacts, properties).id

    def add_note(self, body: str, contact: str | None = None) -> str:
        """Put a note into the account, as a person would; return its id."""
        record = self._new(self.notes, {"hs_timestamp": str(int(self._clock() * 1000)), "hs_note_body": body})
        if contact is not None:
            record.contacts.append(contact)
        return record.id

    def delete_contact(self, contact: str) -> None:
        """Delete a contact as a person would; its notes stay, on nobody."""
        del self.contacts[contact]
        for record in (*self.notes.values(), *self.calls.values()):
            record.contacts = [each for each in record.contacts if each != contact]

    def create_contact(self, body: Mapping[str, Any]) -> Reply:
        properties = _envelope(body)
        for name in properties:
            if name not in _CONTACT_PROPERTIES | self.custom or name in self.refused:
                raise invalid(f'Property "{name}" is not allowed', name)
        for name in self.required - set(properties):
            raise invalid(f'Property "{name}" is required', name)
        email = properties.get("email", "").lower()
        for contact in self.contacts.values():
            if email and contact.properties.get("email", "").lower() == email:
                raise Refused(refuse(409, "CONFLICT", f"Contact already exists. Existing ID: {contact.id}"))
        return Reply(201, self._show(self._new(self.contacts, properties), properties))

    def change_contact(self, contact: str, body: Mapping[str, Any]) -> Reply:
        found = self.contacts.get(contact)
        if found is None:
            raise missing("contact", contact)
        found.properties.update({name: str(value) for name, value in body.get("properties", {}).items()})
        found.updated = self._clock()
        self._keep()
        return Reply(200, self._show(found, found.properties))

    def list_contacts(self, query: Mapping[str, str]) -> Reply:
        listed = list(self.contacts.values())[: int(query.get("limit", "10"))]
        return Reply(200, {"results": [self._show(contact, ("email",)) for contact in listed]})

    def create(self, kind: Kind, body: Mapping[str, Any]) -> Reply:
        properties = _envelope(body)
        self._check(kind, properties)
        contacts = [self._associated(kind, item) for item in body["associations"]]
        record = self._new(self._records(kind), properties)
        record.contacts = contacts
        self._keep()
        return Reply(201, self._show(record, properties))

    def upsert(self, kind: Kind, body: Mapping[str, Any]) -> Reply:
        results = []
        for item in body["inputs"]:
            name, value = item["idProperty"], item["id"]
            if name not in self.unique:
                raise invalid(f"{name} is no unique property", name)
            properties = {key: str(each) for key, each in item["properties"].items()}
            self._check(kind, properties)
            records = self._records(kind)
            found = next((each for each in records.values() if each.properties.get(name) == value), None)
            record = found or self._new(records, {name: value})
            record.properties.update(properties)
            record.updated = self._clock()
            results.append({**self._show(record, properties), "new": found is None})
        self._keep()
        return Reply(200, {"status": "COMPLETE", "results": results})

    def delete(self, kind: str, identity: str) -> Reply:
        """HubSpot answers 204 whether or not there was anything."""
        self._records(NOTES if kind == "notes" else CALLS).pop(identity, None)
        self._keep()
        return Reply(204)

    def associate(self, kind: Kind, identity: str, contact: str) -> Reply:
        if contact not in self.contacts:
            raise missing("contact", contact)
        if identity not in self._records(kind):
            raise missing(kind.name, identity)
        if self.lone_notes:
            raise invalid("association not allowed", "associations")
        record = self._records(kind)[identity]
        if contact not in record.contacts:
            record.contacts.append(contact)
        self._keep()
        return Reply(200, {"status": "COMPLETE", "results": []})

    def listed(self, kind: Kind, contact: str, query: Mapping[str, str], legacy: bool) -> Reply:
        if contact not in self.contacts:
            raise missing("contact", contact)
        known = [each.id for each in self._records(kind).values() if contact in each.contacts]
        start = int(query.get("after", "0"))
        end = start + min(int(query.get("limit", "500")), self.page)
        if legacy:
            name = f"contact_to_{kind.name.removesuffix('s')}"
            results: list[dict[str, Any]] = [{"id": each, "type": name} for each in known[start:end]]
        else:
            label = {"category": "HUBSPOT_DEFINED", "typeId": kind.from_contact, "label": None}
            results = [{"toObjectId": int(each), "associationTypes": [label]} for each in known[start:end]]
        body: dict[str, Any] = {"results": results}
        if end < len(known):
            body["paging"] = {"next": {"after": str(end)}}
        return Reply(200, body)

    def read(self, kind: Kind, body: Mapping[str, Any]) -> Reply:
        wanted, records = [str(item["id"]) for item in body["inputs"]], self._records(kind)
        if len(wanted) > 100:
            raise invalid("at most 100 inputs", "inputs")
        found = [self._show(records[each], body.get("properties", ())) for each in wanted if each in records]
        answer: dict[str, Any] = {"status": "COMPLETE", "results": found}
        if len(found) < len(wanted):
            answer |= {"numErrors": 1, "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND"}]}
        return Reply(207 if len(found) < len(wanted) else 200, answer)

    def search(self, kind: str, body: Mapping[str, Any]) -> Reply:
        groups = body.get("filterGroups", [])
        filters = [each for group in groups for each in group["filters"]]
        if len(groups) > 5 or len(filters) > 18 or any(len(group["filters"]) > 6 for group in groups):
            raise invalid("too many filters", "filterGroups")
        limit = int(body.get("limit", 10))
        if limit > 200:
            raise invalid("limit above 200", "limit")
        horizon = self._clock() - self.search_lag
        records = {"contacts": self.contacts, "notes": self.notes, "calls": self.calls}[kind].values()
        seen = [(values(record, self._region), record) for record in records if record.created <= horizon]
        found = [
            each
            for each in seen
            if any(all(passes(each[0], wanted) for wanted in group["filters"]) for group in groups)
        ]
        for sort in body.get("sorts", []):
            name = sort["propertyName"]
            found.sort(key=lambda each: each[0].get(name, ""))
            if sort.get("direction") == "DESCENDING":
                found.reverse()
        results = [self._show(record, body.get("properties", ())) for _, record in found[:limit]]
        return Reply(200, {"total": len(found), "results": results})

    def _new(self, records: dict[str, Record], properties: Mapping[str, str]) -> Record:
        now = self._clock()
        record = Record(id=str(self._next), properties=dict(properties), created=now, updated=now)
        self._next += 1
        records[record.id] = record
        self._keep()
        return record

    def _records(self, kind: Kind) -> dict[str, Record]:
        return self.notes if kind is NOTES else self.calls

    def _check(self, kind: Kind, properties: Mapping[str, str]) -> None:
        for name, value in properties.items():
            if name not in kind.properties | self.custom | self.unique:
                raise invalid(f'Property "{name}" does not exist', name)
            if name in _CHOICES and value not in _CHOICES[name]:
                raise invalid(f"{value} was not one of the allowed options", name)
        attached = properties.get("hs_attachment_ids", "")
        if attached and not set(attached.split(";")) <= set(self.files.kept):
            raise invalid("no such file", "hs_attachment_ids")
        if not properties.get("hs_timestamp"):
            raise invalid("hs_timestamp is required", "hs_timestamp")
        milliseconds(properties["hs_timestamp"])
        if not properties.get("hs_call_duration", "0").isdecimal():
            raise invalid("hs_call_duration is no number", "hs_call_duration")
        text = properties.get(kind.body, "")
        if len(text.encode("utf-16-le", "surrogatepass")) // 2 > _LONGEST_BODY:
            raise invalid(f"{kind.body} is too long", kind.body)

    def _associated(self, kind: Kind, item: Mapping[str, Any]) -> str:
        contact = str(item["to"]["id"])
        kinds = [(each.get("associationCategory"), each.get("associationTypeId")) for each in item["types"]]
        if kinds != [("HUBSPOT_DEFINED", kind.to_contact)] or self.lone_notes:
            raise invalid("association not allowed", "associations")
        if contact not in self.contacts:
            raise missing("contact", contact)
        return contact

    def _show(self, record: Record, properties: Iterable[str]) -> dict[str, Any]:
        return shown(record, properties, self._region)

    def _keep(self) -> None:
        if self._state is None:
            return
        kept = {
            "next": self._next,
            "contacts": [asdict(record) for record in self.contacts.values()],
            "notes": [asdict(record) for record in self.notes.values()],
            "calls": [asdict(record) for record in self.calls.values()],
        }
        draft = self._state.with_suffix(".draft")
        with draft.open("w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._state)

    def _load(self, kept: Mapping[str, Any]) -> None:
        self._next = kept["next"]
        self.contacts = {item["id"]: Record(**item) for item in kept["contacts"]}
        self.notes = {item["id"]: Record(**item) for item in kept["notes"]}
        self.calls = {item["id"]: Record(**item) for item in kept.get("calls", ())}


def _envelope(body: Mapping[str, Any]) -> dict[str, str]:
    for part, kind in (("properties", dict), ("associations", list)):
        if not isinstance(body.get(part), kind):
            raise invalid(f"{part} is required", part)
    return {name: str(value) for name, value in body["properties"].items()}
