"""One attempt to leave one note in HubSpot, on the contact who called, without ever writing it twice.

HubSpot has no idempotent create. Instead every note carries its call id, the start of a write is kept before it
happens, and where its end is unknown, HubSpot is asked before anything is written again. Its lists by
association are current; its search is not, so what only search can tell is asked twice, `SEARCH_LAG` apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from voicebot.crm import hubspot_activity as activity
from voicebot.crm.addressee import Addressee, Manners
from voicebot.crm.http import Invalid
from voicebot.crm.hubspot_activity import CALL, NOTE, Kind
from voicebot.crm.hubspot_contacts import Contacts
from voicebot.crm.hubspot_files import Shelf, attach, attached
from voicebot.crm.hubspot_http import Api, object_id
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote
from voicebot.crm.progress import SENT, Progress
from voicebot.errors import CrmThrottled, CrmUnavailable

SEARCH_LAG = 30.0
"""Seconds granted to HubSpot's search to know what was written just before (HubSpot names no figure)."""

_MANNERS = Manners("HubSpot", one="contact", many="contacts", new="contact", key="contact")
_WAITED = "waited"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an account wants of its calls.

    kinds: what is written about each. create_contact: whether an unknown caller becomes a contact.
    guess: whether the latest of several contacts with the number gets the note, or none of them.
    key: a unique property of calls that takes the call id; then a call is upserted.
    recordings: those that are attached; None for none.
    """

    kinds: Sequence[Kind] = activity.KINDS["note"]
    create_contact: bool = True
    guess: bool = True
    key: str = ""
    recordings: Shelf | None = None


class HubSpotDelivery:
    """One attempt to deliver one note.

    Kept between attempts: what `Addressee` keeps; `creating`, `writing`, `writing_call`, whether creating the
    contact or writing an activity was begun with its end unknown; `wrote_note`, `wrote_call`, the ids of what is
    written; and what `attach` keeps.
    """

    def __init__(
        self,
        api: Api,
        contacts: Contacts,
        policy: Policy,
        note: CallNote,
        number: Number | None,
        attempt: Attempt,
    ) -> None:
        self._api = api
        self._contacts = contacts
        self._policy = policy
        self._note = note
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        self._addressee = Addressee(
            _MANNERS,
            note.call_id,
            self._progress,
            number,
            contacts.find,
            self._new_contact if policy.create_contact else None,
            policy.guess,
        )

    def run(self) -> str:
        """The ids of what is written, with a space between: of a note as it is, of others after their kind."""
        if self._policy.recordings is not None:
            attach(self._api, self._policy.recordings, self._note, self._progress)
        # What an agent wrote later is no second call.
        kinds = (NOTE,) if self._note.late else self._policy.kinds
        written = [(kind, self._deliver(kind)) for kind in kinds]
        ids = [identity if kind is NOTE else f"{kind.name}/{identity}" for kind, identity in written]
        return " ".join([*ids, *(f"files/{each}" for each in self._files)])

    @property
    def _files(self) -> list[str]:
        return attached(self._note, self._progress)

    def _deliver(self, kind: Kind) -> str:
        """The id of the activity."""
        if done := self._progress[kind.wrote]:
            return done
        identity = self._addressee.write(lambda contact: self._put(kind, contact))
        self._progress.put(**{kind.wrote: identity})
        return identity

    def _new_contact(self, number: Number) -> str:
        if self._progress["creating"] == SENT:
            self._progress.put(creating=_WAITED)
            raise CrmThrottled(
                "waiting for HubSpot's search to show a contact that may have been created",
                SEARCH_LAG,
                account=False,
            )
        with self._progress.begun("creating"):
            return self._contacts.create(number, self._note)

    def _put(self, kind: Kind, contact: str | None) -> str:
        """The id of the activity, found if an earlier attempt may have written it, else written."""
        if kind is CALL and self._policy.key and (identity := self._upsert(contact)) is not None:
            return identity
        before = self._progress[kind.writing]
        if self._repeat or before:
            searched = contact is None or self._addressee.gone is not None
            if (found := activity.written(self._api, kind, self._note, contact, searched)) is not None:
                log.info("crm.note_found", call=self._note.call_id, note=found)
                return found
            if contact is None and before != _WAITED:
                self._progress.put(**{kind.writing: _WAITED})
                raise CrmThrottled(
                    "waiting for HubSpot's search to show a note that may have been written",
                    SEARCH_LAG,
                    account=False,
                )
        try:
            with self._progress.begun(kind.writing):
                return self._create(kind, contact)
        except Invalid as error:
            if contact is None:
                raise
            log.warning("crm.note_unassociated", call=self._note.call_id, error=str(error))
        self._alone(contact)
        return self._put(kind, None)

    def _create(self, kind: Kind, contact: str | None) -> str:
        """What may be left out is, if the account's rules refuse it: first mapped properties, here."""
        associations = [activity.association(kind, contact)] if contact else []
        full, least = (
            activity.properties(kind, self._note, self._remarks(contact), optional, self._files)
            for optional in (True, False)
        )
        try:
            return object_id(self._api.write(kind.name, {"properties": full, "associations": associations}))
        except Invalid as error:
            if full == least:
                raise
            log.warning("crm.fields_refused", call=self._note.call_id, error=str(error))
        return object_id(self._api.write(kind.name, {"properties": least, "associations": associations}))

    def _upsert(self, contact: str | None) -> str | None:
        """The id of the call, made or changed under its own key, which may be repeated freely.

        None if the account refuses: it lacks the property, or forbids what the dialog file maps.
        """
        key, call_id = self._policy.key, self._note.call_id
        told = activity.properties(CALL, self._note, self._remarks(contact), attached=self._files)
        told[key] = call_id
        wanted = {"inputs": [{"idProperty": key, "id": call_id, "properties": told}]}
        try:
            results = activity.items(self._api.ask("calls/batch/upsert", wanted))
        except Invalid as error:
            log.warning("crm.upsert_refused", call=call_id, error=str(error))
            return None
        if not results:
            raise CrmUnavailable("HubSpot answered an upsert without a result")
        identity = object_id(results[0])
        if contact is not None:
            try:
                self._api.associate("calls", identity, contact)
            except Invalid as error:
                log.warning("crm.note_unassociated", call=call_id, error=str(error))
                self._alone(contact)
        return identity

    def _alone(self, contact: str) -> None:
        # The association is the only part of a note that can be left out. Better a lone note than none.
        self._addressee.nobody(f"HubSpot refused this note on contact {contact}.")

    def _remarks(self, contact: str | None) -> list[str]:
        recording = self._progress["recording_remark"]
        return [*self._addressee.remarks(contact), *([recording] if recording else [])]
