from __future__ import annotations

import asyncio
from pathlib import Path

import ctranslate2
import pytest

from voicebot import doctor
from voicebot.asr import whisper
from voicebot.doctor import Unwell, examine, speaks
from voicebot.errors import SynthesizerError
from voicebot.testing.speech_server import FakeSpeechServer, Fault
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.fallback import Voice
from voicebot.tts.remote import RemoteSynthesizer


def _voice(engine: ToneSynthesizer | RemoteSynthesizer) -> Voice:
    reserve = ToneSynthesizer()
    return Voice(CachedSynthesizer(engine, 1), reserve, reserve.audio)


def test_a_voice_that_speaks_is_well() -> None:
    """Its name and how soon it is heard."""
    engine = ToneSynthesizer()
    assert asyncio.run(speaks(_voice(engine))).startswith("tones; first audio after ")
    assert len(engine.spoken) == 2


@pytest.mark.parametrize(
    ("fault", "message"), [(Fault.UNAUTHORIZED, "VOICEBOT_VOICE_API_KEY"), (Fault.BROKEN, "answered 500")]
)
def test_an_engine_that_fails_is_not_well_though_the_reserve_speaks(fault: Fault, message: str) -> None:
    """A wrong key is found before the first caller hears another voice than was chosen."""
    with FakeSpeechServer() as server:
        server.fail(fault)
        voice = _voice(RemoteSynthesizer(server.url, None, "tts-1"))
        with pytest.raises(SynthesizerError, match=message):
            asyncio.run(speaks(voice))


def test_an_engine_that_is_silent_is_not_well() -> None:
    """A sentence without any sound is no proof."""
    with pytest.raises(Unwell, match="tones made silence of a sentence"):
        asyncio.run(speaks(_voice(ToneSynthesizer(seconds_per_character=0))))


def test_an_engine_slower_than_callers_wait_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new sentence would come from the reserve, and whoever set it up would wonder why."""
    monkeypatch.setattr(doctor, "PATIENCE", 0.05)
    with pytest.raises(Unwell, match=r"after 0\.05 s calls hear espeak-ng instead"):
        asyncio.run(speaks(_voice(ToneSynthesizer(latency=0.06))))


def test_an_engine_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check ends, with the engine's name."""
    monkeypatch.setattr(doctor, "SPEAK_SECONDS", 0.05)
    with pytest.raises(Unwell, match=r"tones gave no audio within 0\.05 s"):
        asyncio.run(speaks(_voice(ToneSynthesizer(hang_on=""))))


def test_a_missing_gpu_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the models says which file lacks and how to get it, and all is not well."""

    def load(*_: object) -> None:
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    monkeypatch.setenv("VOICEBOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VOICEBOT_ASR_MODEL", "demo")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: {"float16"})
    monkeypatch.setattr(whisper, "load", load)
    lines: list[str] = []
    assert not asyncio.run(examine(lines.append))
    (told,) = [line for line in lines if line.startswith("FAIL  models")]
    assert "libcublas.so.12 is not found" in told
    assert "pip install nvidia-cublas-cu12" in told
    assert "VOICEBOT_ASR_DEVICE=cpu" in told
