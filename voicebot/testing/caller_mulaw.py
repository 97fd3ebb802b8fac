"""A call over the mu-law JSON path, by a client in the shape of Twilio Media Streams."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from voicebot.audio import FRAME_SAMPLES, Pcm, g711
from voicebot.testing.exchange import Limits, Side, exchange
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_log import (
    CallEnded,
    CallLog,
    CommandTaken,
    EndedBy,
    Entry,
    Fault,
    MarkReturned,
    StreamOpened,
)
from voicebot.testing.jambonz_media import MarkReport, PlayedFrame
from voicebot.testing.jambonz_stream import StreamRefused, open_socket
from voicebot.testing.phone import Phone

_NONE = np.zeros(0, np.int16)


class MulawPlayback:
    """What a Media Streams gateway plays: audio and marks in order, without a threshold."""

    def __init__(self) -> None:
        self._queue: list[Pcm | str] = []
        self._returned: list[MarkReport] = []

    def receive(self, pcm: Pcm) -> None:
        self._queue.append(pcm)

    def mark(self, name: str) -> None:
        self._queue.append(name)

    def clear(self) -> None:
        """Drop the audio; marks that wait behind it come back at once."""
        self._returned.extend(MarkReport(item, "cleared") for item in self._queue if isinstance(item, str))
        self._queue.clear()

    def tick(self) -> PlayedFrame:
        """Play the next 20 ms."""
        pieces: list[Pcm] = []
        need = FRAME_SAMPLES
        while self._queue:
            item = self._queue[0]
            if isinstance(item, str):
                self._returned.append(MarkReport(item, "playout"))
                del self._queue[0]
                continue
            if not need:
                break
            pieces.append(item[:need])
            need -= len(pieces[-1])
            if len(pieces[-1]) == len(item):
                del self._queue[0]
            else:
                self._queue[0] = item[len(pieces[-1]) :]
        marks, self._returned = tuple(self._returned), []
        pcm = np.concatenate((_NONE, *pieces, np.zeros(need, np.int16)))
        return PlayedFrame(pcm, need < FRAME_SAMPLES, marks)


class MulawStream:
    """One connection in the shape of Twilio Media Streams. Made by `open`."""

    def __init__(self, socket: ClientConnection, stream_id: str, phone: Phone, log: CallLog, clock: Clock) -> None:
        self._socket = socket
        self._stream_id = stream_id
        self._phone = phone
        self._log = log
        self._clock = clock
        self._playback = MulawPlayback()
        self._sent = 0
        self._ended_by: Side | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls, url: str, call_id: str, parameters: Mapping[str, Any], phone: Phone, log: CallLog, clock: Clock
    ) -> MulawStream:
        """Connect and say `start`. Raises StreamRefused."""
        socket = await open_socket(url, "", {})
        log.write(StreamOpened(clock.now(), url, socket.subprotocol))
        stream_id = f"MZ{call_id.replace('-', '')}"
        start = {
            "streamSid": stream_id,
            "callSid": call_id,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(parameters),
        }
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
            first = {"event": "start", "sequenceNumber": "1", "streamSid": stream_id, "start": start}
            await socket.send(json.dumps(first))
        return cls(socket, stream_id, phone, log, clock)

    @property
    def ended_by(self) -> Side | None:
        return self._ended_by

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    async def tick(self) -> PlayedFrame:
        played = self._playback.tick()
        for report in played.marks:
            self._log.write(MarkReturned(self._clock.now(), report.name, report.event))
            await self._write("mark", mark={"name": report.name})
        return played

    async def send(self, caller: Pcm | None, heard: Pcm) -> None:
        frame = np.zeros(FRAME_SAMPLES, np.int16) if caller is None else caller
        self._sent += 1
        payload = base64.b64encode(g711.encode(frame)).decode("ascii")
        timestamp = str(20 * self._sent)
        await self._write(
            "media",
            media={"track": "inbound", "chunk": str(self._sent), "timestamp": timestamp, "payload": payload},
        )

    async def press(self, key: str) -> None:
        await self._write("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def close(self) -> None:
        await self._write("stop", stop={})
        await self._socket.close(1000)
        await self._reader

    async def _write(self, event: str, **parts: Mapping[str, str]) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(json.dumps({"event": event, "streamSid": self._stream_id, **parts}))

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._socket:
                self._take(message)
        # Closing the socket is the only way a bot ends such a stream.
        normal = self._socket.close_code in (1000, 1001)
        self._ended_by = Side.BOT if normal else Side.SERVER

    def _take(self, message: str | bytes) -> None:
        try:
            frame: dict[str, Any] = json.loads(message if isinstance(message, str) else "{}")
            event = str(frame["event"])
            if event == "media":
                pcm = g711.decode(base64.b64decode(frame["media"]["payload"], validate=True))
                self._playback.receive(pcm)
                self._phone.arrived(pcm, self._clock.now())
                return
            self._log.write(CommandTaken(self._clock.now(), event))
            if event == "mark":
                self._playback.mark(str(frame["mark"]["name"]))
            elif event == "clear":
                self._playback.clear()
            else:
                self._fault(f"the bot sent the unknown event `{event}`")
        except (ValueError, TypeError, KeyError, binascii.Error):
            self._fault("a message of the bot is not a Media Streams frame")

    def _fault(self, text: str) -> None:
        self._log.write(Fault(self._clock.now(), text))


class MulawCall:
    """A call that begins with its audio socket: no webhooks, no verbs. `run` it once.

    url: of the audio path, such as `ws://127.0.0.1:3001/audio`. token: what the server wants to see in `start`.
    longest: seconds after which the caller gives up.
    """

    def __init__(
        self,
        url: str,
        token: str,
        phone: Phone,
        caller: str = "+15550100",
        called: str = "+15550199",
        clock: Clock | None = None,
        observer: Callable[[Entry], None] | None = None,
        longest: float = 600.0,
    ) -> None:
        self.log = CallLog(observer)
        self.call_id = str(uuid4())
        self._url = url
        self._parameters = {"token": token, "from": caller, "to": called}
        self._phone = phone
        self._clock = clock or Clock()
        self._longest = longest

    async def run(self) -> CallLog:
        """The whole call, until one side closes the socket."""
        log, clock = self.log, self._clock
        try:
            stream = await MulawStream.open(self._url, self.call_id, self._parameters, self._phone, log, clock)
        except StreamRefused as error:
            log.write(Fault(clock.now(), str(error)))
            log.write(CallEnded(clock.now(), EndedBy.GATEWAY, 480))
            return log
        ended = await exchange(stream, self._phone, log, clock, Limits(math.inf, self._longest))
        if ended.by is Side.SERVER:
            log.write(Fault(clock.now(), f"the server closed the socket with code {stream.close_code}"))
        by = EndedBy.CALLER if ended.by is Side.CALLER else EndedBy.GATEWAY
        log.write(CallEnded(clock.now(), by, 200))
        return log
