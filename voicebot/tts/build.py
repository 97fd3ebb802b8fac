"""The voice the settings ask for."""

from __future__ import annotations

from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
from voicebot.settings import Voice as Engine
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.coqui import CoquiSynthesizer
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.fallback import Voice


def build(settings: Settings) -> Voice:
    """The voice of this process: the engine chosen, its cache, and espeak-ng in reserve for any other engine.

    Loads the model, so it may take long. Raises ModelUnavailable with what to do when it cannot speak.
    """
    if settings.voice is Engine.ESPEAK:
        espeak = EspeakSynthesizer(settings.voice_name)
        return Voice(CachedSynthesizer(espeak, settings.voice_cache_mb), None, espeak.render)
    coqui = CoquiSynthesizer(settings.voice_name)
    reserve = _reserve(coqui.language)
    return Voice(CachedSynthesizer(coqui, settings.voice_cache_mb), reserve, reserve.render)


def _reserve(language: str) -> EspeakSynthesizer:
    """espeak-ng in the engine's language, or in its default where it does not speak that."""
    try:
        return EspeakSynthesizer("" if language == "en" else language)
    except ModelUnavailable:
        return EspeakSynthesizer()
