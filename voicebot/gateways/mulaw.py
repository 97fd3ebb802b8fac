"""Mu-law in JSON text frames: Twilio Media Streams, and any client that speaks its shape.

Comes in: `connected`, `start`, `media`, `dtmf`, `mark`, `stop`. Goes out: `media`, `mark`, `clear`. Audio is
base64 of headerless G.711 mu-law at 8 kHz, both ways.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from voicebot.audio import SAMPLE_RATE, Pcm, g711
from voicebot.errors import ProtocolError
from voicebot.gateways.frames import (
    printable,
    quoted,
    read_call_id,
    read_key,
    read_number,
    read_object,
    read_part,
    read_text,
)
from voicebot.gateways.port import (
    AudioReceived,
    DigitReceived,
    MarkCleared,
    MarkPlayed,
    Message,
    StreamStarted,
    StreamStopped,
    WireEvent,
)

ENCODINGS = ("audio/x-mulaw", "audio/mulaw", "audio/pcmu", "audio/basic")
"""Names of G.711 mu-law: Twilio's, and the registered ones."""

MOST_MARKS = 64
"""Marks remembered while they wait to come back."""


class MulawJsonWire:
    """One stream of mu-law JSON frames.

    A client that never says `start` is taken as started by its first frame of audio or key press, without an id.
    """

    def __init__(self) -> None:
        self._started = False
        self._stopped = False
        self._stream_id = ""
        self._marks: dict[str, bool] = {}

    @property
    def lead(self) -> float:
        """0.6 s: the far side buffers any amount, but what it has taken blurs what the caller heard."""
        return 0.6

    def receive(self, message: Message, now: float) -> Sequence[WireEvent]:
        if isinstance(message, bytes):
            raise ProtocolError(
                "this path takes mu-law JSON in text frames; binary audio goes to /audio/jambonz", 1003
            )
        frame = read_object(message)
        if self._stopped:
            return []
        match frame.get("event"):
            case "start":
                return [self._start(frame)]
            case "media":
                return self._after_start(self._media(read_part(frame, "media")))
            case "dtmf":
                key = read_key(read_part(frame, "dtmf").get("digit"))
                return [] if key is None else self._after_start([DigitReceived(key)])
            case "mark":
                return self._mark(read_text(read_part(frame, "mark"), "name"))
            case "stop":
                self._stopped = True
                return self._after_start([StreamStopped()])
            case str():
                return []
            case _:
                raise ProtocolError("a frame has no `event`; a jambonz listen verb must point at /audio/jambonz")

    def send(self, pcm: Pcm, now: float) -> Sequence[Message]:
        if not len(pcm):
            return []
        payload = base64.b64encode(g711.encode(pcm)).decode("ascii")
        return [self._frame("media", media={"payload": payload})]

    def finish(self, mark: str, now: float) -> Sequence[Message]:
        if not mark:
            return []
        if len(self._marks) >= MOST_MARKS:
            del self._marks[next(iter(self._marks))]
        self._marks[mark] = False
        return [self._frame("mark", mark={"name": mark})]

    def flush(self, now: float) -> Sequence[Message]:
        # `clear` makes every pending mark come back as if it had been played.
        self._marks = dict.fromkeys(self._marks, True)
        return [self._frame("clear")]

    def quiet_until(self, now: float) -> float:
        return now

    def end(self) -> Sequence[Message]:
        """Nothing: closing the socket is what ends the stream."""
        return []

    def _start(self, frame: Mapping[str, Any]) -> StreamStarted:
        if self._started:
            raise ProtocolError("a second `start`, or one after audio")
        start = read_part(frame, "start")
        _check_format(read_part(start, "mediaFormat"))
        custom = read_part(start, "customParameters")
        stream_id = read_text(frame, "streamSid") or read_text(start, "streamSid")

        def named(*names: str) -> str:
            return next(
                (text for name in names for part in (custom, start, frame) if (text := read_text(part, name))), ""
            )

        started = StreamStarted(
            call_id=read_call_id(start, "callSid") or read_call_id(frame, "callSid"),
            caller=named("from", "caller"),
            called=named("to", "called"),
            token=named("token"),
            context={
                name: text
                for key, value in custom.items()
                if key != "token" and (text := printable(value)) and (name := printable(key))
            },
        )
        self._stream_id = stream_id
        self._started = True
        return started

    def _after_start(self, events: Sequence[WireEvent]) -> Sequence[WireEvent]:
        if self._started:
            return events
        self._started = True
        return [StreamStarted(call_id="", caller="", called="", token=""), *events]

    def _media(self, media: Mapping[str, Any]) -> Sequence[WireEvent]:
        payload = media.get("payload")
        if not isinstance(payload, str):
            raise ProtocolError("a `media` frame needs `media.payload`, base64 of mu-law audio")
        try:
            data = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            raise ProtocolError("`media.payload` is not base64", 1007) from None
        if str(media.get("track", "inbound")).startswith("outbound"):
            return []
        return [AudioReceived(g711.decode(data))]

    def _mark(self, name: str) -> Sequence[WireEvent]:
        cleared = self._marks.pop(name, None)
        if cleared is None:
            return []
        return [MarkCleared(name) if cleared else MarkPlayed(name)]

    def _frame(self, event: str, **parts: Mapping[str, str]) -> str:
        stream = {"streamSid": self._stream_id} if self._stream_id else {}
        return json.dumps({"event": event, **stream, **parts})


def _check_format(media_format: Mapping[str, Any]) -> None:
    encoding = read_text(media_format, "encoding") or ENCODINGS[0]
    if encoding.lower() not in ENCODINGS:
        raise ProtocolError(f"mediaFormat.encoding {quoted(encoding)} is not supported: send {ENCODINGS[0]}")
    rate = read_number(media_format, "sampleRate", SAMPLE_RATE)
    if rate != SAMPLE_RATE:
        raise ProtocolError(f"mediaFormat.sampleRate {quoted(str(rate))} is not supported: send {SAMPLE_RATE}")
    channels = read_number(media_format, "channels", 1)
    if channels != 1:
        raise ProtocolError(f"mediaFormat.channels {quoted(str(channels))} is not supported: send 1")
