"""HubSpot contacts by telephone number: found among look-alikes, or created."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from voicebot.crm import hubspot_search
from voicebot.crm.http import Invalid
from voicebot.crm.hubspot_http import Api, Exists, object_id
from voicebot.crm.numbers import Number
from voicebot.crm.port import CallNote

_SEARCHED = 100
_REMEMBERED = 1000
# What a dialog may have asked the caller for, as HubSpot calls it.
_FROM_SLOTS = {
    "name": "lastname",
    "first_name": "firstname",
    "firstname": "firstname",
    "last_name": "lastname",
    "lastname": "lastname",
    "company": "company",
}


class Contacts:
    """The contacts of one account.

    region: country (ISO 3166) of contacts' numbers stored without a country code.

    Contacts created here are remembered: HubSpot's search does not know them for a while, and a caller who
    rings twice in a minute is to become one contact.
    """

    def __init__(self, api: Api, region: str) -> None:
        self._api = api
        self._region = region
        self._created: OrderedDict[str, str] = OrderedDict()

    def find(self, number: Number, without: str | None = None) -> list[str]:
        """Ids of the contacts with exactly this number, the one changed last first, leaving out `without`."""
        people = hubspot_search.contacts(self._api, number, self._region, _SEARCHED).people
        found = [str(item["id"]) for item in people if "id" in item and not item.get("archived")]
        created = self._created.get(number.e164)
        if not found and created is not None:
            found = [created]
        return [contact for contact in found if contact != without]

    def create(self, number: Number, note: CallNote) -> str:
        """The id of a new contact with `number` and what the caller said of themselves.

        Raises Invalid when the account's rules refuse even a contact with nothing but a number.
        """
        told = {
            name: note.slots[slot][:200] for slot, name in _FROM_SLOTS.items() if note.slots.get(slot, "").strip()
        }
        try:
            contact = self._write({**told, **note.contact, "phone": number.e164})
        except Invalid:
            if not told and not note.contact:
                raise
            contact = self._write({"phone": number.e164})
        self._created[number.e164] = contact
        while len(self._created) > _REMEMBERED:
            self._created.popitem(last=False)
        return contact

    def _write(self, properties: Mapping[str, str]) -> str:
        try:
            return object_id(self._api.write("contacts", {"properties": properties, "associations": []}))
        except Exists as error:
            return error.existing
