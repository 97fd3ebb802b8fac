"""Hearing through a server: what is sent, what is made of the answer, and what goes wrong."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from voicebot.asr import JobKind, Recognizer, Speech, Transcript, build, remote
from voicebot.audio import Pcm
from voicebot.dialog.types import Hints
from voicebot.errors import RecognizerError, RecognizerTimeout, SettingsError
from voicebot.settings import Asr, Settings
from voicebot.testing.transcription_server import FakeTranscriptionServer, Fault, Heard, Utterance

PCM: Pcm = (np.sin(np.arange(8000) / 5) * 9000).astype(np.int16)
ORDER = Heard("My order is 1234.", avg_logprob=math.log(0.8), no_speech_prob=0.02)


def _recognizer(server: FakeTranscriptionServer, timeout: float = 20, key: str = "", batch: int = 0) -> Recognizer:
    secret = SecretStr(key) if key else None
    return build(
        Settings(
            asr=Asr.OPENAI,
            asr_url=server.url,
            asr_model="whisper-large",
            asr_api_key=secret,
            asr_timeout=timeout,
            asr_batch=batch,
        )
    )


def _hear(
    server: FakeTranscriptionServer, *speeches: Speech, timeout: float = 20, key: str = ""
) -> list[Transcript | BaseException]:
    """What the recogniser makes of each utterance in turn."""

    async def play() -> list[Transcript | BaseException]:
        recognizer = _recognizer(server, timeout, key)
        outcomes: list[Transcript | BaseException] = []
        try:
            for speech in speeches:
                outcomes += await asyncio.gather(recognizer.recognize(speech), return_exceptions=True)
        finally:
            await recognizer.aclose()
        return outcomes

    return asyncio.run(play())


def _speech(hints: Hints | None = None, word_times: bool = False) -> Speech:
    return Speech(PCM, JobKind.FINAL, "de", hints or Hints(), word_times)


def _says(heard: Heard | str) -> Callable[[Utterance], Heard | str]:
    return lambda utterance: heard


def test_the_request_is_what_such_servers_expect() -> None:
    """Model, language, hints as prompt, no sampling, and the audio as a WAV of what the caller said."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        _hear(server, _speech(Hints("What is your number?", ("ORD",))), key="sk-1")
    (asked,) = server.asked
    assert asked.path == "/v1/audio/transcriptions"
    assert asked.authorization == "Bearer sk-1"
    assert asked.form == {
        "model": "whisper-large",
        "language": "de",
        "temperature": "0",
        "response_format": "verbose_json",
        "prompt": "ORD What is your number?",
    }
    assert asked.rate == 8000
    assert asked.frames == PCM.astype("<i2").tobytes()


def test_confidence_is_what_the_server_tells() -> None:
    """The mean log-probability of the segments becomes the confidence, as with a model of our own."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        (heard,) = _hear(server, _speech())
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.no_speech, heard.rejected) == ("My order is 1234.", 0.02, "")
    assert heard.confidence == pytest.approx(0.8)
    assert heard.words == ()


def test_invented_text_is_doubted_as_with_a_model_of_our_own() -> None:
    """A server's phantom sentence over silence is no text."""
    with FakeTranscriptionServer(_says(Heard("Thanks for watching!", -0.3, 0.4))) as server:
        (heard,) = _hear(server, _speech())
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.rejected) == ("", "phantom phrase")


def test_word_times_are_asked_for_and_taken_over() -> None:
    """On request each word comes with its times."""
    heard = Heard("My order", words=(("My", 0.1, 0.3), ("order", 0.3, 0.8)))
    with FakeTranscriptionServer(_says(heard)) as server:
        (outcome,) = _hear(server, _speech(word_times=True))
    assert server.asked[0].form["timestamp_granularities[]"] == "word"
    assert isinstance(outcome, Transcript)
    assert [(word.text, word.start, word.end) for word in outcome.words] == [("My", 0.1, 0.3), ("order", 0.3, 0.8)]


def test_a_server_that_knows_plain_json_only_is_understood() -> None:
    """Refused once, verbose_json is not asked for again; the text is taken with a middling confidence."""
    with FakeTranscriptionServer(_says("Where is it?"), verbose=False) as server:
        first, second = _hear(server, _speech(), _speech(word_times=True))
    assert [asked.form["response_format"] for asked in server.asked] == ["verbose_json", "json", "json"]
    for heard in (first, second):
        assert isinstance(heard, Transcript)
        assert heard.text == "Where is it?"
        assert 0.4 < heard.confidence < 0.8


