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
from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.numbers import Number
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.crm.progress import Progress, ambiguous
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmError, CrmUnavailable, SettingsError

DELIVERY_SECONDS = 30.0
"""No request of a delivery begins later; with the longest request it ends well within a worker's lease."""

COMMENT = 65_000
"""Bytes of a comment; Zendesk takes 65,535."""

FIELDS = ("brand_id", "group_id", "priority", "ticket_form_id", "type")
"""Properties of a ticket that a dialog file may map besides custom fields, which are named by their id."""

_EXTERNAL = 255
_PAGES = 5
_NOBODY = "none"
_SENT = "sent"

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

    Kept between attempts: `who`, the id of the user, `_NOBODY`, or "" while undecided; `writing`, whether writing
    the ticket was begun with its end unknown.
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
        self._create_user = create_user
        self._note = note
        self._number = number
        self._repeat = attempt.repeat
        self._progress = Progress(attempt)
        self._gone: str | None = None

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
        who = self._who()
        if who is None:
            return self._put(None)
        try:
            return self._put(who)
        except Invalid as error:
            if not error.names & {"requester", "requester_id", "base"}:
                raise
            log.warning("crm.note_unassociated", call=self._note.call_id, error=str(error))
        # Deleted, suspended or merged meanwhile: whoever has the number now, else nobody.
        self._gone = who
        self._progress.put(who="", matches="")
        who = self._who()
        try:
            return self._put(who)
        except Invalid:
            if who is None:
                raise
        self._progress.put(who=_NOBODY, remark="The user of this call could not be found again.")
        return self._put(None)

    def _comment_on(self, ticket: str) -> str:
        """Add what an agent wrote later to the call's ticket, if it is not there yet; the ticket's id."""
        before = self._progress["writing"]
        if self._repeat or before:
            comments = self._api.read(f"tickets/{ticket}/comments", {"sort": "-created_at"}).get("comments")
            if not isinstance(comments, list):
                raise CrmUnavailable("Zendesk answered a list without comments")
            bodies = (str(each.get("html_body") or "") for each in comments if isinstance(each, dict))
            if any(notes.is_marked(body, self._note.call_id) for body in bodies):
                return ticket
        self._progress.put(writing=_SENT)
        comment = {"html_body": _comment(self._note, ()), "public": False}
        try:
            self._api.change(f"tickets/{ticket}", {"ticket": {"comment": comment}})
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(writing=before)
            raise
        return ticket

    def _who(self) -> str | None:
        decided = self._progress["who"]
        if decided:
            return None if decided == _NOBODY else decided
        if self._number is None:
            self._progress.put(who=_NOBODY)
            return None
        found = self._find(self._number)
        if found:
            self._progress.put(who=found[0], matches=str(len(found)))
            return found[0]
        if not self._create_user or self._gone is not None:
            self._progress.put(who=_NOBODY)
            return None
        return self._new_user(self._number)

    def _find(self, number: Number) -> list[str]:
        """Ids of the users with exactly this number, the one changed last first."""
        found = zendesk_search.users(self._api, number, self._region, _PAGES, self._gone)
        return [str(user.get("id")) for user in found.people]

    def _new_user(self, number: Number) -> str | None:
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
            try:
                answer = self._api.write("users/create_or_update", {"user": mapped}, repeatable=True)
            except Invalid:
                if mapped is user:
                    raise
                answer = self._api.write("users/create_or_update", {"user": user}, repeatable=True)
        except Invalid as error:
            log.warning("crm.contact_refused", call=self._note.call_id, error=str(error))
            self._progress.put(who=_NOBODY, remark="Zendesk refused to create a user for this caller.")
            return None
        who = _id(answer, "user", ambiguous=False)
        self._progress.put(who=who)
        return who

    def _put(self, who: str | None) -> str:
        before = self._progress["writing"]
        self._progress.put(writing=_SENT)
        ticket = self._ticket(who)
        try:
            try:
                return self._write({**ticket, **self._mapped()}, "full", who)
            except Invalid as error:
                if not self._note.fields or error.names & {"requester", "requester_id"}:
                    raise
                log.warning("crm.fields_refused", call=self._note.call_id, error=str(error))
            return self._write(ticket, "plain", who)
        except CrmError as error:
            if not ambiguous(error):
                self._progress.put(writing=before)
            raise

    def _write(self, ticket: Mapping[str, Any], kind: str, who: str | None) -> str:
        # A key goes with one exact request: what is left out makes another.
        key = f"voicebot-{self._note.call_id[:200]}-{kind}-{who or _NOBODY}"
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
        remarks = [remark] if (remark := self._progress["remark"]) else []
        if who is not None and (hint := matches.several(int(self._progress["matches"] or 0), "users")):
            remarks.append(hint)
        ticket: dict[str, Any] = {
            "subject": f"Call from {self._note.caller or 'an unknown number'}"[:150],
            "comment": {"html_body": _comment(self._note, remarks), "public": False},
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
