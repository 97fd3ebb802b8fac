"""The audio fork of jambonz as pipecat needs it: messages to plain values and back. Knows nothing of pipecat.

Pipecat has no serializer for jambonz; its own ones for other carriers are as thin as this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

RATE_IN, RATE_OUT = 16000, 8000
"""Hz. Whisper, Silero and Smart Turn all want 16 kHz, and jambonz can send it: no resampler inside of pipecat."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Caller audio, 16 bit little-endian mono at `RATE_IN`."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """The caller pressed a key."""

    key: str


def received(message: str | bytes) -> Audio | Key | None:
    """What a message of the media server says; None for metadata and marks."""
    if isinstance(message, bytes):
        return Audio(message)
    try:
        frame = json.loads(message)
    except ValueError:
        return None
    if isinstance(frame, dict) and frame.get("event") == "dtmf":
        return Key(str(frame.get("dtmf", "")))
    return None


def audio(pcm: bytes) -> bytes | None:
    """The message that plays `pcm`, at `RATE_OUT`; None for silence, which jambonz has of its own."""
    return pcm if any(pcm) else None


def clear() -> str:
    """The message that silences what was sent."""
    return json.dumps({"type": "killAudio"})


def listen(url: str) -> dict[str, Any]:
    """The verb that opens the stream."""
    return {
        "verb": "listen",
        "url": url,
        "actionHook": "/done",
        "mixType": "mono",
        "sampleRate": RATE_IN,
        "passDtmf": True,
        "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": RATE_OUT},
    }
