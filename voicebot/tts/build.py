"""The voice the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
from voicebot.settings import Voice as Engine
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.coqui import CoquiSynthesizer
from voicebot.tts.disk import DiskCache
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.fallback import Voice
from voicebot.tts.piper import PiperSynthesizer
from voicebot.tts.port import Synthesizer
from voicebot.tts.remote import RemoteSynthesizer
from voicebot.tts.sound import fingerprint

VOICES = "voices"
"""Folder of voice files in the data folder."""

CACHE = "voice-cache"
"""Folder of sentences already spoken in the data folder."""


class Speaker(Synthesizer, Protocol):
    """An engine that knows which language it speaks."""

    @property
    def language(self) -> str:
        """A language tag such as en or en-gb."""
        ...


def build(settings: Settings, language: str = "en") -> Voice:
    """The voice of this process: the engine chosen, its cache, and espeak-ng in reserve for any other engine.

    language: of the dialog, for engines that do not know their own. Loads the model, so it may take long. Raises
    ModelUnavailable with what to do when it cannot speak.
    """
    speaker = engine(settings, language)
    disk = (
        DiskCache(settings.data_dir / CACHE, settings.voice_disk_mb, fingerprint())
        if settings.voice_disk_mb
        else None
    )
    cached = CachedSynthesizer(speaker, settings.voice_cache_mb, disk)
    if isinstance(speaker, EspeakSynthesizer):
        return Voice(cached, None, speaker.render)
    reserve = _reserve(speaker.language)
    return Voice(cached, reserve, reserve.render)


def engine(settings: Settings, language: str = "en") -> Speaker:
    """The engine alone, without cache and reserve. Raises ModelUnavailable."""
    match settings.voice:
        case Engine.ESPEAK:
            return EspeakSynthesizer(settings.voice_name)
        case Engine.PIPER:
            return PiperSynthesizer(settings.voice_name, voices_folder(settings))
        case Engine.COQUI:
            return CoquiSynthesizer(settings.voice_name)
        case Engine.OPENAI:
            return RemoteSynthesizer(
                settings.voice_url,
                settings.voice_api_key,
                settings.voice_model,
                settings.voice_name,
                settings.voice_format,
                language,
            )


def voices_folder(settings: Settings) -> Path:
    """Where voice files are looked for by name, and put by `voicebot voices get`."""
    return settings.data_dir / VOICES


def _reserve(language: str) -> EspeakSynthesizer:
    """espeak-ng in the engine's language, or in its default where it does not speak that."""
    try:
        return EspeakSynthesizer("" if language == "en" else language)
    except ModelUnavailable:
        return EspeakSynthesizer()
