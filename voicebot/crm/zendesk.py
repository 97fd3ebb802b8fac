"""Zendesk as a CRM: a ticket of the user who called, with the call as an internal note, once.

A ticket carries the call id as its external id and is written under an idempotency key. Zendesk keeps such a key
for two hours; the external id is looked for before any write is repeated, so that later repeats are as safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from voicebot.crm import matches, numbers, zendesk_search
from voicebot.crm import note as notes
from voicebot.crm.addressee import Addressee, Manners
from voicebot.crm.http import DELIVERY_SECONDS, Invalid, NotFound
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.progress import Progress
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmError, CrmUnavailable, SettingsError

COMMENT = 65_000
"""Bytes of a comment; Zendesk takes 65,535."""

FIELDS = ("brand_id", "group_id", "priority", "ticket_form_id", "type")
"""Properties of a ticket that a dialog file may map besides custom fields, which are named by their id."""

_EXTERNAL = 255
_PAGES = 5
# Made again, a user with the same external id would be the one who vanished.
_MANNERS = Manners("Zendesk", one="user", many="users", new="user", anew=False)
_REQUESTER = frozenset(("requester", "requester_id"))

log = structlog.get_logger()


def check_fields(fields: Mapping[str, str]) -> None:
    """That tickets have these properties. Raises SettingsError naming the one that cannot be."""
    for name in fields:
        if not name.isdecimal() and name not in FIELDS:
            raise SettingsError(
                f"crm.fields.zendesk.call.{name}: tickets have no such field: write the id of a custom field in "
                f"quotes, or one of {', '.join(FIELDS)}"
            )


class Zendesk(Crm):
    """One Zendesk account.

    region: country (ISO 3166) of numbers without a country code. create_user: whether an unknown caller becomes an
    end user; otherwise the ticket is of whoever the OAuth client acts for.
    """

    def __init__(self, api: Api, region: str, create_user: bool = True) -> None:
        self._api = api
        self._region = region
        self._create_user = create_user

    @property
    def name(self) -> str:
        return "zendesk"

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Write the ticket once; return its id. See `Crm.deliver`."""
        number = numbers.parse(note.caller, self._region)
        with self._api.within(DELIVERY_SECONDS):
            return _Delivery(self._api, self._region, self._create_user, note, number, attempt).run()

    def erase(self, external_id: str) -> bool:
        """Delete the ticket; Zendesk lets go of deleted tickets after 30 days. See `Crm.erase`."""
        try:
            self._api.remove(f"tickets/{external_id}")
        except NotFound:
            return False
        return True

    def check(self) -> str:
        """Prove that a token is given, and whom it acts for."""
        user = self._api.read("users/me").get("user")
        role = user.get("role") if isinstance(user, dict) else None
        if role not in ("admin", "agent"):
            raise CrmUnavailable(
                "Zendesk gives a token, but not for an agent or admin: check the OAuth client's user"
            )
        return f"Zendesk at {self._api.address}: the OAuth client acts for an {role}"


