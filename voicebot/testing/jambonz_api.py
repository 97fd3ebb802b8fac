"""The one part of the jambonz REST API that the bot asks, over real HTTP: who is registered."""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.testing.vendor import FakeVendor, Fault, Reply, Request

ACCOUNT = "acc-1"
KEY = "a-jambonz-api-key"

_STATUS = {Fault.UNAUTHORIZED: 401, Fault.FORBIDDEN: 403, Fault.GONE: 404, Fault.THROTTLED: 429, Fault.AWAY: 503}


class FakeJambonzApi(FakeVendor):
    """An account and its users, a context manager. users: those registered, as `name@realm`."""

    def __init__(self, users: Sequence[str] = (), port: int = 0) -> None:
        super().__init__(port)
        self.users = list(users)

    def carry_out(self, request: Request) -> Reply:
        """The list of the account's registered users, for who has its key."""
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return Reply(401, {"msg": "Unauthorized"})
        if (request.method, request.path) != ("GET", f"/v1/Accounts/{ACCOUNT}/RegisteredSipUsers"):
            return Reply(404, {"msg": "Not Found"})
        return Reply(200, self.users)

    def refusal(self, fault: Fault) -> Reply:
        """The API answers errors with a `msg`."""
        return Reply(_STATUS.get(fault, 500), {"msg": fault.value})
