from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import SecretStr

from tests.tts.listening import hear
from voicebot.audio import seconds
from voicebot.audio.level import speech_dbfs
from voicebot.errors import SettingsError, SynthesizerBusy, SynthesizerError
from voicebot.testing.speech_server import SECONDS_PER_CHARACTER, FakeSpeechServer, Fault
from voicebot.tts import remote
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.fallback import Voice
from voicebot.tts.remote import RemoteSynthesizer

TEXT = "Your order has been shipped."


@pytest.fixture
def server() -> Iterator[FakeSpeechServer]:
    with FakeSpeechServer() as running:
        yield running


def _voice(server: FakeSpeechServer, wire: str = "pcm", key: str | None = None) -> RemoteSynthesizer:
    return RemoteSynthesizer(server.url, SecretStr(key) if key else None, "tts-1", "alloy", wire)


def test_the_request_is_as_openai_defined_it(server: FakeSpeechServer) -> None:
    """Model, voice, normalised text and format go to /v1/audio/speech with the key as bearer token."""
    asyncio.run(hear(_voice(server, key="sk-1").stream("Order ORD-1234.")))
    (asked,) = server.asked
    assert asked.path == "/v1/audio/speech"
    assert asked.authorization == "Bearer sk-1"
    assert asked.body == {
        "model": "tts-1",
        "voice": "alloy",
        "input": "Order O R D, 1 2 3 4.",
        "response_format": "pcm",
    }


@pytest.mark.parametrize(
    ("wire", "rate", "stereo", "sized"),
    [
        ("pcm", 24000, False, False),
        ("pcm", 22050, False, False),
        ("wav", 24000, False, False),
        ("wav", 22050, False, True),
        ("wav", 48000, True, True),
        ("wav", 44100, True, False),
    ],
)
def test_audio_of_any_rate_becomes_telephone_audio(wire: str, rate: int, stereo: bool, sized: bool) -> None:
    """Raw samples (their rate from the content type), and WAV with true or placeholder lengths, sound the same."""
    with FakeSpeechServer(rate, stereo, sized) as server:
        pcm = asyncio.run(hear(_voice(server, wire).stream(TEXT)))
    assert seconds(pcm) == pytest.approx(len(TEXT) * SECONDS_PER_CHARACTER, abs=0.03)
    assert speech_dbfs(pcm) == pytest.approx(-20, abs=0.7)
    assert abs(int(np.abs(np.fft.rfft(pcm)).argmax() * 8000 / len(pcm)) - 400) < 5


def test_a_server_is_not_asked_to_say_nothing(server: FakeSpeechServer) -> None:
    """What is left of signs alone is nothing, which servers refuse with an error."""
    assert not len(asyncio.run(hear(_voice(server).stream("___ *_*"))))
    assert not server.asked


def test_audio_is_heard_before_the_server_has_sent_all(server: FakeSpeechServer) -> None:
    """A server that stops in the middle has been heard until there; the rest is an error after the time-out."""
    server.fail(Fault.STALL)

    async def speak() -> None:
        stream = _voice(server).stream(TEXT)
        async with asyncio.timeout(2):
            assert len(await anext(stream))
        await stream.aclose()

    asyncio.run(speak())


def test_a_listener_who_leaves_closes_the_connection(server: FakeSpeechServer) -> None:
    """Barge-in is over at once for the call, and the server is not left sending to nobody."""
    text = "A very long sentence" * 14

    async def speak() -> None:
        voice = _voice(server)
        stream = voice.stream(text)
        await anext(stream)
        begun = asyncio.get_running_loop().time()
        await stream.aclose()
        assert asyncio.get_running_loop().time() - begun < 0.2
        assert len(await hear(voice.stream("Next.")))

    asyncio.run(speak())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.BROKEN, "answered 500: see its log"),
        (Fault.UNAUTHORIZED, "VOICEBOT_VOICE_API_KEY"),
        (Fault.UNKNOWN_MODEL, "VOICEBOT_VOICE_MODEL=tts-1"),
        (Fault.BUSY, "takes no more requests"),
        (Fault.REDIRECT, "answered 302: .*VOICEBOT_VOICE_URL to where it points"),
        (Fault.MP3, "audio/mpeg instead of pcm: try VOICEBOT_VOICE_FORMAT=wav"),
        (Fault.PAGE, "text/html"),
        (Fault.EMPTY, "no audio in it"),
        (Fault.CUT, "failed: the connection broke off"),
    ],
)
def test_every_failure_is_our_error_and_says_what_to_do(
    server: FakeSpeechServer, fault: Fault, message: str
) -> None:
    """What the server does wrong becomes SynthesizerError without the words that were to be said."""
    server.fail(fault)
    with pytest.raises(SynthesizerError, match=message) as failed:
        asyncio.run(hear(_voice(server).stream("Very secret words, and a good deal more of them.")))
    assert "secret" not in str(failed.value)


