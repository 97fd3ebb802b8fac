"""Where a signed webhook may go: the public internet, by the very address that was checked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from voicebot.errors import CrmUnavailable, SettingsError
from voicebot.settings import is_loopback

SETTING = "VOICEBOT_CRM_WEBHOOK_URL"

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint.

    private: it may be plain http, and inside a private network. A loopback address written out (`127.0.0.1`,
    `localhost`) may be both anyway: the operator named this very machine.
    """

    url: str
    host: str
    port: int
    private: bool

    @classmethod
    def of(cls, url: str, private: bool = False) -> Target:
        """Raises SettingsError saying what is wrong with `url`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SettingsError(f"{SETTING} is no URL such as https://hooks.example/calls") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{SETTING} must be a URL such as https://hooks.example/calls")
        if "@" in parts.netloc or parts.fragment:
            raise SettingsError(f"{SETTING} must not hold credentials or a fragment: the signature is the proof")
        near = private or is_loopback(parts.hostname)
        if parts.scheme == "http" and not near:
            raise SettingsError(
                f"{SETTING} must be https, for what callers said; VOICEBOT_CRM_WEBHOOK_PRIVATE=true allows http"
            )
        return cls(url, parts.hostname, port or (443 if parts.scheme == "https" else 80), near)

    def address(self, look_up: Resolve = resolve) -> str:
        """The address to connect to.

        Raises CrmUnavailable if the name has none, or if one of them is not of the public internet: a name that
        points inside is a mistake or an attack, and a firewall's neighbours are not to be talked to.
        """
        try:
            found = look_up(self.host, self.port)
        except OSError:
            raise CrmUnavailable(f"the host of {SETTING} cannot be resolved") from None
        if not found:
            raise CrmUnavailable(f"the host of {SETTING} has no address")
        if not self.private and not all(_public(address) for address in found):
            raise CrmUnavailable(
                f"the host of {SETTING} is inside a private network; VOICEBOT_CRM_WEBHOOK_PRIVATE=true allows that"
            )
        return found[0]

    def at(self, address: str) -> str:
        """The URL with `address` in place of the name."""
        shown = f"[{address}]" if ":" in address else address
        return urlsplit(self.url)._replace(netloc=f"{shown}:{self.port}").geturl()

    @property
    def named(self) -> str:
        """The `Host` header."""
        return urlsplit(self.url).netloc


class Pinned(HTTPAdapter):
    """Connects to an address and asks its certificate for the name that was resolved to it."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Every connection is for the one host."""
        super().init_poolmanager(*args, server_hostname=self._host, assert_hostname=self._host, **options)


def session(target: Target) -> requests.Session:
    """Connections to `target` by its address, past proxies of the environment: they would resolve it again."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", Pinned(target.host))
    return made


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return inside.is_global and not inside.is_multicast
    return ip.is_global and not ip.is_multicast
