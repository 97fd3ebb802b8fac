"""Telephony gateways: each wire protocol as a pure codec, and the path of the audio server it is spoken on.

A `Wire` turns a socket's messages into events and commands into messages; it touches no socket and reads no clock.
"""

from voicebot.gateways.jambonz import JambonzWire
from voicebot.gateways.mulaw import MulawJsonWire
from voicebot.gateways.paths import (
    GATEWAYS,
    JAMBONZ_PATH,
    MULAW_PATH,
    TWILIO_PATH,
    Gateway,
    gateway_for,
    select_subprotocol,
    wire_for,
)
from voicebot.gateways.port import (
    AudioReceived,
    DigitReceived,
    MarkCleared,
    MarkPlayed,
    Message,
    StreamStarted,
    StreamStopped,
    Wire,
    WireEvent,
)

__all__ = [
    "GATEWAYS",
    "JAMBONZ_PATH",
    "MULAW_PATH",
    "TWILIO_PATH",
    "AudioReceived",
    "DigitReceived",
    "Gateway",
    "JambonzWire",
    "MarkCleared",
    "MarkPlayed",
    "Message",
    "MulawJsonWire",
    "StreamStarted",
    "StreamStopped",
    "Wire",
    "WireEvent",
    "gateway_for",
    "select_subprotocol",
    "wire_for",
]
