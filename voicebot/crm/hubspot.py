"""HubSpot as a CRM: finds or creates the contact who called and leaves the note, once."""

from __future__ import annotations

from contextlib import suppress

from voicebot.crm import numbers
from voicebot.crm.http import DELIVERY_SECONDS, Invalid, NotFound
from voicebot.crm.hubspot_activity import KINDS, NOTE
from voicebot.crm.hubspot_contacts import Contacts
from voicebot.crm.hubspot_delivery import HubSpotDelivery, Policy
from voicebot.crm.hubspot_files import Shelf
from voicebot.crm.hubspot_http import Api
from voicebot.crm.port import Attempt, CallNote, Crm


class HubSpot(Crm):
    """One HubSpot account.

    region: country (ISO 3166) of numbers without a country code.
    create_contact: whether an unknown caller becomes a contact; the other rules are `Policy`'s.
    """

    def __init__(
        self,
        api: Api,
        region: str,
        create_contact: bool,
        activity: str = "note",
        guess: bool = True,
        key: str = "",
        recordings: Shelf | None = None,
    ) -> None:
        self._api = api
        self._contacts = Contacts(api, region)
        self._region = region
        self._policy = Policy(KINDS[activity], create_contact, guess, key, recordings)

    @property
    def name(self) -> str:
        return "hubspot"

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Write the note once; return its HubSpot id. See `Crm.deliver`."""
        number = numbers.parse(note.caller, self._region)
        with self._api.within(DELIVERY_SECONDS):
            return HubSpotDelivery(self._api, self._contacts, self._policy, note, number, attempt).run()

    def erase(self, external_id: str) -> bool:
        """Move the note, the call, or both to HubSpot's recycling bin; recordings go for good. See `Crm.erase`."""
        there = [self._erase(each) for each in external_id.split()]
        return any(there)

    def _erase(self, identity: str) -> bool:
        kind, _, number = identity.rpartition("/")
        try:
            if kind == "files":
                self._api.remove_file(number)
                return True
            self._api.remove(f"{kind or NOTE.name}/{number}")
        except NotFound:
            return False
        return True

    def check(self) -> str:
        """Prove token and both scopes: list one contact, and try to change contact 0, which no account has."""
        self._api.read("contacts", {"limit": "1"})
        with suppress(Invalid, NotFound):
            self._api.change("contacts/0", {"properties": {}})
        return f"HubSpot at {self._api.address}: the service key may read and write contacts and notes"
