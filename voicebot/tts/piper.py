"""Piper in this process: neural voices from a file each, fast enough for calls on a CPU.

The package (`piper-tts`, imported as `piper`) is an extra, imported only when this voice is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import logging
import os
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from voicebot.audio import Pcm
from voicebot.audio.level import SPEECH_DBFS
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.normalise import speakable_sentences
from voicebot.tts.packages import in_a_line, loaded, version
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks, telephone
from voicebot.tts.worker import Stopped

DEFAULT_VOICE = "en_US-lessac-medium"
LOAD_SECONDS = 120.0

_FATAL = 4

_NAME = re.compile(r"[a-z]{2,3}_[A-Z]{2}-[A-Za-z0-9_]+-[a-z_]+")


class PiperSynthesizer:
    """Speaks with one Piper voice, a sentence at a time, on a thread of its own.

    name: a name such as en_US-lessac-medium, looked for in `folder`, or the path of an `.onnx` file with its
    `.onnx.json` beside it; `#speaker` (a name or number of the voice's) may follow. Raises ModelUnavailable.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name or DEFAULT_VOICE
        self._worker, self._model = loaded("Piper", self._name, lambda: _load(self._name, folder), LOAD_SECONDS)

    @property
    def description(self) -> str:
        return f"piper {Path(self._name).name} on {self._model.device}"

    @property
    def key(self) -> str:
        model = self._model
        return f"piper/{model.version}/{model.digest}/{model.speaker}/{SPEECH_DBFS:g}"

    @property
    def language(self) -> str:
        """Language tag of what the voice speaks."""
        return self._model.language

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(speakable_sentences(text, self.language), self._sentence)

    async def aclose(self) -> None:
        self._worker.close()

    async def _sentence(self, said: str) -> AsyncGenerator[Pcm, None]:
        brake = onnxruntime.RunOptions()
        # A run that is ended is no error for stderr.
        brake.log_severity_level = _FATAL
        try:
            spoken = await self._worker.run(lambda stopped: self._model.speak(said, brake, stopped))
        except asyncio.CancelledError:
            # Ends the inference within a layer: the next sentence must not wait for one that nobody hears.
            brake.terminate = True
            raise
        for chunk in chunks(spoken):
            yield chunk


class _Brakable:
    """An ONNX session as PiperVoice calls it, whose run in progress can be ended from another thread."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.brake = onnxruntime.RunOptions()

    def run(self, names: list[str] | None, feeds: dict[str, Any]) -> Any:
        return self._session.run(names, feeds, self.brake)


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded voice. speaker: number of the speaker where it has several. digest: of its files."""

    voice: Any
    session: _Brakable
    choice: Any
    speaker: int | None
    rate: int
    device: str
    language: str
    version: str
    digest: str

    def speak(self, text: str, brake: onnxruntime.RunOptions, stopped: Stopped) -> Pcm:
        """The audio of a sentence, which Piper may see as several."""
        self.session.brake = brake
        parts: list[Any] = []
        try:
            for part in self.voice.synthesize(text, self.choice):
                parts.append(np.asarray(part.audio_float_array, np.float32).reshape(-1))
                if stopped():
                    break
        except Exception as error:
            # Only the kind of error: its words may be the caller's.
            raise SynthesizerError(f"the Piper voice failed on a sentence ({type(error).__name__})") from error
        samples = np.concatenate([np.zeros(0, np.float32), *parts])
        if not np.isfinite(samples).all():
            raise SynthesizerError("the Piper voice gave samples that are no numbers")
        return telephone(samples, self.rate)


def voice_file(place: str, folder: Path) -> Path:
    """The `.onnx` file of a voice given by name or path. Raises ModelUnavailable with how to get it."""
    if place.endswith(".onnx") or os.sep in place:
        path = Path(place).expanduser()
        missing = "there is no such file"
    else:
        path = folder / f"{place}.onnx"
        missing = (
            f"it is not in {folder}: run `voicebot voices get {place}`"
            if _NAME.fullmatch(place)
            else f"it is not in {folder}; names look like {DEFAULT_VOICE} (`voicebot voices` shows what is here)"
        )
    for needed in (path, path.with_name(path.name + ".json")):
        if not needed.is_file():
            raise ModelUnavailable(
                f"VOICEBOT_VOICE_NAME={place}: {missing}"
                if needed == path
                else f"VOICEBOT_VOICE_NAME={place}: {needed.name} is missing beside {path.name}"
            )
    return path


def _load(name: str, folder: Path) -> _Model:
    place, _, speaker = name.partition("#")
    path = voice_file(place, folder)
    try:
        package = importlib.import_module("piper")
        configuration = importlib.import_module("piper.config")
    except Exception as error:
        raise ModelUnavailable(
            f"the voice piper needs a package that is not here or does not work ({in_a_line(error)}): "
            "run `pip install -r requirements-piper.txt`"
        ) from error
    # It logs every text it is given, and as a warning each letter it cannot say.
    logging.getLogger("piper").setLevel(logging.ERROR)
    try:
        config = configuration.PiperConfig.from_dict(json.loads(path.with_name(path.name + ".json").read_bytes()))
        plain, device = _session(path)
        session = _Brakable(plain)
        voice = package.PiperVoice(config=config, session=session)
        number = _speaker(name, speaker, config)
        choice = configuration.SynthesisConfig(speaker_id=number)
    except ModelUnavailable:
        raise
    except Exception as error:
        raise ModelUnavailable(
            f"VOICEBOT_VOICE_NAME={place}: Piper could not load it ({in_a_line(error)}): "
            "check that both files are whole and belong together, or get the voice again"
        ) from error
    language, rate = str(config.espeak_voice or "en").lower(), int(config.sample_rate)
    return _Model(voice, session, choice, number, rate, device, language, version("piper-tts"), _digest(path))


def _session(path: Path) -> tuple[Any, str]:
    options = onnxruntime.SessionOptions()
    # The other half is for the recogniser; threads that spin while they wait would take it from the calls.
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) // 2)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _FATAL
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(path), options, providers)
    return session, "cuda" if session.get_providers()[0].startswith("CUDA") else "cpu"


def _speaker(name: str, wanted: str, config: Any) -> int | None:
    """The speaker's number: the one named, else the voice's own default."""
    known: dict[str, int] = dict(config.speaker_id_map or {})
    if not wanted:
        return None
    if wanted in known:
        return known[wanted]
    if wanted.isascii() and wanted.isdigit() and int(wanted) < config.num_speakers:
        return int(wanted)
    some = ", ".join(list(known)[:10]) or f"0 to {config.num_speakers - 1}"
    raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={name}: there is no speaker {wanted}; its speakers are {some}")


def _digest(path: Path) -> str:
    digest = hashlib.sha256(path.with_name(path.name + ".json").read_bytes())
    with path.open("rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
