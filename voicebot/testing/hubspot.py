"""HubSpot for tests, over real HTTP: an `Account` behind a server that fails on request.

In a test, `FakeHubSpot` is a context manager. As a process, `python -m voicebot.testing.hubspot --port 4010
--state file.json` keeps every write in the file before it answers, takes faults at `POST /_fake/faults`
(`{"fault": "hang", "operation": "create_note", "times": 1}`) and shows what it holds at `GET /_fake/state`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicebot.testing.hubspot_account import CALLS, NOTES, Account
from voicebot.testing.hubspot_errors import refuse
from voicebot.testing.hubspot_files import Files
from voicebot.testing.hubspot_oauth import OAuth
from voicebot.testing.hubspot_records import Record
from voicebot.testing.vendor import FakeVendor, Fault, Reply, Request, command, run

TOKEN = "pat-na1-not-a-real-token"  # noqa: S105
SCOPES = frozenset(("crm.objects.contacts.read", "crm.objects.contacts.write", "files"))
_PATH = re.compile(r"/crm/(?:(?P<legacy>v[34])/objects|objects/(?P<dated>20\d\d-0[39]))/(?P<rest>.+)")
_FILES = re.compile(r"/files/(?:v3|20\d\d-0[39])/files(?:/(?P<id>\d+)/gdpr-delete)?")
_TOKENS = "/oauth/2026-03/token"


class Operation(StrEnum):
    """What a request asks for."""

    SEARCH_CONTACTS = "search_contacts"
    LIST_CONTACTS = "list_contacts"
    CREATE_CONTACT = "create_contact"
    CHANGE_CONTACT = "change_contact"
    CREATE_NOTE = "create_note"
    LIST_NOTES = "list_notes"
    READ_NOTES = "read_notes"
    SEARCH_NOTES = "search_notes"
    CREATE_CALL = "create_call"
    UPSERT_CALLS = "upsert_calls"
    ASSOCIATE_CALL = "associate_call"
    LIST_CALLS = "list_calls"
    READ_CALLS = "read_calls"
    SEARCH_CALLS = "search_calls"
    DELETE = "delete"
    UPLOAD_FILE = "upload_file"
    DELETE_FILE = "delete_file"


_ROUTES = (
    ("POST", re.compile(r"contacts/search"), Operation.SEARCH_CONTACTS),
    ("GET", re.compile(r"contacts"), Operation.LIST_CONTACTS),
    ("POST", re.compile(r"contacts"), Operation.CREATE_CONTACT),
    ("PATCH", re.compile(r"contacts/(\d+)"), Operation.CHANGE_CONTACT),
    ("POST", re.compile(r"notes"), Operation.CREATE_NOTE),
    ("GET", re.compile(r"contacts/(\d+)/associations/notes"), Operation.LIST_NOTES),
    ("POST", re.compile(r"notes/batch/read"), Operation.READ_NOTES),
    ("POST", re.compile(r"notes/search"), Operation.SEARCH_NOTES),
    ("POST", re.compile(r"calls"), Operation.CREATE_CALL),
    ("DELETE", re.compile(r"((?:notes|calls)/\d+)"), Operation.DELETE),
    ("POST", re.compile(r"calls/batch/upsert"), Operation.UPSERT_CALLS),
    ("PUT", re.compile(r"calls/(\d+/associations/default/contacts?/\d+)"), Operation.ASSOCIATE_CALL),
    ("GET", re.compile(r"contacts/(\d+)/associations/calls"), Operation.LIST_CALLS),
    ("POST", re.compile(r"calls/batch/read"), Operation.READ_CALLS),
    ("POST", re.compile(r"calls/search"), Operation.SEARCH_CALLS),
)
_WRITING = (
    Operation.CREATE_CONTACT,
    Operation.CHANGE_CONTACT,
    Operation.CREATE_NOTE,
    Operation.CREATE_CALL,
    Operation.UPSERT_CALLS,
    Operation.ASSOCIATE_CALL,
    Operation.DELETE,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks for.

    identity: what its path names; "" for nothing. legacy: whether the path holds a version instead of a date.
    """

    operation: Operation
    identity: str = ""
    legacy: bool = False


