"""The voice the settings ask for."""

from __future__ import annotations

from voicebot.settings import Settings
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.port import Synthesizer


def build(settings: Settings) -> Synthesizer:
    """The voice of this process. Raises ModelUnavailable with what to do when it cannot speak."""
    return EspeakSynthesizer(settings.voice_name)
