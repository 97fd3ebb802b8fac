"""Addresses as operators write them: which are URLs, and which lead to this machine."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def is_loopback(host: str) -> bool:
    """Whether `host` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reachable(host: str) -> str:
    """Under which name this machine reaches a server that listens on `host`, as it stands in a URL."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host)  # noqa: S104


def _base_url(value: str, *, schemes: tuple[str, ...]) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    # A port that is none raises a ValueError of its own.
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError(f"must be a URL such as {schemes[-1]}://bot.example")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a plain base URL without credentials, query or fragment")
    return value.rstrip("/")


def _encrypted(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https: the account's credential and what callers said go there")
    return value


HttpAddress = Annotated[str, AfterValidator(partial(_base_url, schemes=("http", "https")))]
"""A base URL without a trailing slash, or ""."""

WsAddress = Annotated[str, AfterValidator(partial(_base_url, schemes=("ws", "wss")))]
"""The same of a WebSocket server."""

VendorAddress = Annotated[HttpAddress, AfterValidator(_encrypted)]
"""An `HttpAddress` that a credential is sent to: https, or on this machine."""
