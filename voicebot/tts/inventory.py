"""What can speak on this machine, engine by engine."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings, Voice
from voicebot.tts.build import voices_folder
from voicebot.tts.espeak import DEFAULT_VOICE as ESPEAK_VOICE
from voicebot.tts.espeak import EspeakSynthesizer


def inventory(settings: Settings) -> Iterator[str]:
    """Lines for a person: each engine, its voices that are here, and how to get more. Loads no model."""
    parts = {
        Voice.ESPEAK: _espeak(),
        Voice.PIPER: _piper(settings),
        Voice.COQUI: _coqui(),
        Voice.OPENAI: _openai(settings),
    }
    for engine, lines in parts.items():
        yield f"{engine.value}{'  (configured)' if engine is settings.voice else ''}"
        for line in lines:
            yield f"  {line}"


def _espeak() -> Iterator[str]:
    try:
        voice = EspeakSynthesizer()
    except ModelUnavailable as error:
        yield str(error)
        return
    yield voice.description.partition(",")[0] + f", {voice.count} voices, {ESPEAK_VOICE} if none is named"
    yield f"languages: {', '.join(voice.tags)}"
    yield "variants such as en-us+f3; nothing to fetch"


def _piper(settings: Settings) -> Iterator[str]:
    folder = voices_folder(settings)
    if importlib.util.find_spec("piper") is None:
        yield "not installed: pip install -r requirements-piper.txt"
    here = sorted(path for path in folder.glob("*.onnx") if path.with_name(path.name + ".json").is_file())
    for path in here:
        yield f"{path.stem}  ({path.stat().st_size / 1e6:.0f} MB)"
    if not here:
        yield f"no voices in {folder}"
    for part in sorted(folder.glob("*.part")):
        yield f"{part.stem} is not complete: run `voicebot voices get` again"
    yield "more: voicebot voices offers, voicebot voices get en_US-lessac-medium"


def _coqui() -> Iterator[str]:
    if importlib.util.find_spec("TTS") is None:
        yield "not installed: pip install -r requirements-coqui.txt"
    folder = _coqui_folder()
    for path in sorted(folder.glob("tts_models--*")):
        yield path.name.replace("--", "/")
    yield f"a model is fetched into {folder} when it is first asked for; names: tts --list_models"


def _coqui_folder() -> Path:
    """Where Coqui keeps models on Linux (trainer.io.get_user_data_dir)."""
    home = os.environ.get("TTS_HOME") or os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "tts"


def _openai(settings: Settings) -> Iterator[str]:
    if settings.voice_url:
        yield f"{settings.voice_url}, model {settings.voice_model}"
    else:
        yield "no server: set VOICEBOT_VOICE_URL"
    yield "its voices are in its own documentation"
