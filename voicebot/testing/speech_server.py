"""A server of `POST /v1/audio/speech` for tests, over real HTTP, that speaks in tones and fails on request."""

from __future__ import annotations

import io
import json
import struct
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np

from voicebot.testing.loopback import LoopbackServer, Serving

RATE = 24000
SECONDS_PER_CHARACTER = 0.06
_PIECE = RATE // 10
_HANG_SECONDS = 30.0


class Fault(Enum):
    """How a request fails."""

    HANG = "hang"  # no answer
    STALL = "stall"  # three tenths of a second of audio, then nothing more
    CUT = "cut"  # the connection closes in the middle of the audio
    BROKEN = "broken"  # 500
    UNAUTHORIZED = "unauthorized"  # 401
    UNKNOWN_MODEL = "unknown_model"  # 404
    BUSY = "busy"  # 429
    REDIRECT = "redirect"  # 302
    MP3 = "mp3"  # 200 with another format than was asked for
    PAGE = "page"  # 200 with a page, as a proxy in between sends it
    EMPTY = "empty"  # 200 without any audio
    SILENCE = "silence"  # 200 with samples that are all zero
    DROPPED = "dropped"  # the connection closes without an answer


_STATUS = {
    Fault.BROKEN: 500,
    Fault.UNAUTHORIZED: 401,
    Fault.UNKNOWN_MODEL: 404,
    Fault.BUSY: 429,
    Fault.REDIRECT: 302,
}
_TYPES = {Fault.MP3: "audio/mpeg", Fault.PAGE: "text/html"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    authorization: str
    body: dict[str, Any]


class FakeSpeechServer(LoopbackServer):
    """A speech server on loopback; a context manager.

    rate: of its audio. stereo: whether its WAV has two channels. sized: whether its WAV's header tells the true
    length, as of a finished file, or a placeholder, as of a stream. asked: every request, in order.
    came: set when there was a request. broken_off: set when a listener went away before the end.
    retry_after: what it says with `BUSY`, as the header of that name; nothing if empty.
    """

    def __init__(self, rate: int = RATE, stereo: bool = False, sized: bool = False) -> None:
        self.asked: list[Asked] = []
        self.came = threading.Event()
        self.broken_off = threading.Event()
        self.retry_after = ""
        self.rate = rate
        self.stereo = stereo
        self.sized = sized
        self._script: list[Fault] = []
        super().__init__(_Handler)

    @property
    def url(self) -> str:
        """What VOICEBOT_VOICE_URL is set to."""
        return f"{self.base}/v1"

    def fail(self, fault: Fault, times: int = 1) -> None:
        """Let the next requests fail in this way."""
        self._script += [fault] * times

    def audio(self, text: str) -> np.typing.NDArray[np.int16]:
        """What is said for `text`: a tone of 400 Hz at -26 dBFS RMS, 60 ms for each character."""
        count = int(len(text) * SECONDS_PER_CHARACTER * self.rate)
        tone = np.sin(2 * np.pi * 400 * np.arange(count) / self.rate) * 32768 * 0.05 * np.sqrt(2)
        samples: np.typing.NDArray[np.int16] = np.rint(tone).astype(np.int16)
        return samples

    def _next_fault(self) -> Fault | None:
        return self._script.pop(0) if self._script else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Serving[FakeSpeechServer]

    def do_POST(self) -> None:
        fake = self.server.fake
        if fake.released.is_set():
            # A kept connection outlives the server; it must not go on answering.
            self.close_connection = True
            return
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        fake.asked.append(Asked(self.path, self.headers.get("Authorization", ""), body))
        fake.came.set()
        fault = fake._next_fault()
        if fault is Fault.HANG:
            fake.released.wait(_HANG_SECONDS)
        if fault in (Fault.HANG, Fault.DROPPED):
            self.close_connection = True
        elif fault in _STATUS:
            self._refuse(_STATUS[fault])
        elif self.path != "/v1/audio/speech":
            self._refuse(404)
        else:
            self._speak(body, fault)

    def _refuse(self, status: int) -> None:
        content = json.dumps({"error": {"message": "no"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Location", "http://127.0.0.1:9/")
        if status == 429 and self.server.fake.retry_after:
            self.send_header("Retry-After", self.server.fake.retry_after)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _speak(self, body: dict[str, Any], fault: Fault | None) -> None:
        fake = self.server.fake
        wav = body.get("response_format") == "wav"
        plain = "audio/wav" if wav else "audio/pcm" if fake.rate == RATE else f"audio/pcm; rate={fake.rate}"
        self.send_response(200)
        self.send_header("Content-Type", _TYPES.get(fault, plain) if fault else plain)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        samples = fake.audio(body["input"]) * (fault is not Fault.SILENCE)
        pieces = [] if fault is Fault.EMPTY else [*self._header(samples, wav), *self._pieces(samples, wav)]
        try:
            for index, piece in enumerate(pieces):
                if index == 3 and fault in (Fault.CUT, Fault.STALL):
                    if fault is Fault.STALL:
                        fake.released.wait(_HANG_SECONDS)
                    self.close_connection = True
                    return
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            fake.broken_off.set()
            raise

    def _header(self, samples: np.typing.NDArray[np.int16], wav: bool) -> Iterator[bytes]:
        if not wav:
            return
        fake = self.server.fake
        written = io.BytesIO()
        with wave.open(written, "wb") as file:
            file.setparams((1 + fake.stereo, 2, fake.rate, 0, "NONE", ""))
        content = written.getvalue()[:-4]
        size = len(samples) * 2 * (1 + fake.stereo) if fake.sized else 0xFFFFFFFF
        yield content + struct.pack("<I", size)

    def _pieces(self, samples: np.typing.NDArray[np.int16], wav: bool) -> Iterator[bytes]:
        doubled = np.repeat(samples, 2) if wav and self.server.fake.stereo else samples
        # An odd number of bytes a piece: nobody promises that the network keeps samples whole.
        content = doubled.astype("<i2").tobytes()
        for start in range(0, len(content), 2 * _PIECE + 1):
            yield content[start : start + 2 * _PIECE + 1]

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `asked`."""
