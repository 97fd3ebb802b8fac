"""Salesforce for tests, over real HTTP: tokens, phone search, SOQL and Tasks, in the documented shapes.

In a test, `FakeSalesforce` is a context manager; `python -m voicebot.testing.salesforce --port 4011` runs one.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from voicebot.testing.vendor import FakeVendor, Fault, Refused, Reply, Request, command, run

CLIENT_ID = "3MVG9.fake-consumer-key"
CLIENT_SECRET = "not-a-real-consumer-secret"  # noqa: S105
USERNAME = "bot@acme.example"
AUDIENCE = "https://login.salesforce.com"

_LENGTHS = {"Description": 32_000, "Subject": 255, "CallDisposition": 255, "CallObject": 255}
_CALL = frozenset(("CallType", "CallDurationInSeconds", "CallDisposition", "CallObject"))
_TASK = frozenset(
    ("WhoId", "WhatId", "Subject", "Description", "Status", "Priority", "ActivityDate", "TaskSubtype")
)
_PERSON = frozenset(("FirstName", "LastName", "Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone"))
_LEAD = frozenset(("Company", "IsConverted"))
_NAME = "Name"
_SYSTEM = frozenset(("Id", "CreatedDate", "LastModifiedDate"))
_PREFIX = {"Contact": "003", "Lead": "00Q", "Task": "00T"}
_SOQL = re.compile(
    r"SELECT (?P<fields>[\w, ]+) FROM (?P<kind>\w+) WHERE (?P<where>.+?)"
    r"(?: ORDER BY (?P<order>\w+) DESC)? LIMIT (?P<limit>\d+)"
)
_CLAUSE = re.compile(r"(\w+) = (?:'((?:[^'\\]|\\.)*)'|([\w-]+))")

Record = dict[str, Any]


class FakeSalesforce(FakeVendor):
    """A Salesforce org behind a server; a context manager.

    key: the public key of the JWT bearer flow. search_lag: seconds until search knows new people, as SOQL does.
    external_id: name of Task's unique field, "" for none. call_center: whether Task has the call fields.
    custom: further fields of Task, with their lengths. contact_fields: further fields of contacts.
    clock: seconds since the epoch.
    """

    def __init__(
        self,
        port: int = 0,
        key: rsa.RSAPublicKey | None = None,
        search_lag: float = 0.0,
        external_id: str = "",
        call_center: bool = True,
        custom: Mapping[str, int] | None = None,
        contact_fields: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(port)
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in _PREFIX}
        self.refused: set[str] = set()
        self.tokens: list[str] = []
        self._valid: set[str] = set()
        self._key = key
        self._lag = search_lag
        self._external_id = external_id
        self._call_center = call_center
        self._custom = dict(custom or {})
        self._contact_fields = frozenset(contact_fields)
        self._clock = clock
        self._next = 1

    @property
    def tasks(self) -> list[Record]:
        """Every Task, oldest first."""
        return list(self.records["Task"].values())

    @property
    def leads(self) -> list[Record]:
        """Every lead, oldest first."""
        return list(self.records["Lead"].values())

    def add(self, kind: str, **fields: Any) -> str:
        """The id of a new record of `kind`."""
        return self._new(kind, fields)

    def delete(self, identity: str) -> None:
        """Take a record away."""
        for records in self.records.values():
            records.pop(identity, None)

    def expire(self) -> None:
        """End every session."""
        self._valid.clear()

    def carry_out(self, request: Request) -> Reply:
        """Answer as Salesforce does."""
        if request.path == "/services/oauth2/token":
            return self._token(request.body)
        matched = re.fullmatch(r"/services/data/v\d+\.0/(.+)", request.path)
        if matched is None:
            raise Refused(_error(404, "NOT_FOUND", "The requested resource does not exist"))
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._valid:
            raise Refused(_error(401, "INVALID_SESSION_ID", "Session expired or invalid"))
        path = matched[1]
        if (request.method, path) == ("POST", "parameterizedSearch"):
            return Reply(200, {"searchRecords": list(self._search(request.body))})
        if (request.method, path) == ("GET", "query"):
            return self._query(request.query["q"])
        if (request.method, path) == ("GET", "limits"):
            return Reply(200, {"DailyApiRequests": {"Max": 5000, "Remaining": 4982}})
        if request.method == "POST" and path in ("sobjects/Task", "sobjects/Lead"):
            kind = path.removeprefix("sobjects/")
            return Reply(201, {"id": self._create(kind, request.body), "success": True, "errors": []})
        if request.method == "DELETE" and (found := re.fullmatch(r"sobjects/Task/(\w+)", path)):
            if self.records["Task"].pop(found[1], None) is None:
                raise Refused(_error(404, "ENTITY_IS_DELETED", "entity is deleted"))
            return Reply(204)
        if request.method == "PATCH" and (found := re.fullmatch(r"sobjects/Task/(\w+)/(.+)", path)):
            return self._upsert(found[1], unquote(found[2]), request.body)
        raise Refused(_error(404, "NOT_FOUND", "The requested resource does not exist"))

    def refusal(self, fault: Fault) -> Reply:
        """Salesforce's words: an array of errors."""
        return {
            Fault.BROKEN: _error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred"),
            Fault.AWAY: _error(503, "SERVER_UNAVAILABLE", "The server is busy"),
            Fault.UNAUTHORIZED: _error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
            Fault.FORBIDDEN: _error(403, "INSUFFICIENT_ACCESS", "insufficient access rights"),
            Fault.THROTTLED: _error(429, "TOO_MANY_REQUESTS", "too many requests"),
            Fault.SPENT: _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            Fault.INVALID: _error(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "a rule of the org", ["Subject"]),
            Fault.GONE: _error(404, "NOT_FOUND", "The requested resource does not exist"),
            Fault.CONFLICT: _error(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"),
            Fault.TOO_LARGE: Reply(413, None),
        }[fault]

    def _token(self, form: Any) -> Reply:
        grant = form.get("grant_type")
        if grant == "client_credentials":
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                return Reply(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        elif grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            if not self._asserted(str(form.get("assertion"))):
                return Reply(400, {"error": "invalid_grant", "error_description": "invalid assertion"})
        else:
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"})
        token = f"00Dfake!{len(self.tokens)}"
        self.tokens.append(token)
        self._valid.add(token)
        return Reply(
            200,
            {
                "access_token": token,
                "instance_url": self.base,
                "id": f"{AUDIENCE}/id/00Dfake/005fake",
                "token_type": "Bearer",
                "issued_at": str(round(self._clock() * 1000)),
                "signature": "ZmFrZQ==",
            },
        )

    def _asserted(self, assertion: str) -> bool:
        signed, _, signature = assertion.rpartition(".")
        try:
            header, claims = (json.loads(_bytes(part)) for part in signed.split("."))
            if self._key is None:
                return False
            self._key.verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        said = (header["alg"], claims["iss"], claims["sub"], claims["aud"])
        left = claims["exp"] - self._clock()
        return said == ("RS256", CLIENT_ID, USERNAME, AUDIENCE) and 0 < left <= 300

    def _search(self, body: Mapping[str, Any]) -> Iterator[Record]:
        digits = re.sub(r"\D", "", body["q"])
        horizon = self._clock() - self._lag
        for wanted in body["sobjects"]:
            kind, found = wanted["name"], 0
            for record in self.records[kind].values():
                phones = (re.sub(r"\D", "", str(record.get(name) or "")) for name in _PERSON if "Phone" in name)
                if record["made"] > horizon or not any(digits in phone for phone in phones if phone):
                    continue
                found += 1
                if found > int(wanted["limit"]):
                    break
                unknown = set(wanted["fields"]) - self._fields(kind)
                if unknown:
                    raise Refused(_error(400, "INVALID_FIELD", f"No such column '{min(unknown)}'"))
                yield {**self._shown(kind, record, wanted["fields"])}

    def _query(self, soql: str) -> Reply:
        matched = _SOQL.fullmatch(soql)
        if matched is None:
            raise Refused(_error(400, "MALFORMED_QUERY", "unexpected token"))
        kind, names = matched["kind"], [name.strip() for name in matched["fields"].split(",")]
        wanted = {}
        for clause in matched["where"].split(" AND "):
            found = _CLAUSE.fullmatch(clause)
            if found is None:
                raise Refused(_error(400, "MALFORMED_QUERY", "unexpected token"))
            text = re.sub(r"\\(.)", r"\1", found[2] or "") if found[3] is None else found[3]
            wanted[found[1]] = {"true": True, "false": False}.get(text, text) if found[3] else text
        unknown = ({*names, *wanted} - self._fields(kind)) | ({"Description"} & set(wanted))
        if unknown:
            raise Refused(_error(400, "INVALID_FIELD", f"No such column '{min(unknown)}' on entity '{kind}'."))
        records = [
            record
            for record in self.records[kind].values()
            if all(record.get(name, False if value is False else None) == value for name, value in wanted.items())
        ]
        if matched["order"]:
            records.reverse()
        shown = [self._shown(kind, record, names) for record in records[: int(matched["limit"])]]
        return Reply(200, {"totalSize": len(shown), "done": True, "records": shown})

    def _create(self, kind: str, fields: Mapping[str, Any]) -> str:
        self._check(kind, fields)
        if kind == "Lead":
            missing = [name for name in ("LastName", "Company") if not fields.get(name)]
            if missing:
                raise Refused(_error(400, "REQUIRED_FIELD_MISSING", "Required fields are missing", missing))
        identity = self._new(kind, fields)
        self.written.set()
        return identity

    def _upsert(self, field: str, value: str, fields: Mapping[str, Any]) -> Reply:
        if field != self._external_id or not field:
            message = "Provided external ID field does not exist or is not accessible"
            raise Refused(_error(404, "NOT_FOUND", message))
        self._check("Task", fields)
        for task in self.tasks:
            if task.get(field) == value:
                task.update(fields)
                return Reply(200, {"id": task["Id"], "success": True, "errors": [], "created": False})
        identity = self._create("Task", {**fields, field: value})
        return Reply(201, {"id": identity, "success": True, "errors": [], "created": True})

    def _check(self, kind: str, fields: Mapping[str, Any]) -> None:
        unknown = set(fields) - self._fields(kind)
        if unknown:
            raise Refused(
                _error(400, "INVALID_FIELD", f"No such column '{min(unknown)}' on sobject of type {kind}")
            )
        lengths = {**_LENGTHS, **self._custom, "LastName": 80, "Company": 255}
        long = [name for name, value in fields.items() if len(str(value)) > lengths.get(name, 255)]
        if long:
            raise Refused(_error(400, "STRING_TOO_LONG", "data value too large", long))
        refused = sorted(set(fields) & self.refused)
        if refused:
            raise Refused(_error(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "a rule of the org", refused))
        who = fields.get("WhoId")
        if who and not any(who in self.records[each] for each in ("Contact", "Lead")):
            raise Refused(_error(400, "ENTITY_IS_DELETED", "entity is deleted"))

    def _fields(self, kind: str) -> frozenset[str]:
        if kind == "Task":
            own = {self._external_id} - {""}
            return _TASK | _SYSTEM | own | set(self._custom) | (_CALL if self._call_center else frozenset())
        return _PERSON | _SYSTEM | {_NAME} | (_LEAD if kind == "Lead" else self._contact_fields)

    def _new(self, kind: str, fields: Mapping[str, Any]) -> str:
        identity = f"{_PREFIX[kind]}{self._next:012d}AAA"
        self._next += 1
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        self.records[kind][identity] = {
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            **fields,
            "Id": identity,
            "made": now,
        }
        return identity

    def _shown(self, kind: str, record: Record, names: list[str]) -> Record:
        attributes = {"type": kind, "url": f"/services/data/v67.0/sobjects/{kind}/{record['Id']}"}
        whole = " ".join(record[part] for part in ("FirstName", "LastName") if record.get(part))
        return {
            "attributes": attributes,
            **{name: whole or None if name == _NAME else record.get(name) for name in names},
        }


def _error(status: int, code: str, message: str, fields: list[str] | None = None) -> Reply:
    error: dict[str, Any] = {"message": message, "errorCode": code}
    return Reply(status, [error if fields is None else {**error, "fields": fields}])


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def main() -> None:
    """Run as a process until killed; prints the base URL."""
    description = f"A fake Salesforce org; client id {CLIENT_ID}, secret {CLIENT_SECRET}."
    run(FakeSalesforce(command("voicebot.testing.salesforce", description).parse_args().port))


if __name__ == "__main__":
    main()
