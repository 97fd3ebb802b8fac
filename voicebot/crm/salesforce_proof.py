"""How an External Client App proves to Salesforce who it is, in exchange for a token."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import SecretStr

from voicebot.errors import SettingsError

ASSERTION_SECONDS = 180
"""Life of a signed assertion; Salesforce takes a few minutes at most."""

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Secret:
    """The client credentials flow of an External Client App."""

    client_id: str
    secret: SecretStr

    def form(self) -> dict[str, str]:
        """What the token endpoint is sent."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret.get_secret_value(),
        }


@dataclass(frozen=True, slots=True)
class Key:
    """The JWT bearer flow: RS256 over issuer, user, audience and an end in some minutes.

    audience: `https://login.salesforce.com`, or `https://test.salesforce.com` for a sandbox.
    clock: seconds since the epoch.
    """

    client_id: str
    username: str
    audience: str
    key: rsa.RSAPrivateKey = field(repr=False)
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, client_id: str, username: str, audience: str, pem: SecretStr) -> Key:
        """With the key as PEM text; line ends may be written as backslash n. Raises SettingsError."""
        text = pem.get_secret_value().replace("\\n", "\n")
        try:
            key = serialization.load_pem_private_key(text.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SettingsError(
                "VOICEBOT_SALESFORCE_PRIVATE_KEY is no RSA private key in PEM form without a passphrase; "
                "docs/salesforce.md shows how to make one"
            )
        return cls(client_id, username, audience, key)

    def form(self) -> dict[str, str]:
        """What the token endpoint is sent."""
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            "exp": round(self.clock()) + ASSERTION_SECONDS,
        }
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {"grant_type": _GRANT, "assertion": f"{signed}.{_url_safe(signature)}"}


def _part(claims: Mapping[str, Any]) -> str:
    return _url_safe(json.dumps(claims, separators=(",", ":")).encode())


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