class FakeHubSpot(FakeVendor):
    """A HubSpot server on loopback; a context manager.

    Its requests are meant by their `Operation`. Tokens of the app and what stands under `/_fake/` never fail.

    port: 0 takes a free one. clock: seconds since the epoch. Everything else as in `Account`.
    """

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        clock: Callable[[], float] = time.time,
        search_lag: float = 0.0,
        region: str = "US",
        state: Path | None = None,
    ) -> None:
        super().__init__(port)
        self.account = Account(clock, search_lag, region, state)
        self.oauth = OAuth(clock)
        self.scopes = set(SCOPES)
        self._token = token

    @property
    def notes(self) -> list[Record]:
        """Every note, oldest first."""
        return list(self.account.notes.values())

    @property
    def calls(self) -> list[Record]:
        """Every call, oldest first."""
        return list(self.account.calls.values())

    @property
    def contacts(self) -> list[Record]:
        """Every contact, oldest first."""
        return list(self.account.contacts.values())

    @property
    def files(self) -> Files:
        """Every file."""
        return self.account.files

    def meant(self, request: Request, part: str) -> bool:
        """By the operation; "" means every one."""
        asked = _asked(request)
        return asked is not None and part in ("", asked.operation)

    def aside(self, request: Request) -> Reply | None:
        """Tokens, and what the process is told and asked."""
        if (request.method, request.path) == ("POST", _TOKENS):
            with self._lock:
                return Reply(*self.oauth.answer(request.body))
        return self._control(request) if request.path.startswith("/_fake/") else None

    def carry_out(self, request: Request) -> Reply:
        """Answer as HubSpot does."""
        asked = _asked(request)
        if asked is None:
            return refuse(404, "NOT_FOUND", "no such resource")
        if request.body is None and asked.operation is not Operation.UPLOAD_FILE:
            return refuse(400, "VALIDATION_ERROR", "Invalid input JSON")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if given != self._token and not self.oauth.knows(given):
            return refuse(401, "INVALID_AUTHENTICATION", "The token is not known")
        scope = _scope(asked.operation)
        if scope not in self.scopes:
            return refuse(403, "MISSING_SCOPES", "A scope is missing", {"requiredGranularScopes": [scope]})
        reply = self._actions(request, asked)[asked.operation]()
        if asked.operation in _WRITING:
            self.written.set()
        return reply

    def refusal(self, fault: Fault) -> Reply:
        """HubSpot's words."""
        return {
            Fault.BROKEN: refuse(500, "INTERNAL_ERROR", "internal error"),
            Fault.AWAY: refuse(503, "SERVICE_UNAVAILABLE", "away for a while"),
            Fault.UNAUTHORIZED: refuse(401, "EXPIRED_AUTHENTICATION", "The token expired"),
            Fault.FORBIDDEN: refuse(403, "MISSING_SCOPES", "A scope is missing"),
            Fault.THROTTLED: _limit("SECONDLY"),
            Fault.TEN_SECONDLY_ROLLING: _limit("TEN_SECONDLY_ROLLING"),
            Fault.SPENT: _limit("DAILY"),
            Fault.INVALID: refuse(400, "VALIDATION_ERROR", "Property values were not valid"),
            Fault.GONE: refuse(404, "OBJECT_NOT_FOUND", "no such object"),
            Fault.CONFLICT: refuse(409, "CONFLICT", "Object already exists"),
            Fault.TOO_LARGE: refuse(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large"),
            Fault.LOCKED: refuse(423, "LOCKED", "locked"),
            Fault.MIGRATING: refuse(477, "MIGRATION_IN_PROGRESS", "the account is being moved"),
        }[fault]

    def _actions(self, request: Request, asked: _Asked) -> Mapping[Operation, Callable[[], Reply]]:
        account, body, query = self.account, request.body, request.query
        identity, legacy = asked.identity, asked.legacy
        kind = request.headers.get("Content-Type", "")
        return {
            Operation.SEARCH_CONTACTS: lambda: account.search("contacts", body),
            Operation.LIST_CONTACTS: lambda: account.list_contacts(query),
            Operation.CREATE_CONTACT: lambda: account.create_contact(body),
            Operation.CHANGE_CONTACT: lambda: account.change_contact(identity, body),
            Operation.CREATE_NOTE: lambda: account.create(NOTES, body),
            Operation.LIST_NOTES: lambda: account.listed(NOTES, identity, query, legacy),
            Operation.READ_NOTES: lambda: account.read(NOTES, body),
            Operation.SEARCH_NOTES: lambda: account.search("notes", body),
            Operation.CREATE_CALL: lambda: account.create(CALLS, body),
            Operation.UPSERT_CALLS: lambda: account.upsert(CALLS, body),
            Operation.ASSOCIATE_CALL: lambda: account.associate(CALLS, *_ends(identity)),
            Operation.LIST_CALLS: lambda: account.listed(CALLS, identity, query, legacy),
            Operation.READ_CALLS: lambda: account.read(CALLS, body),
            Operation.DELETE: lambda: account.delete(*_ends(identity)),
            Operation.SEARCH_CALLS: lambda: account.search("calls", body),
            Operation.UPLOAD_FILE: lambda: account.files.upload(kind, request.raw),
            Operation.DELETE_FILE: lambda: account.files.delete(identity),
        }

    def _control(self, request: Request) -> Reply:
        if (request.method, request.path) == ("POST", "/_fake/faults"):
            wanted: Mapping[str, Any] = request.body
            operation = Operation(wanted["operation"]) if wanted.get("operation") else ""
            times, retry_after = int(wanted.get("times", 1)), str(wanted.get("retry_after", ""))
            self.fail(Fault(wanted["fault"]), operation, times, retry_after)
            return Reply(200, {})
        if (request.method, request.path) == ("GET", "/_fake/state"):
            with self._lock:
                return Reply(
                    200,
                    {
                        "contacts": [dict(record.properties, id=record.id) for record in self.contacts],
                        "notes": [
                            dict(record.properties, id=record.id, contacts=record.contacts)
                            for record in self.notes
                        ],
                        "requests": [asked.operation for each in self.requests if (asked := _asked(each))],
                    },
                )
        return refuse(404, "NOT_FOUND", "no such control")


def _asked(request: Request) -> _Asked | None:
    if (stored := _FILES.fullmatch(request.path)) is not None:
        files = {("POST", True): Operation.UPLOAD_FILE, ("DELETE", False): Operation.DELETE_FILE}
        operation = files.get((request.method, stored["id"] is None))
        return _Asked(operation, stored["id"] or "") if operation else None
    if (below := _PATH.fullmatch(request.path)) is None:
        return None
    for method, pattern, operation in _ROUTES:
        matched = pattern.fullmatch(below["rest"])
        if method == request.method and matched:
            identity = matched[1] if matched.groups() else ""
            return _Asked(operation, identity, below["legacy"] is not None)
    return None


def _scope(operation: Operation) -> str:
    """The one that the operation takes."""
    if operation in (Operation.UPLOAD_FILE, Operation.DELETE_FILE):
        return "files"
    return "crm.objects.contacts." + ("write" if operation in _WRITING else "read")


def _limit(policy: str) -> Reply:
    message = f"You have reached your {policy.lower()} limit."
    limit = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": policy}
    return Reply(429, limit)


def _ends(identity: str) -> tuple[str, str]:
    first, *_, last = identity.split("/")
    return first, last


def main() -> None:
    """Run as a process until killed; prints the base URL."""
    parser = command("voicebot.testing.hubspot", "A fake HubSpot.")
    parser.add_argument("--state", type=Path, help="file that keeps everything written")
    parser.add_argument("--token", default=TOKEN, help=f"token to accept (default: {TOKEN})")
    parser.add_argument("--search-lag", type=float, default=0.0, help="seconds until search knows new things")
    options = parser.parse_args()
    run(FakeHubSpot(options.port, options.token, search_lag=options.search_lag, state=options.state))


if __name__ == "__main__":
    main()
