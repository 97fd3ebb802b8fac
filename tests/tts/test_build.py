from __future__ import annotations

import asyncio
import importlib.util
import sys

import numpy as np
import pytest

from tests.tts.listening import hear, likeness
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
from voicebot.settings import Voice as Engine
from voicebot.tts import Synthesizer
from voicebot.tts.build import build


def test_the_default_voice_speaks_and_remembers() -> None:
    """Without any setting there is a voice; what it said once it says again from memory."""
    voice = build(Settings())
    port: Synthesizer = voice
    assert "espeak-ng" in port.description

    async def speak() -> None:
        first = await hear(voice.stream("Hello there."))
        assert np.array_equal(first, await hear(voice.stream("Hello there.")))

    asyncio.run(speak())
    assert (voice.stats.hits, voice.stats.misses) == (1, 1)


def test_the_apology_is_ready_before_any_event_loop() -> None:
    """The apology is the same words in the same voice, rendered at start."""
    voice = build(Settings(voice_name="en-gb"))
    apology = voice.apology_pcm("I am sorry, something went wrong.")
    assert likeness(apology, asyncio.run(hear(voice.stream("I am sorry, something went wrong.")))) > 0.9


def test_a_wrong_voice_is_refused_at_start() -> None:
    """The message names the setting."""
    with pytest.raises(ModelUnavailable, match="VOICEBOT_VOICE_NAME=nobody"):
        build(Settings(voice_name="nobody"))


def test_coqui_without_its_packages_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the extra voice without the extra says how to install it."""
    if importlib.util.find_spec("TTS") is not None:
        monkeypatch.setitem(sys.modules, "TTS.api", None)
    with pytest.raises(ModelUnavailable, match="requirements-coqui"):
        build(Settings(voice=Engine.COQUI))
