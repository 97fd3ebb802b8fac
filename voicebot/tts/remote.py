"""Voices behind HTTP: any server with `POST /v1/audio/speech`, as OpenAI defined it and many others serve it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import AsyncGenerator, Iterator
from urllib.parse import urlsplit

import numpy as np
import requests
import urllib3
from pydantic import SecretStr

from voicebot.audio import Pcm
from voicebot.audio.level import SPEECH_DBFS
from voicebot.errors import SynthesizerBusy, SynthesizerError
from voicebot.servers import LONGEST_REST, TLS_ADVICE, retry_after, session
from voicebot.tts.normalise import speakable_sentences
from voicebot.tts.relay import relayed
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone_stream import TelephoneStream, VoiceLevel
from voicebot.tts.wave_stream import PCM_RATE, SpeechReader
from voicebot.tts.worker import Stopped, Worker

DEFAULT_VOICE = "alloy"
CONNECT_SECONDS = 2.0
QUIET_SECONDS = 8.0
"""Longest wait for the next bytes. A call waits less long (see `fallback.PATIENCE`); warming has the time."""
SENTENCE_SECONDS = 60.0
"""Longest time and longest audio of one sentence: a server that drips or babbles is cut off."""

_CHUNK = 4096
_CONNECTIONS = 16
_MOVED = "it redirects, which is not followed: set VOICEBOT_VOICE_URL to where it points"
_WRONG_TYPES = ("audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/aac", "audio/flac", "audio/x-flac")


class RemoteSynthesizer:
    """Speaks through a server of the `/v1/audio/speech` kind, a sentence a request, heard as it arrives.

    url: base up to and with `/v1`. wire: `pcm` (16 bit, 24 kHz, mono) or `wav` is asked for; a WAV is
    recognised whatever was asked for. language: a tag, for reading numbers and codes aloud. The server is not
    asked before the first sentence, so that it may start later than we do. While it wants to be left alone
    (`Retry-After`) sentences fail at once, with SynthesizerBusy.
    """

    def __init__(
        self, url: str, key: SecretStr | None, model: str, name: str = "", wire: str = "pcm", language: str = "en"
    ) -> None:
        self._url = f"{url}/audio/speech"
        self._model = model
        self._name = name or DEFAULT_VOICE
        self._wire = wire
        self.language = language
        self._level = VoiceLevel()
        self._rests_until = -math.inf
        self._session = session(url, _CONNECTIONS, key, "VOICEBOT_VOICE_API_KEY")

    @property
    def description(self) -> str:
        return f"openai {self._model}, voice {self._name} at {self._host}"

    @property
    def key(self) -> str:
        return f"openai/{self._url}/{self._model}/{self._name}/{self._wire}/{SPEECH_DBFS:g}"

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(speakable_sentences(text, self.language), self._sentence)

    async def aclose(self) -> None:
        self._session.close()

    @property
    def _host(self) -> str:
        return urlsplit(self._url).netloc

    async def _sentence(self, said: str) -> AsyncGenerator[Pcm, None]:
        # A thread a request: one that hangs in a socket must not keep another call's sentence waiting.
        worker = Worker("voice-request")
        try:
            async with contextlib.aclosing(relayed(worker, lambda stopped: self._speak(said, stopped))) as audio:
                async for piece in audio:
                    yield piece
        finally:
            worker.close()

    def _speak(self, text: str, stopped: Stopped) -> Iterator[Pcm]:
        stream: TelephoneStream | None = None
        spoken = 0
        try:
            for samples, rate in self._samples(text, stopped):
                stream = stream or TelephoneStream(rate, self._level)
                spoken += len(samples)
                if spoken > SENTENCE_SECONDS * rate:
                    raise SynthesizerError(f"{self._host} sent more than {SENTENCE_SECONDS:g} s for one sentence")
                yield stream.feed(samples)
        except requests.exceptions.SSLError:
            raise SynthesizerError(f"{self._host} cannot be spoken to securely: {TLS_ADVICE}") from None
        except requests.ConnectionError as error:
            # A time-out while connecting is one of them.
            raise SynthesizerError(
                f"{self._host} failed: {type(error).__name__}; see whether it runs and VOICEBOT_VOICE_URL is right"
            ) from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise SynthesizerError(f"{self._host} sent no audio for {QUIET_SECONDS:g} s") from None
        except urllib3.exceptions.ProtocolError:
            raise SynthesizerError(f"{self._host} failed: the connection broke off") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # Only the kind of error: the text of some holds the request.
            raise SynthesizerError(f"{self._host} failed: {type(error).__name__}") from None
        if stream is not None and not stopped():
            yield stream.finish()

    def _samples(self, text: str, stopped: Stopped) -> Iterator[tuple[np.typing.NDArray[np.int16], int]]:
        # Whatever it asks for is longer than a caller waits for the first sound.
        if (rest := self._rests_until - time.monotonic()) > 0:
            raise SynthesizerBusy(f"{self._host} asked to be left alone for {math.ceil(rest)} s more", rest)
        deadline = time.monotonic() + SENTENCE_SECONDS
        with contextlib.closing(self._ask(text)) as response:
            self._check(response)
            reader = SpeechReader(_rate(response.headers.get("Content-Type", "")))
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                if stopped():
                    return
                if time.monotonic() > deadline:
                    raise requests.Timeout
                samples = reader.feed(chunk)
                if len(samples):
                    yield samples, reader.rate
            reader.finish()

    def _ask(self, text: str) -> requests.Response:
        body = {"model": self._model, "voice": self._name, "input": text, "response_format": self._wire}
        for last in (False, True):
            try:
                return self._session.post(
                    self._url,
                    json=body,
                    timeout=(CONNECT_SECONDS, QUIET_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            except requests.ConnectionError as error:
                # A kept connection may have been closed by the server just now; asking again says nothing twice.
                if last or isinstance(error, requests.ConnectTimeout):
                    raise
        raise AssertionError("the second attempt returns or raises")

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status == 200 and kind not in _WRONG_TYPES and not kind.startswith(("text/", "application/json")):
            return
        if status == 200:
            raise SynthesizerError(
                f"{self._host} sent {kind} instead of {self._wire}: try VOICEBOT_VOICE_FORMAT=wav, "
                "and check that VOICEBOT_VOICE_URL ends where /audio/speech begins"
            )
        advice = {
            301: _MOVED,
            302: _MOVED,
            307: _MOVED,
            308: _MOVED,
            400: f"check VOICEBOT_VOICE_MODEL={self._model} and VOICEBOT_VOICE_NAME={self._name}",
            401: "check VOICEBOT_VOICE_API_KEY",
            403: "check VOICEBOT_VOICE_API_KEY",
            404: "check VOICEBOT_VOICE_URL, which ends where /audio/speech begins, and "
            f"VOICEBOT_VOICE_MODEL={self._model}",
            422: f"check VOICEBOT_VOICE_MODEL={self._model} and VOICEBOT_VOICE_NAME={self._name}",
            429: "it takes no more requests for now",
        }.get(status, "see its log")
        failed = f"{self._host} answered {status}: {advice}"
        if status in (429, 503) and (rest := retry_after(response.headers, LONGEST_REST)):
            self._rests_until = time.monotonic() + rest
            raise SynthesizerBusy(f"{failed}; it is left alone for {math.ceil(rest)} s, as it asked", rest)
        raise SynthesizerError(failed)


def _rate(content_type: str) -> int:
    """Samples per second of raw audio: `audio/pcm;rate=22050` where the server says it, else 24000."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "rate" and value.strip('"').isdecimal() and 8000 <= int(value.strip('"')) <= 96000:
            return int(value.strip('"'))
    return PCM_RATE
