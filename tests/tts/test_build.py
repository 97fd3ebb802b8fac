from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from tests.tts.listening import hear, likeness
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
from voicebot.settings import Voice as Engine
from voicebot.testing.speech_server import FakeSpeechServer
from voicebot.tts import Synthesizer
from voicebot.tts.build import CACHE, build


def _settings(folder: Path, **chosen: Any) -> Settings:
    return Settings(data_dir=folder, **chosen)


def test_the_default_voice_speaks_and_remembers(tmp_path: Path) -> None:
    """Without any setting there is a voice; what it said once it says again from memory."""
    voice = build(_settings(tmp_path))
    port: Synthesizer = voice
    assert "espeak-ng" in port.description

    async def speak() -> None:
        first = await hear(voice.stream("Hello there."))
        assert np.array_equal(first, await hear(voice.stream("Hello there.")))
        await voice.aclose()

    asyncio.run(speak())
    assert (voice.stats.hits, voice.stats.misses) == (1, 1)


@pytest.mark.parametrize(("megabytes", "files"), [(1, 1), (0, 0)])
def test_warmed_sentences_are_kept_in_the_data_folder(tmp_path: Path, megabytes: int, files: int) -> None:
    """Unless VOICEBOT_VOICE_DISK_MB is 0."""
    voice = build(_settings(tmp_path, voice_disk_mb=megabytes))

    async def speak() -> None:
        assert await voice.warm(["Hello there."]) == 1
        await voice.aclose()

    asyncio.run(speak())
    assert len(list((tmp_path / CACHE).glob("*"))) == files


def test_the_apology_is_ready_before_any_event_loop(tmp_path: Path) -> None:
    """The apology is the same words in the same voice, rendered at start."""
    voice = build(_settings(tmp_path, voice_name="en-gb"))
    apology = voice.apology_pcm("I am sorry, something went wrong.")
    assert likeness(apology, asyncio.run(hear(voice.stream("I am sorry, something went wrong.")))) > 0.9


def test_a_wrong_voice_is_refused_at_start(tmp_path: Path) -> None:
    """The message names the setting."""
    with pytest.raises(ModelUnavailable, match="VOICEBOT_VOICE_NAME=nobody"):
        build(_settings(tmp_path, voice_name="nobody"))


def test_coqui_without_its_packages_is_refused_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the extra voice without the extra says how to install it."""
    if importlib.util.find_spec("TTS") is not None:
        monkeypatch.setitem(sys.modules, "TTS.api", None)
    with pytest.raises(ModelUnavailable, match="requirements-coqui"):
        build(_settings(tmp_path, voice=Engine.COQUI))


def test_a_piper_voice_that_is_not_there_is_refused_at_start(tmp_path: Path) -> None:
    """The default name is looked for in the data folder, and the message says how it gets there."""
    with pytest.raises(ModelUnavailable, match="voicebot voices get en_US-lessac-medium"):
        build(_settings(tmp_path, voice=Engine.PIPER))


def test_a_server_speaks_with_espeak_in_reserve(tmp_path: Path) -> None:
    """The settings reach the request; when the server is gone the reserve speaks the dialog's language."""
    with FakeSpeechServer() as server:
        voice = build(
            _settings(
                tmp_path,
                voice=Engine.OPENAI,
                voice_url=server.url,
                voice_api_key=SecretStr("sk-1"),
                voice_model="kokoro",
                voice_name="af_sky",
                voice_format="wav",
            ),
            "de",
        )
        assert len(asyncio.run(hear(voice.stream("Guten Tag."))))
        (asked,) = server.asked
    assert asked.authorization == "Bearer sk-1"
    assert (asked.body["model"], asked.body["voice"], asked.body["response_format"]) == ("kokoro", "af_sky", "wav")
    german = build(_settings(tmp_path, voice_name="de"))
    heard = asyncio.run(hear(voice.stream("Auf Wiedersehen.")))
    assert likeness(heard, asyncio.run(hear(german.stream("Auf Wiedersehen.")))) > 0.9
