"""A receiver of signed webhooks for tests, over real HTTP: it believes nothing whose signature does not verify.

In a test, `FakeReceiver` is a context manager; `python -m voicebot.testing.webhook --port 4013` prints what comes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from voicebot.testing.vendor import FakeVendor, Fault, Refused, Reply, Request, command, run

SECRET = "whsec_" + base64.b64encode(b"not a real secret, 32 bytes long").decode()

TOLERANCE_SECONDS = 300.0
"""How old, or how early, an attempt may be."""


class FakeReceiver(FakeVendor):
    """An endpoint that keeps every event once; a context manager.

    events: what came, by `webhook-id`. clock: seconds since the epoch.
    """

    def __init__(
        self,
        port: int = 0,
        secret: str = SECRET,
        clock: Callable[[], float] = time.time,
        told: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(port)
        self.events: dict[str, Any] = {}
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._clock = clock
        self._told = told

    def carry_out(self, request: Request) -> Reply:
        """Verify and keep."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        signed = f"{identity}.{stamp}.".encode() + request.raw
        wanted = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        given = [each.partition(",") for each in headers.get("webhook-signature", "").split(" ")]
        known = any(version == "v1" and hmac.compare_digest(value, wanted) for version, _, value in given)
        recent = stamp.isdecimal() and abs(int(stamp) - self._clock()) <= TOLERANCE_SECONDS
        if not identity or "." in identity or not known or not recent:
            raise Refused(Reply(401, {"error": "the signature does not verify"}))
        if identity not in self.events:
            self.events[identity] = request.body
            if self._told is not None:
                self._told(request.body)
        self.written.set()
        return Reply(204)

    def refusal(self, fault: Fault) -> Reply:
        """A receiver says little."""
        status = {
            Fault.BROKEN: 500,
            Fault.AWAY: 503,
            Fault.UNAUTHORIZED: 401,
            Fault.FORBIDDEN: 403,
            Fault.THROTTLED: 429,
            Fault.SPENT: 429,
            Fault.INVALID: 400,
            Fault.GONE: 410,
            Fault.CONFLICT: 409,
            Fault.TOO_LARGE: 413,
        }[fault]
        return Reply(status, {})


def main() -> None:
    """Run as a process until killed; prints the base URL, then every event."""
    options = command("voicebot.testing.webhook", f"Prints signed events; its secret is {SECRET}.").parse_args()

    def show(event: Any) -> None:
        print(json.dumps(event, indent=2), flush=True)  # noqa: T201

    run(FakeReceiver(options.port, told=show))


if __name__ == "__main__":
    main()