def test_nothing_said_is_no_text() -> None:
    """An empty text is silence."""
    with FakeTranscriptionServer(_says("")) as server:
        (heard,) = _hear(server, _speech())
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.confidence, heard.no_speech) == ("", 0.0, 1.0)


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.BUSY, Fault.DROPPED, Fault.FLOOD])
def test_a_hiccup_of_the_server_is_not_noticed(fault: Fault) -> None:
    """What may pass is tried once more."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.fail(fault)
        (heard,) = _hear(server, _speech())
    assert isinstance(heard, Transcript)
    assert heard.text == ORDER.text
    assert len(server.asked) == 2


def test_a_connection_the_server_has_given_up_is_not_noticed() -> None:
    """Kept open and closed by the server while nobody spoke: the next utterance goes over a new one."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.fail(Fault.LEAVES)
        outcomes = _hear(server, _speech(), _speech())
    assert [heard.text for heard in outcomes if isinstance(heard, Transcript)] == [ORDER.text] * 2


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.BUSY, Fault.DROPPED])
def test_trouble_that_lasts_is_an_error_after_two_tries(fault: Fault) -> None:
    """A server in trouble is not asked a third time for the same utterance; no log or error holds the key."""
    with FakeTranscriptionServer(_says(ORDER)) as server, structlog.testing.capture_logs() as logged:
        server.fail(fault, times=2)
        error, heard = _hear(server, _speech(), _speech(), key="sk-secret")
    assert isinstance(error, RecognizerError)
    assert isinstance(heard, Transcript)
    assert len(server.asked) == 3
    assert {entry["event"] for entry in logged} == {"recognizer.retried", "recognizer.failed"}
    assert "sk-secret" not in f"{logged} {error!r} {error.__cause__!r}"


_ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, "0.5", [], {}, [1], math.nan, math.inf, -1e308, 1e308, 10**400, -0.5, 0.5, 2]
)
_SEGMENT = st.fixed_dictionaries(
    {"text": st.sampled_from(["yes", " ", None])},
    optional=dict.fromkeys(("avg_logprob", "no_speech_prob", "tokens"), _ODD),
)
_WORD = st.fixed_dictionaries({"start": _ODD, "end": _ODD}, optional={"word": _ODD, "probability": _ODD})


@given(st.text(max_size=5), st.lists(_SEGMENT, max_size=3) | _ODD, st.lists(_WORD, max_size=3) | _ODD)
def test_no_answer_is_too_odd(text: str, segments: object, words: object) -> None:
    """Where there is a text it is taken with whatever figures make sense; the others count as not told."""
    heard = remote.heard({"text": text, "segments": segments, "words": words})
    assert heard.text == text.strip()
    assert -math.inf <= heard.avg_logprob <= 0.0
    assert 0.0 <= heard.no_speech <= 1.0
    assert all(math.isfinite(word.start + word.end) and 0.0 <= word.probability <= 1.0 for word in heard.words)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.UNAUTHORIZED, "401: check VOICEBOT_ASR_API_KEY"),
        (Fault.UNKNOWN_MODEL, "404: check VOICEBOT_ASR_URL"),
        (Fault.REDIRECT, "302: it redirects, which is not followed: set VOICEBOT_ASR_URL"),
        (Fault.PAGE, "no transcript: check that VOICEBOT_ASR_URL"),
    ],
)
def test_a_wrong_setting_is_named_at_once(fault: Fault, message: str) -> None:
    """What will not pass is not tried again; the message names the setting, and never the key."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.fail(fault, times=2)
        (error,) = _hear(server, _speech(), key="sk-secret")
    assert isinstance(error, RecognizerError)
    assert message in str(error)
    assert "sk-secret" not in str(error)
    assert len(server.asked) == 1


def test_a_server_that_is_back_soon_is_waited_for() -> None:
    """Within the time a caller has, the utterance is heard when the server said, and not asked for sooner."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=1.2), usegmt=True)
        server.fail(Fault.BUSY)
        begun = time.monotonic()
        (heard,) = _hear(server, _speech())
        waited = time.monotonic() - begun
    assert isinstance(heard, Transcript)
    assert heard.text == ORDER.text
    assert len(server.asked) == 2
    assert waited > 0.1


def test_a_server_that_is_away_for_long_is_left_alone() -> None:
    """Said twice running, later utterances do not ask it: they fail at once, and new calls go elsewhere."""

    async def play(server: FakeTranscriptionServer) -> None:
        recognizer = _recognizer(server, timeout=6)
        for _ in range(3):
            with pytest.raises(RecognizerError, match=r"asked to be left alone for (30|29) s more"):
                await recognizer.recognize(_speech())
        assert 25 < recognizer.load <= 30
        await recognizer.aclose()

    with FakeTranscriptionServer(_says(ORDER)) as server, structlog.testing.capture_logs() as logged:
        server.retry_after = "30"
        server.fail(Fault.BUSY, times=5)
        begun = time.monotonic()
        asyncio.run(play(server))
        assert time.monotonic() - begun < 5
    assert len(server.asked) == 2
    assert [entry["seconds"] for entry in logged if entry["event"] == "recognizer.rests"] == [30.0]


