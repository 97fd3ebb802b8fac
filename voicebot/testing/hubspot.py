"""HubSpot for tests, over real HTTP: an `Account` behind a server that fails on request.

In a test, `FakeHubSpot` is a context manager. As a process, `python -m voicebot.testing.hubspot --port 4010
--state file.json` keeps every write in the file before it answers, takes faults at `POST /_fake/faults`
(`{"fault": "hang", "operation": "create_note", "times": 1}`) and shows what it holds at `GET /_fake/state`.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from voicebot.testing.hubspot_account import CALLS, NOTES, Account, Answer, Record, Refusal, refuse
from voicebot.testing.hubspot_files import Files
from voicebot.testing.hubspot_oauth import OAuth
from voicebot.testing.loopback import LoopbackServer, Serving

TOKEN = "pat-na1-not-a-real-token"  # noqa: S105
SCOPES = frozenset(("crm.objects.contacts.read", "crm.objects.contacts.write", "files"))
_PATH = re.compile(r"/crm/(?:(?P<legacy>v[34])/objects|objects/(?P<dated>20\d\d-0[39]))/(?P<rest>.+)")
_FILES = re.compile(r"/files/(?:v3|20\d\d-0[39])/files(?:/(?P<id>\d+)/gdpr-delete)?")
_HANG_SECONDS = 60.0


class Operation(Enum):
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


class Fault(Enum):
    """How a request fails. Those before `DROPPED` are carried out all the same."""

    LOST = "lost"  # the connection closes without an answer
    HANG = "hang"  # no answer
    BAD_GATEWAY = "bad_gateway"  # 502 from something in between
    GARBAGE = "garbage"  # 200 with something that is not JSON
    NO_ID = "no_id"  # 200 with a JSON object that says nothing
    DROPPED = "dropped"  # the connection closes, nothing is done
    RESET = "reset"  # the connection is reset, nothing is done
    STALL = "stall"  # no answer, and nothing is done
    BROKEN = "broken"  # 500
    HTML = "html"  # 403 with a page, as a firewall sends it
    REDIRECT = "redirect"  # 302
    UNAUTHORIZED = "unauthorized"  # 401
    MISSING_SCOPES = "missing_scopes"  # 403
    SECONDLY = "secondly"  # 429, by policy
    TEN_SECONDLY_ROLLING = "ten_secondly_rolling"
    DAILY = "daily"
    LOCKED = "locked"  # 423
    MIGRATING = "migrating"  # 477
    INVALID = "invalid"  # 400
    GONE = "gone"  # 404
    CONFLICT = "conflict"  # 409
    TOO_LARGE = "too_large"  # 413


_CARRIED_OUT = (Fault.LOST, Fault.HANG, Fault.BAD_GATEWAY, Fault.GARBAGE, Fault.NO_ID)
_LIMITS = (Fault.SECONDLY, Fault.TEN_SECONDLY_ROLLING, Fault.DAILY)


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    operation: Operation | None
    times: int
    retry_after: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    operation: Operation
    path: str
    body: dict[str, Any]


class FakeHubSpot(LoopbackServer):
    """A HubSpot server on loopback; a context manager.

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
        self.account = Account(clock, search_lag, region, state)
        self.oauth = OAuth(clock)
        self.files = Files(self.account.files)
        self.scopes = set(SCOPES)
        self.requests: list[Request] = []
        self.written = threading.Event()
        self._token = token
        self._script: list[_Scripted] = []
        self._lock = threading.Lock()
        super().__init__(_Handler, port)

    @property
    def url(self) -> str:
        """Base URL, for VOICEBOT_HUBSPOT_BASE_URL."""
        return self.base

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

    def fail(
        self, fault: Fault, operation: Operation | None = None, times: int = 1, retry_after: str = ""
    ) -> None:
        """Fail the next `times` requests, or those of `operation`. retry_after: that header, where it fits."""
        with self._lock:
            self._script.append(_Scripted(fault, operation, times, retry_after))

    def heal(self) -> None:
        """Fail no more."""
        with self._lock:
            self._script.clear()

    def asked(self, operation: Operation) -> list[Request]:
        """The requests of one kind, oldest first."""
        return [request for request in self.requests if request.operation is operation]

    def answer(self, handler: _Handler, method: str, target: str, authorization: str, raw: bytes) -> None:
        """Carry out one request, or fail as scripted."""
        parts = urlsplit(target)
        if parts.path.startswith("/_fake/"):
            handler.send_json(self._control(method, parts.path, raw))
            return
        if (method, parts.path) == ("POST", "/oauth/2026-03/token"):
            with self._lock:
                handler.send_json(Answer(*self.oauth.answer(dict(parse_qsl(raw.decode())))))
            return
        if (stored := _FILES.fullmatch(parts.path)) is not None:
            self._file(handler, method, stored["id"], authorization, raw)
            return
        matched = _PATH.fullmatch(parts.path)
        operation, identity = _route(method, matched["rest"]) if matched else (None, "")
        if matched is None or operation is None:
            handler.send_json(refuse(404, "NOT_FOUND", "no such resource"))
            return
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            handler.send_json(refuse(400, "VALIDATION_ERROR", "Invalid input JSON"))
            return
        with self._lock:
            self.requests.append(Request(operation, parts.path, body))
            scripted = self._scripted(operation)
            if scripted is None or scripted.fault in _CARRIED_OUT:
                legacy = matched["legacy"] is not None
                answer = self._carry_out(
                    operation, identity, dict(parse_qsl(parts.query)), body, authorization, legacy
                )
            else:
                answer = Answer(0, {})
        if scripted is None:
            handler.send_json(answer)
        else:
            self._fail(handler, scripted)

    def _file(self, handler: _Handler, method: str, identity: str | None, authorization: str, raw: bytes) -> None:
        wanted = {("POST", True): Operation.UPLOAD_FILE, ("DELETE", False): Operation.DELETE_FILE}
        operation = wanted.get((method, identity is None))
        if operation is None:
            handler.send_json(refuse(404, "NOT_FOUND", "no such resource"))
            return
        with self._lock:
            self.requests.append(Request(operation, handler.path, {}))
            scripted = self._scripted(operation)
            answer = Answer(0, {})
            if scripted is None or scripted.fault in _CARRIED_OUT:
                given = authorization.removeprefix("Bearer ")
                if given != self._token and not self.oauth.knows(given):
                    answer = refuse(401, "INVALID_AUTHENTICATION", "The token is not known")
                elif "files" not in self.scopes:
                    context = {"requiredGranularScopes": ["files"]}
                    answer = refuse(403, "MISSING_SCOPES", "A scope is missing", context)
                elif identity is None:
                    answer = self.files.upload(handler.headers.get("Content-Type", ""), raw)
                else:
                    answer = self.files.delete(identity)
        if scripted is None:
            handler.send_json(answer)
        else:
            self._fail(handler, scripted)

    def _scripted(self, operation: Operation) -> _Scripted | None:
        for scripted in self._script:
            if scripted.operation in (None, operation):
                scripted.times -= 1
                if scripted.times <= 0:
                    self._script.remove(scripted)
                return scripted
        return None

    def _carry_out(
        self,
        operation: Operation,
        identity: str,
        query: Mapping[str, str],
        body: Mapping[str, Any],
        authorization: str,
        legacy: bool,
    ) -> Answer:
        given = authorization.removeprefix("Bearer ")
        if given != self._token and not self.oauth.knows(given):
            return refuse(401, "INVALID_AUTHENTICATION", "The token is not known")
        scope = "crm.objects.contacts." + ("write" if operation in _WRITING else "read")
        if scope not in self.scopes:
            return refuse(403, "MISSING_SCOPES", "A scope is missing", {"requiredGranularScopes": [scope]})
        account = self.account
        actions: dict[Operation, Callable[[], Answer]] = {
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
        }
        try:
            answer = actions[operation]()
        except Refusal as refusal:
            return refusal.answer
        if operation in _WRITING:
            self.written.set()
        return answer

    def _fail(self, handler: _Handler, scripted: _Scripted) -> None:
        fault = scripted.fault
        headers = {"Retry-After": scripted.retry_after} if scripted.retry_after else {}
        if fault in (Fault.HANG, Fault.STALL):
            self.released.wait(_HANG_SECONDS)
        if fault is Fault.RESET:
            # With a linger of zero, closing sends RST instead of FIN.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault in (Fault.HANG, Fault.STALL, Fault.LOST, Fault.DROPPED, Fault.RESET):
            handler.close_connection = True
        elif fault in (Fault.HTML, Fault.BAD_GATEWAY):
            status = 403 if fault is Fault.HTML else 502
            handler.send(status, "text/html", b"<html><body><h1>Sorry</h1></body></html>", headers)
        elif fault is Fault.REDIRECT:
            handler.send(302, "text/html", b"", {"Location": "/elsewhere"})
        elif fault is Fault.GARBAGE:
            handler.send(200, "application/json", b'{"id": "7', headers)
        elif fault in _LIMITS:
            message = f"You have reached your {fault.value} limit."
            limit = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": fault.name}
            handler.send_json(Answer(429, limit), headers)
        else:
            handler.send_json(_ANSWERS[fault], headers)

    def _control(self, method: str, path: str, raw: bytes) -> Answer:
        if (method, path) == ("POST", "/_fake/faults"):
            asked = json.loads(raw)
            operation = Operation(asked["operation"]) if asked.get("operation") else None
            self.fail(
                Fault(asked["fault"]), operation, int(asked.get("times", 1)), str(asked.get("retry_after", ""))
            )
            return Answer(200, {})
        if (method, path) == ("GET", "/_fake/state"):
            with self._lock:
                return Answer(
                    200,
                    {
                        "contacts": [dict(record.properties, id=record.id) for record in self.contacts],
                        "notes": [
                            dict(record.properties, id=record.id, contacts=record.contacts)
                            for record in self.notes
                        ],
                        "requests": [request.operation.value for request in self.requests],
                    },
                )
        return refuse(404, "NOT_FOUND", "no such control")


