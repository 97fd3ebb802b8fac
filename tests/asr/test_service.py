"""Our recogniser behind the transcription interface: heard by our own client, over real HTTP, and by others."""

from __future__ import annotations

import asyncio
import io
import json
import math
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from voicebot.asr import JobKind, Recognizer, Speech, Transcript, service
from voicebot.asr.build import build
from voicebot.asr.port import Word
from voicebot.audio import Pcm
from voicebot.dialog.types import Hints
from voicebot.errors import RecognizerError, RecognizerTimeout
from voicebot.settings import Asr, Settings
from voicebot.testing.scripted import Failing, Reply, ScriptedRecognizer

PCM: Pcm = (np.sin(np.arange(8000) / 5) * 9000).astype(np.int16)


@contextmanager
def _serving(recognizer: Recognizer, key: str = "") -> Iterator[str]:
    """`recognizer` on loopback; gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = asyncio.run(
                service.transcribe(
                    recognizer,
                    self.headers["Content-Type"],
                    self.headers.get("Authorization", ""),
                    body,
                    SecretStr(key) if key else None,
                )
            )
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(json.dumps(answer.body).encode())

        def log_message(self, *args: Any) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _hear(reply: Reply, speech: Speech, key: str = "", sent: str = "") -> tuple[ScriptedRecognizer, Any]:
    """What the client makes of what the server behind it hears."""
    behind = ScriptedRecognizer([reply, reply])

    async def play(url: str) -> Any:
        client = build(
            Settings(asr=Asr.RAY, asr_url=url, asr_api_key=SecretStr(sent) if sent else None, asr_timeout=20)
        )
        try:
            return (await asyncio.gather(client.recognize(speech), return_exceptions=True))[0]
        finally:
            await client.aclose()

    with _serving(behind, key) as url:
        return behind, asyncio.run(play(url))


def test_the_utterance_arrives_and_the_transcript_comes_back() -> None:
    """Audio, language, hints one way; text, confidence, silence and word times the other."""
    words = (Word("My", 0.1, 0.3, 0.9), Word("order.", 0.3, 0.8, 0.7))
    behind, heard = _hear(
        Transcript("My order.", 0.83, 0.02, words=words),
        Speech(PCM, JobKind.FINAL, "de", Hints("Which order?"), word_times=True),
        key="k-1",
        sent="k-1",
    )
    (asked,) = behind.asked
    assert (asked.pcm == PCM).all()
    assert (asked.language, asked.hints, asked.word_times) == ("de", Hints("Which order?"), True)
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.no_speech, heard.words) == ("My order.", 0.02, words)
    assert heard.confidence == pytest.approx(0.83)


def test_silence_stays_silence() -> None:
    """An empty text comes back as one, with no confidence."""
    _, heard = _hear(Transcript("", 0.0, 0.97), Speech(PCM, JobKind.FINAL))
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.confidence, heard.no_speech) == ("", 0.0, 1.0)


@pytest.mark.parametrize(
    ("error", "message"),
    [(RecognizerError("broken"), "answered 500"), (RecognizerTimeout("late"), "answered 503")],
)
def test_a_failure_behind_the_server_is_tried_again_and_then_told(error: RecognizerError, message: str) -> None:
    """Both tries fail: the caller's side has an error that names the server."""
    behind, outcome = _hear(Failing(error), Speech(PCM, JobKind.FINAL))
    assert isinstance(outcome, RecognizerError)
    assert message in str(outcome)
    assert len(behind.asked) == 2


def test_a_wrong_key_hears_nothing() -> None:
    """Without the key the audio is not even looked at."""
    behind, outcome = _hear("secret", Speech(PCM, JobKind.FINAL), key="k-1", sent="k-2")
    assert isinstance(outcome, RecognizerError)
    assert "VOICEBOT_ASR_API_KEY" in str(outcome)
    assert behind.asked == []


def test_a_server_without_a_key_takes_any() -> None:
    """Many clients cannot but send one."""
    kind, body = _multipart(_wav(8000))
    answer = asyncio.run(service.transcribe(ScriptedRecognizer(["hello"]), kind, "Bearer sk-any", body))
    assert answer == service.Answer(200, {"text": "hello"})


def _multipart(file: bytes | None, **fields: str) -> tuple[str, bytes]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file is not None:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        parts.append(head + b"Content-Type: audio/wav\r\n\r\n" + file + b"\r\n")
    return "multipart/form-data; boundary=b", b"".join(parts) + b"--b--\r\n"


def _wav(rate: int, channels: int = 1, duration: float = 0.5) -> bytes:
    written = io.BytesIO()
    samples = np.zeros((int(rate * duration), channels), np.int16)
    soundfile.write(written, samples, rate, format="WAV", subtype="PCM_16")
    return written.getvalue()


