"""Which protocol is spoken on which path of the audio server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from voicebot.gateways.jambonz import SUBPROTOCOLS, JambonzWire
from voicebot.gateways.mulaw import MulawJsonWire
from voicebot.gateways.port import Wire

JAMBONZ_PATH = "/audio/jambonz"
MULAW_PATH = "/audio"
TWILIO_PATH = "/audio/twilio"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A kind of gateway.

    name: as it stands in call records and logs.
    wire: makes the protocol state of one socket.
    """

    name: str
    wire: Callable[[], Wire]


GATEWAYS: Mapping[str, Gateway] = MappingProxyType(
    {
        JAMBONZ_PATH: Gateway("jambonz", JambonzWire),
        MULAW_PATH: Gateway("mulaw", MulawJsonWire),
        TWILIO_PATH: Gateway("twilio", MulawJsonWire),
    }
)
"""Every gateway by its path."""


def gateway_for(path: str) -> Gateway | None:
    """The gateway that connects to `path` (a request target; a query and a final slash do not matter), or None."""
    return GATEWAYS.get(path.partition("?")[0].rstrip("/"))


def wire_for(path: str) -> Wire | None:
    """A fresh wire for a socket that connected to `path`, or None when no gateway speaks there."""
    gateway = gateway_for(path)
    return None if gateway is None else gateway.wire()


def select_subprotocol(offered: Sequence[str]) -> str | None:
    """The WebSocket subprotocol to answer with: a jambonz name that was offered, else none.

    Clients abort on a name they did not offer, and jambonz media servers offer either name or none.
    """
    return next((name for name in offered if name in SUBPROTOCOLS), None)