_ANSWERS = {
    Fault.NO_ID: Answer(201, {"status": "ok"}),
    Fault.BROKEN: refuse(500, "INTERNAL_ERROR", "internal error"),
    Fault.UNAUTHORIZED: refuse(401, "EXPIRED_AUTHENTICATION", "The token expired"),
    Fault.MISSING_SCOPES: refuse(403, "MISSING_SCOPES", "A scope is missing"),
    Fault.LOCKED: refuse(423, "LOCKED", "locked"),
    Fault.MIGRATING: refuse(477, "MIGRATION_IN_PROGRESS", "the account is being moved"),
    Fault.INVALID: refuse(400, "VALIDATION_ERROR", "Property values were not valid"),
    Fault.GONE: refuse(404, "OBJECT_NOT_FOUND", "no such object"),
    Fault.CONFLICT: refuse(409, "CONFLICT", "Object already exists"),
    Fault.TOO_LARGE: refuse(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two would wait for each other's acknowledgement
    server: Serving[FakeHubSpot]

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.fake.answer(self, self.command, self.path, self.headers.get("Authorization", ""), raw)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    def send_json(self, answer: Answer, headers: Mapping[str, str] | None = None) -> None:
        content = b"" if answer.status == 204 else json.dumps(answer.body).encode()
        self.send(answer.status, "application/json", content, headers or {})

    def send(self, status: int, kind: str, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the requests are kept."""


def _route(method: str, rest: str) -> tuple[Operation | None, str]:
    for wanted, pattern, operation in _ROUTES:
        matched = pattern.fullmatch(rest)
        if method == wanted and matched:
            return operation, matched[1] if matched.groups() else ""
    return None, ""


def _ends(identity: str) -> tuple[str, str]:
    first, *_, last = identity.split("/")
    return first, last


def main() -> None:
    """Run as a process until killed; prints the base URL."""
    parser = argparse.ArgumentParser(prog="python -m voicebot.testing.hubspot", description="A fake HubSpot.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", type=Path, help="file that keeps everything written")
    parser.add_argument("--token", default=TOKEN, help=f"token to accept (default: {TOKEN})")
    parser.add_argument("--search-lag", type=float, default=0.0, help="seconds until search knows new things")
    options = parser.parse_args()
    with FakeHubSpot(options.port, options.token, search_lag=options.search_lag, state=options.state) as hubspot:
        print(hubspot.url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
