"""A server of `POST /v1/audio/transcriptions` for tests, over real HTTP, that hears and fails as it is told."""

from __future__ import annotations

import email.parser
import email.policy
import io
import json
import threading
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any

from voicebot.testing.loopback import LoopbackServer, Serving

_HANG_SECONDS = 30.0


class Fault(Enum):
    """How a request fails."""

    HANG = "hang"  # no answer
    DRIP = "drip"  # a byte now and then, without an end
    DROPPED = "dropped"  # the connection closes without an answer
    BROKEN = "broken"  # 500
    BUSY = "busy"  # 429
    UNAUTHORIZED = "unauthorized"  # 401
    UNKNOWN_MODEL = "unknown_model"  # 404
    REFUSED = "refused"  # 400
    REDIRECT = "redirect"  # 302
    PAGE = "page"  # 200 with a page, as a proxy in between sends it
    FLOOD = "flood"  # 200 with megabytes
    LEAVES = "leaves"  # a good answer, then the connection it promised to keep is closed


_STATUS = {
    Fault.BROKEN: 500,
    Fault.BUSY: 429,
    Fault.UNAUTHORIZED: 401,
    Fault.UNKNOWN_MODEL: 404,
    Fault.REFUSED: 400,
    Fault.REDIRECT: 302,
}


@dataclass(frozen=True, slots=True)
class Utterance:
    """A request as it came. form: its fields without the file. frames: of the audio, `rate` a second."""

    path: str
    authorization: str
    form: Mapping[str, str]
    frames: bytes
    rate: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server makes of an utterance, with the figures `verbose_json` has."""

    text: str
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.01
    words: tuple[tuple[str, float, float], ...] = field(default=())


class FakeTranscriptionServer(LoopbackServer):
    """A transcription server on loopback; a context manager.

    hears: what it makes of each utterance. verbose: whether it knows `verbose_json`; else 400.
    asked: every request, in order. together: most requests that were under way at once.
    retry_after: what it says with `BUSY`, as the header of that name; nothing if empty.
    """

    def __init__(self, hears: Callable[[Utterance], Heard | str], verbose: bool = True) -> None:
        self.asked: list[Utterance] = []
        self.together = 0
        self.retry_after = ""
        self._hears = hears
        self._verbose = verbose
        self._script: list[Fault] = []
        self._under_way = 0
        self._lock = threading.Lock()
        super().__init__(_Handler)

    @property
    def url(self) -> str:
        """What VOICEBOT_ASR_URL is set to."""
        return f"{self.base}/v1"

    def fail(self, fault: Fault, times: int = 1) -> None:
        """Let the next requests fail in this way."""
        self._script += [fault] * times

    def _begin(self, utterance: Utterance) -> Fault | None:
        with self._lock:
            self.asked.append(utterance)
            self._under_way += 1
            self.together = max(self.together, self._under_way)
            return self._script.pop(0) if self._script else None

    def _end(self) -> None:
        with self._lock:
            self._under_way -= 1

    def _answer(self, utterance: Utterance) -> tuple[int, dict[str, Any]]:
        wanted = utterance.form.get("response_format", "json")
        if wanted == "verbose_json" and not self._verbose:
            message = "response_format 'verbose_json' is not compatible with this model. Use 'json' instead."
            return 400, {"error": {"message": message, "type": "invalid_request_error"}}
        said = self._hears(utterance)
        heard = Heard(said) if isinstance(said, str) else said
        if wanted != "verbose_json":
            return 200, {"text": heard.text}
        segment = {
            "id": 0,
            "text": heard.text,
            "tokens": list(range(len(heard.text.split()))),
            "avg_logprob": heard.avg_logprob,
            "no_speech_prob": heard.no_speech_prob,
        }
        answer: dict[str, Any] = {"task": "transcribe", "text": heard.text, "segments": [segment]}
        if "timestamp_granularities[]" in utterance.form:
            answer["words"] = [{"word": word, "start": start, "end": end} for word, start, end in heard.words]
        return 200, answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Serving[FakeTranscriptionServer]

    def do_POST(self) -> None:
        fake = self.server.fake
        utterance = self._utterance(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        fault = fake._begin(utterance)
        try:
            if fault in (Fault.HANG, Fault.DROPPED):
                if fault is Fault.HANG:
                    fake.released.wait(_HANG_SECONDS)
                self.close_connection = True
            elif fault is Fault.DRIP:
                self._drip()
            elif fault is Fault.PAGE:
                self._send(200, b"<html>Sign in</html>", "text/html")
            elif fault is Fault.FLOOD:
                self._send(200, b'{"text": "' + b"la " * (1 << 20) + b'"}')
            elif fault not in (None, Fault.LEAVES):
                self._send(_STATUS[fault], b'{"error": {"message": "no"}}')
            elif self.path != "/v1/audio/transcriptions":
                self._send(404, b'{"detail": "Not Found"}')
            else:
                status, answer = fake._answer(utterance)
                self._send(status, json.dumps(answer).encode())
                self.close_connection = fault is Fault.LEAVES
        finally:
            fake._end()

    def _utterance(self, body: bytes) -> Utterance:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        form: dict[str, str] = {}
        frames, rate = b"", 0
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            if part.get_filename() is None:
                form[str(part.get_param("name", header="content-disposition"))] = content.decode()
            else:
                with wave.open(io.BytesIO(content)) as file:
                    frames, rate = file.readframes(file.getnframes()), file.getframerate()
        return Utterance(self.path, self.headers.get("Authorization", ""), form, frames, rate)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"{")
        while not self.server.fake.released.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:9/")
        if status == 429 and self.server.fake.retry_after:
            self.send_header("Retry-After", self.server.fake.retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `asked`."""
