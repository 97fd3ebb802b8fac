"""The audio socket of a `listen` verb, as the media server of jambonz holds it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from voicebot.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.resample import Doubler
from voicebot.testing.exchange import Side
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_log import CallLog, CommandTaken, Fault, MarkReturned, StreamOpened
from voicebot.testing.jambonz_media import Playback, PlayedFrame
from voicebot.testing.phone import Phone

CONNECT_SECONDS = 10.0
"""After this the verb ends as if it had been refused."""

LONGEST_CREDENTIALS = 88
"""Longer user and password together are left out of the handshake without a word."""

LARGEST_METADATA = 8192

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_UNSAFE = frozenset("'\"|\\")


class StreamRefused(Exception):
    """The audio socket did not come about; the message says why."""


@dataclass(frozen=True, slots=True)
class MediaServer:
    """How the media server is set up, and what its network does.

    subprotocol: what it offers; "" for nothing.
    dtx: send no frames while the caller is silent, instead of silent frames.
    glue: frames that travel in one message, as on a slow socket.
    """

    subprotocol: str = "audio.drachtio.org"
    dtx: bool = True
    glue: int = 1


class JambonzStream:
    """One mod_audio_fork connection. Made by `open`."""

    def __init__(
        self,
        socket: ClientConnection,
        options: Mapping[str, Any],
        setup: MediaServer,
        phone: Phone,
        log: CallLog,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self._setup = setup
        self._phone = phone
        self._log = log
        self._clock = clock
        self._keys = options.get("passDtmf") is True
        self._stereo = options.get("mixType") == "stereo"
        self._doubler = Doubler() if options.get("sampleRate") == 2 * SAMPLE_RATE else None
        self._rate = playback_rate(options)
        self._playback = Playback(self._rate)
        self._frames: list[bytes] = []
        self._unheard = False
        self._ended_by: Side | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        url: str,
        options: Mapping[str, Any],
        metadata: Mapping[str, Any],
        setup: MediaServer,
        phone: Phone,
        log: CallLog,
        clock: Clock,
    ) -> JambonzStream:
        """Connect and send the metadata. Raises StreamRefused."""
        if options.get("sampleRate", SAMPLE_RATE) not in (SAMPLE_RATE, 2 * SAMPLE_RATE):
            raise StreamRefused(f"sampleRate {options['sampleRate']} is not simulated: use 8000 or 16000")
        _check_metadata(options.get("metadata") or {}, log, clock)
        socket = await open_socket(url, setup.subprotocol, _authorization(options.get("wsAuth")))
        log.write(StreamOpened(clock.now(), url, socket.subprotocol))
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(metadata))
        return cls(socket, options, setup, phone, log, clock)

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
            data = {"name": report.name, "event": report.event}
            await self._write(json.dumps({"type": "mark", "data": data}))
        return played

    async def send(self, caller: Pcm | None, heard: Pcm) -> None:
        if caller is None and not self._setup.dtx:
            caller = np.zeros(FRAME_SAMPLES, np.int16)
        if caller is not None:
            self._frames.append(self._encode(caller, heard))
        if self._frames and (len(self._frames) >= self._setup.glue or caller is None):
            await self._write(b"".join(self._frames))
            self._frames.clear()

    async def press(self, key: str) -> None:
        if self._keys:
            await self._write(json.dumps({"event": "dtmf", "dtmf": key, "duration": "1600"}))

    async def close(self) -> None:
        if self._playback.held:
            lost = 1000 * self._playback.held // self._rate
            self._fault(
                f"{lost} ms of audio were never heard: a message was shorter than the pre-buffer lets through"
            )
        await self._socket.close(1000)
        await self._reader

    def _encode(self, caller: Pcm, heard: Pcm) -> bytes:
        if self._stereo:
            # Interleaved before the rate is doubled: each side would need a filter of its own otherwise.
            left, right = (np.repeat(side, 2) if self._doubler else side for side in (caller, heard))
            return np.stack((left, right), axis=1).astype("<i2").tobytes()
        return (self._doubler.feed(caller) if self._doubler else caller).astype("<i2").tobytes()

    async def _write(self, message: str | bytes) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(message)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, str):
                    self._command(message)
                else:
                    self._audio(message)
        self._ended_by = self._ended_by or Side.SERVER

    def _audio(self, message: bytes) -> None:
        pcm = self._playback.receive(message)
        if self._rate:
            self._phone.arrived(pcm, self._clock.now())
        elif not self._unheard:
            self._unheard = True
            self._fault(
                "audio of the bot is never heard: bidirectionalAudio needs enabled, streaming and sampleRate"
            )

    def _command(self, message: str) -> None:
        try:
            frame = json.loads(message)
        except ValueError:
            frame = None
        kind = frame.get("type") if isinstance(frame, dict) else None
        if not isinstance(frame, dict) or not isinstance(kind, str):
            self._fault("a text frame of the bot is no JSON object with a `type`")
            return
        self._log.write(CommandTaken(self._clock.now(), kind))
        match kind:
            case "killAudio":
                self._playback.kill()
            case "clearMarks":
                self._playback.clear_marks()
            case "disconnect":
                self._ended_by = Side.BOT
            case "mark":
                self._mark(frame.get("data"))
            case _:
                self._fault(f"the bot sent `{kind}`, which does nothing on a streaming listen")

    def _mark(self, data: object) -> None:
        name = data.get("name") if isinstance(data, dict) else None
        if not isinstance(name, str):
            self._fault("a mark without data.name is ignored")
            return
        if not _PLAIN_NAME.fullmatch(name):
            self._fault("a mark's name comes back unescaped: use letters, digits, - and _")
        self._playback.mark(name)

    def _fault(self, text: str) -> None:
        self._log.write(Fault(self._clock.now(), text))


def playback_rate(options: Mapping[str, Any]) -> int:
    """The rate at which the bot's audio is played; 0 when the verb leaves out what full duplex needs."""
    both = options.get("bidirectionalAudio") or {}
    full = both.get("enabled") is True and both.get("streaming") is True
    return int(both.get("sampleRate") or 0) if full else 0


async def open_socket(url: str, subprotocol: str, headers: Mapping[str, str]) -> ClientConnection:
    """A WebSocket the way the media server's client makes it. Raises StreamRefused."""
    try:
        return await connect(
            url,
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
            additional_headers=headers,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            ping_interval=None,
            proxy=None,
            max_size=None,
        )
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
        raise StreamRefused(f"{url}: {error}") from error


def _authorization(auth: Mapping[str, str] | None) -> dict[str, str]:
    if not auth or len(auth["username"]) + len(auth["password"]) > LONGEST_CREDENTIALS:
        return {}
    pair = f"{auth['username']}:{auth['password']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}


def _check_metadata(metadata: Mapping[str, Any], log: CallLog, clock: Clock) -> None:
    # It travels through a FreeSWITCH command line.
    text = "".join(str(value) for value in metadata.values())
    if not text.isascii() or _UNSAFE & set(text):
        log.write(Fault(clock.now(), "listen.metadata must be ASCII without quotes, | and backslashes"))
    if len(json.dumps(metadata)) > LARGEST_METADATA:
        log.write(Fault(clock.now(), f"listen.metadata is larger than {LARGEST_METADATA} bytes"))
