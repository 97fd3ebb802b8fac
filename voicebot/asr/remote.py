"""Hearing behind HTTP: any server with `POST /v1/audio/transcriptions`, as OpenAI defined it and many serve it."""

from __future__ import annotations

import io
import json
import math
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests
from pydantic import SecretStr

from voicebot.asr.engine import Busy, Heard, Piece
from voicebot.asr.port import Speech, Word, context_of
from voicebot.audio import SAMPLE_RATE, Pcm, seconds
from voicebot.errors import RecognizerError
from voicebot.servers import LONGEST_REST, TLS_ADVICE, retry_after, session
from voicebot.settings import PREFIX

CONNECT_SECONDS = 2.0

UNTOLD = math.log(0.7)
"""Mean log-probability of a text of which the server tells none: not doubted, and not sworn to."""

_GREATEST = 1e6
"""Past which no second, probability or logarithm of one makes sense."""

_MOST_BYTES = 1 << 20
_MOST_CHARACTERS = 8000
"""An utterance has 15 s; what a model that has lost itself writes must reach neither the dialog nor the record."""
_CHUNK = 16384
_MOVED = f"it redirects, which is not followed: set {PREFIX}ASR_URL to where it points"


class ServerTrouble(Exception):
    """The server did not do it this time."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and as whom. url: base up to and with `/v1`. model: the server's name for it."""

    url: str
    model: str
    key: SecretStr | None = None

    @property
    def host(self) -> str:
        """For messages."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back. rest: seconds the server asked to be left alone for, 0 where it did not."""

    status: int
    content: bytes
    rest: float