def test_a_server_that_wants_to_be_left_alone_is(server: FakeSpeechServer) -> None:
    """Sentences until then fail at once and are not asked for, however many calls there are."""
    server.retry_after = "30"
    server.fail(Fault.BUSY, times=5)

    async def speak() -> None:
        voice = _voice(server)
        for words in ("left alone for 30 s, as it asked", "left alone for (30|29) s more", "s more"):
            with pytest.raises(SynthesizerBusy, match=words) as busy:
                await hear(voice.stream(TEXT))
            assert 25 < busy.value.retry_after <= 30
        await voice.aclose()

    asyncio.run(speak())
    assert len(server.asked) == 1


def test_a_server_that_was_busy_speaks_again_when_it_said(
    server: FakeSpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never is it left alone for longer than LONGEST_REST, whatever it asks for."""
    monkeypatch.setattr(remote, "LONGEST_REST", 0.05)
    server.retry_after = "3600"
    server.fail(Fault.BUSY)

    async def speak() -> None:
        voice = _voice(server)
        cached = CachedSynthesizer(voice, 1)
        assert await cached.warm([TEXT]) == 1
        assert len(await hear(voice.stream("Next.")))
        await cached.aclose()

    asyncio.run(speak())
    assert [asked.body["input"] for asked in server.asked] == [TEXT, TEXT, "Next."]


def test_a_server_without_tls_is_told_from_one_that_is_away(server: FakeSpeechServer) -> None:
    """An https address of a plain server names what may be wrong with it."""
    voice = RemoteSynthesizer(server.url.replace("http:", "https:"), None, "tts-1")
    with pytest.raises(SynthesizerError, match="REQUESTS_CA_BUNDLE"):
        asyncio.run(hear(voice.stream(TEXT)))


def test_a_server_that_says_nothing_is_given_up(server: FakeSpeechServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After QUIET_SECONDS without a byte, before or within the audio, the request is over."""
    monkeypatch.setattr(remote, "QUIET_SECONDS", 0.1)
    server.fail(Fault.HANG)
    server.fail(Fault.STALL)
    for _ in range(2):
        with pytest.raises(SynthesizerError, match=r"no audio for 0\.1 s"):
            asyncio.run(hear(_voice(server).stream(TEXT)))


def test_a_connection_closed_while_idle_is_opened_again(server: FakeSpeechServer) -> None:
    """A keep-alive connection that the server dropped costs one more request, not the sentence."""
    server.fail(Fault.DROPPED)
    assert len(asyncio.run(hear(_voice(server).stream(TEXT))))
    assert len(server.asked) == 2


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    """Nobody listening is an error of the sentence, not of the start."""
    with FakeSpeechServer() as gone:
        voice = _voice(gone)
    with pytest.raises(
        SynthesizerError, match="ConnectionError; see whether it runs and VOICEBOT_VOICE_URL is right"
    ):
        asyncio.run(hear(voice.stream(TEXT)))


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.BROKEN, Fault.CUT, Fault.STALL])
def test_espeak_takes_over_within_a_second(server: FakeSpeechServer, fault: Fault) -> None:
    """Whatever the server does, the caller hears the whole sentence, from the reserve, soon."""
    server.fail(fault, times=2)
    reserve = EspeakSynthesizer()
    voice = Voice(CachedSynthesizer(_voice(server), 1), reserve, reserve.render, patience=0.3)

    async def speak() -> None:
        begun = asyncio.get_running_loop().time()
        heard = await hear(voice.stream(TEXT))
        assert asyncio.get_running_loop().time() - begun < 2
        assert seconds(heard) > 0.9 * seconds(reserve.render(TEXT))
        await voice.aclose()

    asyncio.run(speak())


def test_many_calls_are_served_at_once(server: FakeSpeechServer) -> None:
    """A request that hangs does not hold up the sentences of other calls."""
    server.fail(Fault.HANG)

    async def speak() -> None:
        voice = _voice(server)
        stuck = asyncio.create_task(hear(voice.stream("Stuck.")))
        assert await asyncio.to_thread(server.came.wait, 5)
        async with asyncio.timeout(5):
            heard = await asyncio.gather(*(hear(voice.stream(f"Sentence {n}.")) for n in range(12)))
        assert all(len(pcm) for pcm in heard)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)

    asyncio.run(speak())


def test_a_key_that_cannot_be_sent_is_refused_at_start(server: FakeSpeechServer) -> None:
    """A key with a line break in it names the setting, and not the key."""
    with pytest.raises(SettingsError, match="VOICEBOT_VOICE_API_KEY") as refused:
        _voice(server, key="sk-secret\n")
    assert "secret" not in str(refused.value)