def _flac(duration: float) -> bytes:
    """Hours of silence in a few kilobytes."""
    written = io.BytesIO()
    soundfile.write(written, np.zeros(int(8000 * duration), np.int16), 8000, format="FLAC")
    return written.getvalue()


def _ask(content_type: str, body: bytes) -> tuple[ScriptedRecognizer, service.Answer]:
    recognizer = ScriptedRecognizer(["hello"])
    return recognizer, asyncio.run(service.transcribe(recognizer, content_type, "", body))


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (44100, 2)])
def test_any_rate_and_channels_are_taken(rate: int, channels: int) -> None:
    """Other clients send what they have; plain json has the text alone."""
    recognizer, answer = _ask(*_multipart(_wav(rate, channels), model="any"))
    assert answer == service.Answer(200, {"text": "hello"})
    assert len(recognizer.asked[0].pcm) == pytest.approx(4000, abs=2)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (("application/json", b"{}"), "multipart/form-data"),
        (_multipart(None, model="any"), "no file"),
        (_multipart(b"not audio"), "cannot be read as audio"),
        (_multipart(_wav(8000), response_format="srt"), "'srt' is not known"),
        (_multipart(_wav(8000, duration=121.0)), "longer than 120 s"),
        (_multipart(_flac(duration=3000.0)), "longer than 120 s"),
        (_multipart(_wav(1, duration=10_000)), "1 samples a second; up to 8 of 4000 to 96000"),
        (_multipart(_wav(8000, channels=9)), "9 channels"),
    ],
    ids=["json", "no file", "no audio", "subtitles", "long", "packed", "slow", "an orchestra"],
)
def test_what_is_not_a_request_is_refused_with_the_reason(request_: tuple[str, bytes], message: str) -> None:
    """400, and the recogniser is not troubled."""
    recognizer, answer = _ask(*request_)
    assert answer.status == 400
    assert message in answer.body["error"]["message"]
    assert recognizer.asked == []


def test_a_request_that_is_too_large_is_not_looked_into() -> None:
    """However it came, with a length or without: 413."""
    recognizer, answer = _ask("multipart/form-data; boundary=b", bytes(service.MOST_BYTES + 1))
    assert answer.status == 413
    assert recognizer.asked == []


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    """A stranger who sends on and on fills no memory: enough is read to refuse it, with the key or without."""
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1 << 20)
            yield bytes(1 << 20)

    async def few() -> AsyncIterator[bytes]:
        for piece in (b"--b", b"", b"--"):
            yield piece

    content = asyncio.run(service.gathered(endless()))
    assert service.MOST_BYTES < len(content) == sum(read) <= service.MOST_BYTES + (1 << 20)
    assert _ask("multipart/form-data; boundary=b", content)[1].status == 413
    assert asyncio.run(service.gathered(few())) == b"--b--"


@given(
    st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=b", "multipart/form-data; boundary="]),
    st.lists(
        st.sampled_from(
            [
                b"--b\r\n",
                b"--b--",
                b"\r\n",
                b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n',
                b'Content-Disposition: form-data; name="response_format"\r\n',
                b"Content-Disposition: form-data; name*=x''%ff; filename*=\r\n",
                b"Content-Transfer-Encoding: base64\r\n",
                b"Content-Type: multipart/mixed; boundary=c\r\n",
                b"Content-Type: text/plain; charset=nothing\r\n",
                b"RIFF\xff\x00",
            ]
        ),
        max_size=12,
    ),
)
def test_no_body_is_too_odd_for_an_answer(content_type: str, parts: list[bytes]) -> None:
    """Whatever comes, the client reads what is wrong with it."""
    recognizer, answer = _ask(content_type, b"".join(parts))
    assert answer.status == 400
    assert recognizer.asked == []


def test_who_names_no_language_speaks_the_servers() -> None:
    """curl without `language` is heard in the language of the dialog the server was started with."""
    kind, body = _multipart(_wav(8000))
    recognizer = ScriptedRecognizer(["hallo", "hello"])
    asyncio.run(service.transcribe(recognizer, kind, "", body, language="de"))
    kind, body = _multipart(_wav(8000), language="en")
    asyncio.run(service.transcribe(recognizer, kind, "", body, language="de"))
    assert [speech.language for speech in recognizer.asked] == ["de", "en"]


def test_confidence_survives_the_way_as_a_log_probability() -> None:
    """verbose_json carries it where other servers carry it."""
    recognizer = ScriptedRecognizer([Transcript("hello", 0.5)])
    kind, body = _multipart(_wav(8000), response_format="verbose_json")
    answer = asyncio.run(service.transcribe(recognizer, kind, "", body))
    assert answer.body["segments"][0]["avg_logprob"] == pytest.approx(math.log(0.5))
