"""Our recogniser behind `POST /v1/audio/transcriptions`: a request to an answer, whatever carries them."""

from __future__ import annotations

import email.parser
import email.policy
import hmac
import io
import math
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
from pydantic import SecretStr

from voicebot.asr.port import JobKind, Recognizer, Speech, Transcript
from voicebot.audio import SAMPLE_RATE, Pcm, resample, seconds
from voicebot.dialog.types import Hints
from voicebot.errors import RecognizerError, RecognizerTimeout

PATH = "/v1/audio/transcriptions"

MOST_BYTES = 4 << 20
"""Largest request taken: two minutes of 16 bit audio at 16 kHz."""

_LONGEST = 120.0

_RATES = range(4000, 96001)
_MOST_CHANNELS = 8
"""What is taken of the many sounds a file can claim to hold: a header of 1 Hz makes hours of a kilobyte."""


class BadRequest(Exception):
    """The request is not what the interface asks for; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: dict[str, Any]


async def gathered(chunks: AsyncIterable[bytes]) -> bytes:
    """The body as it comes, whatever length it announces; no more of it than tells that it is too large."""
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            break
    return bytes(content)


async def transcribe(
    recognizer: Recognizer,
    content_type: str,
    authorization: str,
    body: bytes,
    key: SecretStr | None = None,
    language: str = "en",
) -> Answer:
    """Answer one request as OpenAI's interface does; `json` and `verbose_json` are known.

    key: what a client must send as its bearer token, if any. language: ISO 639-1 code, where a client names none.
    """
    expected = f"Bearer {key.get_secret_value()}" if key is not None else ""
    if expected and not hmac.compare_digest(expected.encode(), authorization.encode()):
        return _error(401, "the key is wrong")
    if len(body) > MOST_BYTES:
        return _error(413, "the request is too large")
    try:
        speech, verbose = _asked(content_type, body, language)
        heard = await recognizer.recognize(speech)
    except BadRequest as error:
        return _error(400, str(error))
    except RecognizerTimeout as error:
        return _error(503, str(error))
    except RecognizerError as error:
        return _error(500, str(error))
    return Answer(200, _verbose(heard, speech) if verbose else {"text": heard.text})


def _asked(content_type: str, body: bytes, language: str) -> tuple[Speech, bool]:
    form, sound = _parts(content_type, body)
    if sound is None:
        raise BadRequest("there is no file")
    wanted = form.get("response_format", "json")
    if wanted not in ("json", "verbose_json"):
        raise BadRequest(f"response_format {wanted!r} is not known; json and verbose_json are")
    speech = Speech(
        _pcm(sound),
        JobKind.FINAL,
        form.get("language") or language,
        Hints(form.get("prompt", "")),
        word_times=form.get("timestamp_granularities[]") == "word",
    )
    return speech, wanted == "verbose_json"


def _parts(content_type: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    """Fields, and the content of the file."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise BadRequest("the body must be multipart/form-data")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    form: dict[str, str] = {}
    sound: bytes | None = None
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise BadRequest("the body is not well-formed multipart/form-data")
        if part.get_filename() is None:
            form[str(part.get_param("name", header="content-disposition"))] = content.decode(errors="replace")
        else:
            sound = content
    return form, sound


def _pcm(sound: bytes) -> Pcm:
    try:
        with soundfile.SoundFile(io.BytesIO(sound)) as file:
            rate = file.samplerate
            if rate not in _RATES or file.channels > _MOST_CHANNELS:
                raise BadRequest(
                    f"the file has {file.channels} channels of {rate} samples a second; up to {_MOST_CHANNELS} of "
                    f"{_RATES[0]} to {_RATES[-1]} are taken"
                )
            samples = file.read(int(_LONGEST * rate) + 1, dtype="int16", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise BadRequest(f"the file cannot be read as audio: {error.error_string}") from None
    if len(samples) > _LONGEST * rate:
        raise BadRequest(f"the file lasts longer than {_LONGEST:g} s")
    return resample(np.ascontiguousarray(samples[:, 0]), rate, SAMPLE_RATE)


def _verbose(heard: Transcript, speech: Speech) -> dict[str, Any]:
    segment = {
        "id": 0,
        "start": 0.0,
        "end": seconds(speech.pcm),
        "text": heard.text,
        "avg_logprob": math.log(heard.confidence) if heard.confidence > 0 else 0.0,
        "no_speech_prob": heard.no_speech,
    }
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": speech.language,
        "duration": seconds(speech.pcm),
        "text": heard.text,
        "segments": [segment] if heard.text else [],
    }
    if speech.word_times:
        answer["words"] = [
            {"word": word.text, "start": word.start, "end": word.end, "probability": word.probability}
            for word in heard.words
        ]
    return answer


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"message": message}})
