"""Zendesk for tests, over real HTTP: tokens, users and tickets, in the documented shapes.

In a test, `FakeZendesk` is a context manager; `python -m voicebot.testing.zendesk --port 4012` runs one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from voicebot.testing.vendor import FakeVendor, Fault, Refused, Reply, Request, command, run

CLIENT_ID = "voicebot"
CLIENT_SECRET = "not-a-real-client-secret"  # noqa: S105

KEY_SECONDS = 7200.0
"""How long an idempotency key is kept."""

_LONGEST = 65_535
_PRIORITIES = ("urgent", "high", "normal", "low")

Record = dict[str, Any]


class FakeZendesk(FakeVendor):
    """A Zendesk account behind a server; a context manager.

    search_lag: seconds until search knows new users. lives: seconds of an access token.
    clock: seconds since the epoch.
    """

    def __init__(
        self,
        port: int = 0,
        search_lag: float = 0.0,
        lives: float = 1800.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(port)
        self.users: dict[int, Record] = {}
        self.tickets: list[Record] = []
        self.tokens: list[str] = []
        self.role = "agent"
        self.refuse_users = False
        self.agents: set[int] = set()
        self.shown: list[tuple[int, int]] = []
        self.popped = threading.Event()
        self.page = 100
        self._valid: dict[str, float] = {}
        self._keys: dict[str, tuple[float, str, Record]] = {}
        self._lag = search_lag
        self._lives = lives
        self._clock = clock
        self._next = 1001

    def add_user(self, **fields: Any) -> int:
        """The id of a new end user."""
        now = self._clock()
        identity = self._identity()
        plain = {"id": identity, "role": "end-user", "active": True, "suspended": False, "made": now}
        self.users[identity] = {**plain, "updated_at": _iso(now), **fields}
        return identity

    def expire(self) -> None:
        """End every token."""
        self._valid.clear()

    def carry_out(self, request: Request) -> Reply:
        """Answer as Zendesk does."""
        if (request.method, request.path) == ("POST", "/oauth/tokens"):
            return self._token(request.body)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._valid.get(token, 0.0) <= self._clock():
            raise Refused(self.refusal(Fault.UNAUTHORIZED))
        asked = (request.method, request.path.removeprefix("/api/v2"))
        if asked == ("GET", "/users/me"):
            return Reply(200, {"user": {"id": 1, "role": self.role, "name": "Bot"}})
        if asked == ("GET", "/users/search"):
            return self._search(request.query)
        if asked == ("POST", "/users/create_or_update"):
            return self._user(request.body["user"])
        if asked == ("GET", "/tickets"):
            wanted = request.query.get("external_id")
            found = [ticket for ticket in self.tickets if ticket.get("external_id") == wanted]
            return Reply(200, {"tickets": found, "count": len(found), "next_page": None})
        if asked == ("POST", "/tickets"):
            return self._ticket(request)
        popped = re.fullmatch(r"/channels/voice/agents/(\d+)/users/(\d+)/display", asked[1])
        if popped and asked[0] == "POST":
            agent, user = int(popped[1]), int(popped[2])
            if agent not in self.agents or user not in self.users:
                raise Refused(self.refusal(Fault.GONE))
            self.shown.append((agent, user))
            self.popped.set()
            return Reply(200)
        commented = re.fullmatch(r"/tickets/(\d+)(/comments)?", asked[1])
        if commented and asked[0] in ("PUT", "GET"):
            return self._comments(asked[0], int(commented[1]), request.body)
        deleted = re.fullmatch(r"/tickets/(\d+)", asked[1])
        if asked[0] == "DELETE" and deleted:
            kept = [ticket for ticket in self.tickets if ticket["id"] != int(deleted[1])]
            if len(kept) < len(self.tickets):
                self.tickets = kept
                return Reply(204)
        raise Refused(self.refusal(Fault.GONE))

    def refusal(self, fault: Fault) -> Reply:
        """Zendesk's words; those for too many requests are plain."""
        invalid = _invalid("priority", "InvalidValue")
        return {
            Fault.BROKEN: Reply(500, {"error": "InternalError", "description": "something broke"}),
            Fault.AWAY: Reply(503, {"error": "ServiceUnavailable"}),
            Fault.UNAUTHORIZED: Reply(
                401, {"error": "invalid_token", "error_description": "the token is invalid"}
            ),
            Fault.FORBIDDEN: Reply(403, {"error": {"title": "Forbidden", "message": "You do not have access"}}),
            Fault.THROTTLED: Reply(
                429, "Number of allowed API requests per minute exceeded", {"Retry-After": "41"}
            ),
            Fault.SPENT: Reply(429, "Number of allowed API requests per minute exceeded", {"Retry-After": "60"}),
            Fault.INVALID: invalid,
            Fault.GONE: Reply(404, {"error": "RecordNotFound", "description": "Not found"}),
            Fault.CONFLICT: Reply(409, {"error": "Conflict", "description": "try again"}),
            Fault.TOO_LARGE: Reply(413, {"error": "RequestEntityTooLarge"}),
        }[fault]

    def _token(self, body: Any) -> Reply:
        if body.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "not supported"})
        if (body.get("client_id"), body.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Reply(401, {"error": "invalid_client", "error_description": "client authentication failed"})
        token = f"fake-{len(self.tokens)}"
        self.tokens.append(token)
        self._valid[token] = self._clock() + self._lives
        scope = body.get("scope")
        return Reply(
            200, {"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": self._lives}
        )

    def _search(self, query: Mapping[str, str]) -> Reply:
        question = query["query"]
        field, _, value = question.rpartition(":")
        digits = re.sub(r"\D", "", value)
        horizon = self._clock() - self._lag
        found = []
        for user in self.users.values():
            stored = re.sub(r"\D", "", str(user.get("phone") or ""))
            same = stored == digits if field == "phone" else bool(digits) and digits in stored
            if user["made"] <= horizon and same:
                found.append({name: value for name, value in user.items() if name != "made"})
        page, size = int(query.get("page", "1")), min(int(query.get("per_page", "100")), self.page)
        more = f"{self.base}/api/v2/users/search?page={page + 1}" if len(found) > page * size else None
        shown = found[(page - 1) * size : page * size]
        return Reply(200, {"users": shown, "count": len(found), "next_page": more})

    def _user(self, fields: Mapping[str, Any]) -> Reply:
        if self.refuse_users or not fields.get("name"):
            raise Refused(_invalid("email", "BlankValue"))
        for user in self.users.values():
            if fields.get("external_id") and user.get("external_id") == fields["external_id"]:
                user.update(fields)
                return Reply(200, {"user": user})
        identity = self.add_user(**fields)
        return Reply(201, {"user": self.users[identity]})

    def _ticket(self, request: Request) -> Reply:
        key = request.headers.get("Idempotency-Key", "")
        asked = json.dumps(request.body, sort_keys=True)
        kept = self._keys.get(key)
        if kept is not None and self._clock() - kept[0] < KEY_SECONDS:
            if kept[1] != asked:
                raise Refused(Reply(400, {"error": "IdempotentRequestError", "description": "other parameters"}))
            return Reply(201, {"ticket": kept[2]}, {"x-idempotency-lookup": "hit"})
        fields = request.body["ticket"]
        comment = fields.get("comment") or {}
        body = str(comment.get("html_body") or comment.get("body") or "")
        if not body:
            raise Refused(_invalid("comment", "BlankValue"))
        if len(body.encode()) > _LONGEST:
            raise Refused(_invalid("comment", "RecordInvalid"))
        if fields.get("priority") is not None and fields["priority"] not in _PRIORITIES:
            raise Refused(_invalid("priority", "InvalidValue"))
        who = fields.get("requester_id")
        if who is not None and not self.users.get(who, {}).get("active"):
            raise Refused(_invalid("requester", "InvalidValue"))
        ticket = {**fields, "id": self._identity(), "created_at": _iso(self._clock())}
        self.tickets.append(ticket)
        self.written.set()
        if key:
            self._keys[key] = (self._clock(), asked, ticket)
        return Reply(201, {"ticket": ticket}, {"x-idempotency-lookup": "miss"})

    def _comments(self, method: str, identity: int, body: Any) -> Reply:
        ticket = next((each for each in self.tickets if each["id"] == identity), None)
        if ticket is None:
            raise Refused(self.refusal(Fault.GONE))
        comments = ticket.setdefault("comments", [ticket["comment"]])
        if method == "GET":
            return Reply(200, {"comments": list(reversed(comments)), "count": len(comments), "next_page": None})
        if ticket.get("status") == "closed":
            raise Refused(_invalid("status", "InvalidValue"))
        comments.append(body["ticket"]["comment"])
        return Reply(200, {"ticket": ticket})

    def _identity(self) -> int:
        self._next += 1
        return self._next


def _invalid(field: str, error: str) -> Reply:
    details = {field: [{"description": "is not valid", "error": error}]}
    return Reply(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def main() -> None:
    """Run as a process until killed; prints the base URL."""
    description = f"A fake Zendesk account; client id {CLIENT_ID}, secret {CLIENT_SECRET}."
    run(FakeZendesk(command("voicebot.testing.zendesk", description).parse_args().port))


if __name__ == "__main__":
    main()