def test_another_server_behind_the_same_address_may_have_time() -> None:
    """Told to come back after the caller's time is over, it is asked once more at once before that is believed."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.retry_after = "30"
        server.fail(Fault.BUSY)
        first, second = _hear(server, _speech(), _speech(), timeout=6)
    assert isinstance(first, Transcript)
    assert isinstance(second, Transcript)
    assert len(server.asked) == 3


def test_a_transcript_without_end_is_none() -> None:
    """A model that has lost itself in one endless word reaches neither the dialog nor the record."""
    endless = "".join(chr(97 + (n * 7919 + n * n) % 26) for n in range(20_000))
    with FakeTranscriptionServer(_says(endless)) as server:
        (error,) = _hear(server, _speech())
    assert isinstance(error, RecognizerError)
    assert "more than a transcript" in str(error)
    assert endless[:20] not in str(error)


def test_a_text_can_be_written_down_whatever_it_holds() -> None:
    """Half an emoji and a zero, which JSON can carry, are left out."""
    with FakeTranscriptionServer(_says("Hi \ud83d there\0, Grüße \U0001f389")) as server:
        (heard,) = _hear(server, _speech())
    assert isinstance(heard, Transcript)
    assert heard.text == "Hi  there, Grüße \U0001f389"


def test_a_server_without_tls_is_told_from_one_that_is_away() -> None:
    """An https address of a plain server names what may be wrong with it."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        recognizer = build(Settings(asr=Asr.OPENAI, asr_url=server.url.replace("http:", "https:"), asr_timeout=20))
        with pytest.raises(RecognizerError, match="REQUESTS_CA_BUNDLE"):
            asyncio.run(recognizer.recognize(_speech()))
        asyncio.run(recognizer.aclose())


def test_a_refusal_that_is_not_about_the_format_is_an_error() -> None:
    """400 both ways names the model."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.fail(Fault.REFUSED, times=2)
        error, heard = _hear(server, _speech(), _speech())
    assert isinstance(error, RecognizerError)
    assert "VOICEBOT_ASR_MODEL=whisper-large" in str(error)
    assert isinstance(heard, Transcript)
    assert server.asked[-1].form["response_format"] == "verbose_json"


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
def test_a_server_that_does_not_finish_is_a_timeout(fault: Fault) -> None:
    """Neither silence nor dripping holds a caller up beyond the time-out."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        server.fail(fault, times=2)
        (error,) = _hear(server, _speech(), timeout=0.3)
    assert isinstance(error, RecognizerTimeout)


def test_a_server_that_is_away_is_an_error_and_an_infinite_load() -> None:
    """Nobody listens: each utterance fails at once, and after a few no more calls come here for a while."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        pass

    async def play() -> None:
        recognizer = _recognizer(server, timeout=20)
        assert recognizer.load == 0.0
        for _ in range(2):
            with pytest.raises(RecognizerError, match="failed: ConnectionError"):
                await recognizer.recognize(_speech())
        async with asyncio.timeout(10):
            # A failure is told to whoever asked before it is counted.
            while recognizer.load != math.inf:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await recognizer.aclose()

    asyncio.run(play())


def test_the_server_is_asked_for_many_at_once_but_not_for_more_than_allowed() -> None:
    """Batching is the server's: it gets as many requests at once as VOICEBOT_ASR_BATCH says."""
    meeting = threading.Barrier(3, timeout=10)

    def hears(utterance: Utterance) -> str:
        meeting.wait()
        return "hello"

    async def play(server: FakeTranscriptionServer) -> list[Transcript]:
        recognizer = _recognizer(server, batch=3)
        try:
            return list(await asyncio.gather(*(recognizer.recognize(_speech()) for _ in range(9))))
        finally:
            await recognizer.aclose()

    with FakeTranscriptionServer(hears) as server:
        heard = asyncio.run(play(server))
    assert [one.text for one in heard] == ["hello"] * 9
    assert server.together == 3


def test_the_description_names_model_and_server() -> None:
    """Operators read who hears."""
    with FakeTranscriptionServer(_says(ORDER)) as server:
        recognizer = _recognizer(server)
        assert recognizer.description == f"openai whisper-large at {server.url.split('/')[2]}"
        asyncio.run(recognizer.aclose())


def test_a_key_that_cannot_be_sent_is_a_wrong_setting() -> None:
    """A key copied with a line break is found at the start."""
    with (
        FakeTranscriptionServer(_says(ORDER)) as server,
        pytest.raises(SettingsError, match="VOICEBOT_ASR_API_KEY"),
    ):
        _recognizer(server, key="sk 1\n")