class RemoteWhisper:
    """A server as an engine, one utterance a request; it batches them if it can.

    timeout: seconds for a whole answer. connections: requests at once. kind: for the description.
    The server is not asked before the first utterance, so that it may start later than we do.
    """

    def __init__(self, server: Server, timeout: float, connections: int, kind: str = "openai") -> None:
        self._kind = kind
        self._server = server
        self._timeout = timeout
        self._plain = False
        self._session = session(server.url, connections, server.key, f"{PREFIX}ASR_API_KEY")

    @property
    def description(self) -> str:
        """Engine, model and server in one line."""
        return f"{self._kind} {self._server.model} at {self._server.host}"

    def prepare(self, speech: Speech) -> list[Piece]:
        """The whole utterance: what to make of it is the server's business."""
        return [Piece(speech, np.zeros((0, 0), np.float32), (), most_tokens=0, duration=seconds(speech.pcm))]

    def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
        """Ask for each.

        Raises ServerTrouble where another try may help, Busy where a later one, RecognizerError where none.
        """
        return [self._hear(piece.speech) for piece in pieces]

    def join(self, heard: Sequence[Heard]) -> Heard:
        """There is one."""
        (only,) = heard
        return only

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _hear(self, speech: Speech) -> Heard:
        until = time.monotonic() + self._timeout
        try:
            answer = self._ask(speech, until)
            if answer.status in (400, 422) and not self._plain:
                # Some servers, and OpenAI's newer models, know no verbose_json; they are asked for it once.
                plain = self._ask(speech, until, plain=True)
                if plain.status == 200:
                    self._plain = True
                    answer = plain
        except requests.Timeout:
            raise ServerTrouble(f"{self._server.host} did not answer within {self._timeout:g} s") from None
        except requests.exceptions.SSLError:
            raise ServerTrouble(f"{self._server.host} cannot be spoken to securely: {TLS_ADVICE}") from None
        except (requests.RequestException, OSError) as error:
            # Only the kind of error: the text of some holds the request.
            raise ServerTrouble(
                f"{self._server.host} failed: {type(error).__name__}; "
                f"see whether it runs and {PREFIX}ASR_URL is right"
            ) from None
        self._check(answer)
        return heard(self._parsed(answer.content))

    def _ask(self, speech: Speech, until: float, plain: bool = False) -> _Answer:
        form = {"model": self._server.model, "language": speech.language, "temperature": "0"}
        form["response_format"] = "json" if plain or self._plain else "verbose_json"
        if prompt := context_of(speech.hints):
            form["prompt"] = prompt
        if speech.word_times and not plain and not self._plain:
            form["timestamp_granularities[]"] = "word"
        left = max(0.1, until - time.monotonic())
        with self._session.post(
            f"{self._server.url}/audio/transcriptions",
            data=form,
            files={"file": ("utterance.wav", _wav(speech.pcm), "audio/wav")},
            timeout=(min(CONNECT_SECONDS, left), left),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = b""
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if time.monotonic() > until:
                    raise requests.Timeout
                if len(content) > _MOST_BYTES:
                    raise ServerTrouble(f"{self._server.host} sent more than a transcript")
            rest = retry_after(response.headers, LONGEST_REST) if response.status_code in (429, 503) else None
            return _Answer(response.status_code, content, rest or 0.0)

    def _check(self, answer: _Answer) -> None:
        status = answer.status
        if status == 200:
            return
        if answer.rest:
            raise Busy(f"{self._server.host} answered {status} and asked to be left alone", answer.rest)
        if status in (408, 409, 425, 429) or status >= 500:
            raise ServerTrouble(f"{self._server.host} answered {status}: see its log")
        advice = {
            301: _MOVED,
            302: _MOVED,
            307: _MOVED,
            308: _MOVED,
            401: f"check {PREFIX}ASR_API_KEY",
            403: f"check {PREFIX}ASR_API_KEY",
            404: f"check {PREFIX}ASR_URL, which ends where /audio/transcriptions begins, and {PREFIX}ASR_MODEL",
        }.get(status, f"check {PREFIX}ASR_MODEL={self._server.model} and the server's log")
        raise RecognizerError(f"{self._server.host} answered {status}: {advice}")

    def _parsed(self, content: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise RecognizerError(
                f"{self._server.host} sent something that is no transcript: check that {PREFIX}ASR_URL is the "
                "address of a server with /audio/transcriptions, up to and with /v1"
            )
        if len(answer["text"]) > _MOST_CHARACTERS:
            raise ServerTrouble(f"{self._server.host} sent more than a transcript")
        # Half a surrogate and a zero can be written in JSON, and neither in UTF-8 nor in a database.
        return answer | {"text": answer["text"].encode(errors="ignore").decode().replace("\0", "")}


def heard(answer: Mapping[str, Any]) -> Heard:
    """An answer with a `text` and perhaps more: segments weigh by their tokens.

    What the server does not tell, or tells in a way nobody understands, is not held against the text.
    """
    text = str(answer["text"]).strip()
    segments = [one for one in _dicts(answer.get("segments")) if str(one.get("text", "")).strip()]
    scored = [(score, one) for one in segments if (score := _number(one.get("avg_logprob"))) is not None]
    weights = [len(tokens) if isinstance(tokens := one.get("tokens"), list) and tokens else 1 for _, one in scored]
    silences = [value for one in segments if (value := _number(one.get("no_speech_prob"))) is not None]
    return Heard(
        text=text,
        avg_logprob=min(0.0, float(np.average([score for score, _ in scored], weights=weights)))
        if scored
        else UNTOLD,
        no_speech=min(1.0, max(0.0, min(silences, default=0.0 if text else 1.0))),
        words=tuple(
            Word(str(one.get("word", "")).strip(), start, end, _probability(one.get("probability")))
            for one in _dicts(answer.get("words"))
            if (start := _number(one.get("start"))) is not None and (end := _number(one.get("end"))) is not None
        ),
    )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) <= _GREATEST else None


def _probability(value: object) -> float:
    number = _number(value)
    return math.exp(UNTOLD) if number is None else min(1.0, max(0.0, number))


def _wav(pcm: Pcm) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, len(pcm), "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return written.getvalue()
