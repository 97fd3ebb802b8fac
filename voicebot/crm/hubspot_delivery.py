"""One attempt to leave one note in HubSpot, on the contact who called, without ever writing it twice.

HubSpot has no idempotent create. Instead every note carries its call id, the start of a write is kept before it
happens, and where its end is unknown, HubSpot is asked before anything is written again. Its lists by
association are current; its search is not, so what only search can tell is asked twice, `SEARCH_LAG` apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog

from voicebot.crm import note as notes
from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.hubspot_contacts import Contacts, object_id
from voicebot.crm.hubspot_http import Api
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote
from voicebot.crm.progress import Progress, ambiguous
from voicebot.errors import CrmError, CrmThrottled, CrmUnavailable

SEARCH_LAG = 30.0
"""Seconds granted to HubSpot's search to know what was written just before (HubSpot names no figure)."""

_NOTE_TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}
_BATCH = 100
# What is kept under `contact` once it is decided that the note goes without one; ids are digits.
_NOBODY = "none"
# States of a write, kept durably before and after it.
_SENT = "sent"
_WAITED = "waited"

log = structlog.get_logger()


class HubSpotDelivery:
    """One attempt to deliver one note.

    Kept between attempts: `contact`, the id of the contact the note is for, `_NOBODY`, or "" while undecided;
    `creating`, `writing`, whether creating the contact or writing the note was begun with its end unknown.
    """

    def __init__(
        self,
        api: Api,
        contacts: Contacts,
        create_contact: bool,
        note: CallNote,
        number: Number | None,
        attempt: Attempt,
    ) -> None:
        self._api = api
        self._contacts = contacts
        self._create_contact = create_contact
        self._note = note
        self._number = number
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        self._gone: str | None = None

    def run(self) -> str:
        """The id of the note. A contact that vanishes (merged, deleted) is searched for again, once."""
        contact = self._contact()
        if contact is None:
            return self._put(None)
        try:
            return self._put(contact)
        except NotFound:
            self._gone = contact
            self._progress.put(contact="", matches="")
        contact = self._contact()
        try:
            return self._put(contact)
        except NotFound:
            if contact is None:
                raise
            self._progress.put(contact=_NOBODY, remark="The contact of this call could not be found again.")
        return self._put(None)

    def _contact(self) -> str | None:
        decided = self._progress["contact"]
        if decided:
            return None if decided == _NOBODY else decided
        if self._number is None:
            self._progress.put(contact=_NOBODY)
            return None
        found = self._contacts.find(self._number, without=self._gone)
        if found:
            self._progress.put(contact=found[0], matches=str(len(found)), creating="")
            return found[0]
        if not self._create_contact:
            self._progress.put(contact=_NOBODY)
            return None
        return self._new_contact(self._number)

    def _new_contact(self, number: Number) -> str | None:
        before = self._progress["creating"]
        if before == _SENT:
            self._progress.put(creating=_WAITED)
            raise CrmThrottled(
                "waiting for HubSpot's search to show a contact that may have been created",
                SEARCH_LAG,
                account=False,
            )
        self._progress.put(creating=_SENT)
        try:
            contact = self._contacts.create(number, self._note)
        except Invalid as error:
            log.warning("crm.contact_refused", call=self._note.call_id, error=str(error))
            self._progress.put(
                contact=_NOBODY, creating="", remark="HubSpot refused to create a contact for this caller."
            )
            return None
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(creating=before)
            raise
        self._progress.put(contact=contact, creating="")
        return contact

    def _put(self, contact: str | None) -> str:
        """The id of the note, found if an earlier attempt may have written it, else written."""
        before = self._progress["writing"]
        if self._repeat or before:
            if (found := self._written(contact)) is not None:
                log.info("crm.note_found", call=self._note.call_id, note=found)
                return found
            if contact is None and before != _WAITED:
                self._progress.put(writing=_WAITED)
                raise CrmThrottled(
                    "waiting for HubSpot's search to show a note that may have been written",
                    SEARCH_LAG,
                    account=False,
                )
        self._progress.put(writing=_SENT)
        try:
            return object_id(self._api.write("notes", self._body(contact)))
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(writing=before)
            if contact is None or not isinstance(error, Invalid):
                raise
            log.warning("crm.note_unassociated", call=self._note.call_id, error=str(error))
        # The association is the only part of a note that can be left out. Better a lone note than none.
        self._progress.put(contact=_NOBODY, remark=f"HubSpot refused this note on contact {contact}.")
        return self._put(None)

    def _body(self, contact: str | None) -> dict[str, Any]:
        remarks = [remark] if (remark := self._progress["remark"]) else []
        matches = int(self._progress["matches"] or 0)
        if contact is not None and matches > 1:
            remarks.append(f"{matches} contacts have this number; this note is on the one changed last.")
        return {
            "properties": {
                "hs_timestamp": str(self._milliseconds),
                "hs_note_body": notes.html(self._note, remarks),
            },
            "associations": [{"to": {"id": contact}, "types": [_NOTE_TO_CONTACT]}] if contact else [],
        }

    @property
    def _milliseconds(self) -> int:
        return round(self._note.started_at.timestamp() * 1000)

    def _written(self, contact: str | None) -> str | None:
        """The id of this call's note, if HubSpot has one already."""
        if contact is not None:
            for chunk in self._associated(contact):
                if (found := self._marked(self._bodies(chunk))) is not None:
                    return found
        if contact is None or self._gone is not None:
            return self._marked(self._searched())
        return None

    def _marked(self, candidates: list[tuple[str, str]]) -> str | None:
        call_id = self._note.call_id
        return next((identity for identity, body in candidates if notes.is_marked(body, call_id)), None)

    def _associated(self, contact: str) -> Iterator[list[str]]:
        """Ids of the contact's notes, newest first, in batches."""
        found: set[str] = set()
        query = {"limit": "500"}
        while True:
            answer = self._api.read(f"contacts/{contact}/associations/notes", query)
            for item in _items(answer):
                # The dated and v4 paths say `toObjectId`, v3 says `id`.
                found.add(str(item.get("toObjectId") or item.get("id")))
            after = _after(answer)
            if not after:
                break
            query = {"limit": "500", "after": after}
        ordered = sorted((identity for identity in found if identity.isdecimal()), key=int, reverse=True)
        for start in range(0, len(ordered), _BATCH):
            yield ordered[start : start + _BATCH]

    def _bodies(self, identities: list[str]) -> list[tuple[str, str]]:
        question = {"properties": ["hs_note_body"], "inputs": [{"id": identity} for identity in identities]}
        return [_note(item) for item in _items(self._api.ask("notes/batch/read", question))]

    def _searched(self) -> list[tuple[str, str]]:
        """Notes that may be this call's: by the call id as HubSpot's search splits it, or by its exact time."""
        filters = [
            {"propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": self._note.call_id},
            {"propertyName": "hs_timestamp", "operator": "EQ", "value": str(self._milliseconds)},
        ]
        question = {
            "filterGroups": [{"filters": [each]} for each in filters],
            "properties": ["hs_note_body"],
            "limit": 100,
        }
        return [_note(item) for item in _items(self._api.ask("notes/search", question))]


def _items(answer: dict[str, Any]) -> list[dict[str, Any]]:
    results = answer.get("results")
    if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
        raise CrmUnavailable("HubSpot answered a list without results")
    return results


def _note(item: dict[str, Any]) -> tuple[str, str]:
    properties = item.get("properties")
    body = properties.get("hs_note_body") if isinstance(properties, dict) else None
    return str(item.get("id")), str(body or "")


def _after(answer: dict[str, Any]) -> str:
    paging = answer.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    return str(following.get("after") or "") if isinstance(following, dict) else ""
