"""Proof that a webhook comes from our jambonz account: `Jambonz-Signature: t=<unix seconds>,v1=<hex>`.

The hex is HMAC-SHA256 over `<t>.<raw body>` with the account's webhook secret. It is checked over the bytes as
they came, before anything is parsed.
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Jambonz-Signature"
TOLERANCE_SECONDS = 300


class SignatureRefused(Exception):
    """The request is not proven to be jambonz's; `missing` when it carries no signature at all."""

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


def verify(header: str | None, body: bytes, secret: str, now: float) -> None:
    """Check that `header` signs `body` with `secret` at about `now` (seconds since the epoch).

    Several `v1` are allowed, as while a secret is rotated. A time more than 300 s off in either direction is
    refused: an old one may be a replay, a future one could be replayed later. Raises SignatureRefused.
    """
    if not header:
        raise SignatureRefused(f"the {HEADER} header is missing", missing=True)
    moment, given = _parse(header)
    if abs(now - int(moment)) > TOLERANCE_SECONDS:
        raise SignatureRefused(f"the {HEADER} time is more than {TOLERANCE_SECONDS} s from this server's clock")
    expected = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    matches = [hmac.compare_digest(expected, value.encode()) for value in given]
    if not any(matches):
        raise SignatureRefused(f"the {HEADER} does not match: compare the webhook secret with the jambonz portal")


def sign(body: bytes, secret: str, now: float) -> str:
    """The header jambonz would send with `body`; for simulators and tests."""
    moment = str(int(now))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _parse(header: str) -> tuple[str, list[str]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for key, _, value in pairs if key == "t"]
    given = [value for key, _, value in pairs if key == "v1" and value]
    if len(moments) != 1 or not given or not _is_seconds(moments[0]):
        raise SignatureRefused(f"the {HEADER} header is not of the form t=<unix seconds>,v1=<hex>")
    return moments[0], given


def _is_seconds(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