class _Delivery:
    """One attempt to deliver one note.

    Kept between attempts: what `Addressee` keeps; `writing`, whether writing the ticket was begun with its end
    unknown.
    """

    def __init__(
        self,
        api: Api,
        region: str,
        create_user: bool,
        note: CallNote,
        number: Number | None,
        attempt: Attempt,
    ) -> None:
        self._api = api
        self._region = region
        self._note = note
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        create = self._new_user if create_user else None
        self._addressee = Addressee(_MANNERS, note.call_id, self._progress, number, self._find, create)

    def run(self) -> str:
        """The id of the ticket."""
        if self._note.late and (ticket := self._written(self._note.about)) is not None:
            try:
                return self._comment_on(ticket)
            except Invalid as error:
                # A closed ticket takes no comment: it gets a ticket of its own.
                log.warning("crm.ticket_closed", call=self._note.call_id, error=str(error))
        if (self._repeat or self._progress["writing"]) and (found := self._written()) is not None:
            log.info("crm.note_found", call=self._note.call_id, note=found)
            return found
        return self._addressee.write(self._put, self._vanished)

    def _vanished(self, error: CrmError) -> bool:
        """Whether the user was deleted, suspended or merged; one found in its place is given up for any reason."""
        if not isinstance(error, Invalid):
            return False
        return self._addressee.gone is not None or bool(error.names & (_REQUESTER | {"base"}))

    def _comment_on(self, ticket: str) -> str:
        """Add what an agent wrote later to the call's ticket, if it is not there yet; the ticket's id."""
        if self._repeat or self._progress["writing"]:
            comments = self._api.read(f"tickets/{ticket}/comments", {"sort": "-created_at"}).get("comments")
            if not isinstance(comments, list):
                raise CrmUnavailable("Zendesk answered a list without comments")
            bodies = (str(each.get("html_body") or "") for each in comments if isinstance(each, dict))
            if any(notes.is_marked(body, self._note.call_id) for body in bodies):
                return ticket
        comment = {"html_body": _comment(self._note, ()), "public": False}
        with self._progress.begun("writing"):
            self._api.change(f"tickets/{ticket}", {"ticket": {"comment": comment}})
        return ticket

    def _find(self, number: Number, gone: str | None) -> list[str]:
        """Ids of the users with exactly this number, the one changed last first."""
        found = zendesk_search.users(self._api, number, self._region, _PAGES, gone)
        return [str(user.get("id")) for user in found.people]

    def _new_user(self, number: Number) -> str:
        """Made or found again by its external id, so that two calls, or two attempts, make one user."""
        user: dict[str, Any] = {
            "name": matches.whole_name(self._note.slots) or f"Caller {number.e164}",
            "phone": number.e164,
            "role": "end-user",
            "external_id": f"voicebot:{number.e164}",
            "skip_verify_email": True,
        }
        mapped = {**user, "user_fields": dict(self._note.contact)} if self._note.contact else user
        try:
            answer = self._api.write("users/create_or_update", {"user": mapped}, repeatable=True)
        except Invalid:
            if mapped is user:
                raise
            answer = self._api.write("users/create_or_update", {"user": user}, repeatable=True)
        return _id(answer, "user", ambiguous=False)

    def _put(self, who: str | None) -> str:
        ticket = self._ticket(who)
        with self._progress.begun("writing"):
            try:
                return self._write({**ticket, **self._mapped()}, "full", who)
            except Invalid as error:
                if not self._note.fields or error.names & _REQUESTER:
                    raise
                log.warning("crm.fields_refused", call=self._note.call_id, error=str(error))
            return self._write(ticket, "plain", who)

    def _write(self, ticket: Mapping[str, Any], kind: str, who: str | None) -> str:
        # A key goes with one exact request: what is left out makes another.
        key = f"voicebot-{self._note.call_id[:200]}-{kind}-{who or 'none'}"
        try:
            return _id(self._api.write("tickets", {"ticket": ticket}, key), "ticket")
        except Invalid as error:
            if "IdempotentRequestError" not in error.codes:
                raise
            # Written under this key with other content, which a later record of the call explains.
            if (found := self._written()) is None:
                raise
            return found

    def _ticket(self, who: str | None) -> dict[str, Any]:
        comment = _comment(self._note, self._addressee.remarks(who))
        ticket: dict[str, Any] = {
            "subject": f"Call from {self._note.caller or 'an unknown number'}"[:150],
            "comment": {"html_body": comment, "public": False},
            "external_id": self._note.call_id[:_EXTERNAL],
            "tags": ["voicebot"],
        }
        return {**ticket, "requester_id": int(who)} if who else ticket

    def _mapped(self) -> dict[str, Any]:
        fields = self._note.fields
        own = {name: value for name, value in fields.items() if not name.isdecimal()}
        custom = [{"id": int(name), "value": value} for name, value in fields.items() if name.isdecimal()]
        return {**own, "custom_fields": custom} if custom else own

    def _written(self, call_id: str = "") -> str | None:
        """The id of this call's ticket, if there is one already."""
        wanted = (call_id or self._note.call_id)[:_EXTERNAL]
        tickets = self._api.read("tickets", {"external_id": wanted}).get("tickets")
        if not isinstance(tickets, list):
            raise CrmUnavailable("Zendesk answered a list without tickets")
        found = [each for each in tickets if isinstance(each, dict) and each.get("external_id") == wanted]
        return str(found[0].get("id")) if found else None


def _comment(note: CallNote, remarks: Sequence[str]) -> str:
    """The note in at most `COMMENT` bytes; a transcript in other letters than ours loses its beginning."""
    body = notes.html(note, remarks, COMMENT)
    kept = len(note.turns)
    while len(body.encode()) > COMMENT and kept:
        kept //= 2
        shorter = replace(note, turns=note.turns[len(note.turns) - kept :])
        body = notes.html(
            shorter,
            [*remarks, f"{len(note.turns) - kept} turns left out: a comment has no room for them."],
            COMMENT,
        )
    return body


def _id(answer: Mapping[str, Any], kind: str, ambiguous: bool = True) -> str:
    made = answer.get(kind)
    found = made.get("id") if isinstance(made, dict) else None
    if not isinstance(found, int):
        raise CrmUnavailable(f"Zendesk answered a write without a {kind}", ambiguous=ambiguous)
    return str(found)
