"""Coqui TTS in this process: neural voices by model name or from a folder, on the GPU if there is one.

The package (`coqui-tts`, imported as `TTS`) and torch are an extra, imported only when this voice is asked for.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.audio import Pcm
from voicebot.audio.level import SPEECH_DBFS
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.normalise import speakable
from voicebot.tts.sentences import sentences
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks, telephone
from voicebot.tts.worker import Stopped, Worker

DEFAULT_MODEL = "tts_models/en/ljspeech/vits"
LOAD_SECONDS = 1800.0
"""A first start downloads the model: up to 2 GB."""

_MAX_SECONDS_PER_CHARACTER = 0.5


class CoquiSynthesizer:
    """Speaks with one Coqui model, a sentence at a time, on a thread of its own.

    name: a model name of Coqui (`tts_models/en/ljspeech/vits`), a folder with a `.pth` file and `config.json`, or
    a `.pth` file with `config.json` beside it; `#speaker` may follow. Raises ModelUnavailable.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name or DEFAULT_MODEL
        self._worker = Worker("coqui")
        try:
            self._model = self._worker.call(lambda _stopped: _load(self._name), LOAD_SECONDS)
        except TimeoutError:
            raise ModelUnavailable(
                f"VOICEBOT_VOICE_NAME={self._name}: Coqui did not load it within {LOAD_SECONDS:.0f} s"
            ) from None
        except BaseException:
            self._worker.close()
            raise

    @property
    def description(self) -> str:
        speaker = f", speaker {self._model.speaker}" if self._model.speaker else ""
        return f"coqui {self._name}{speaker} on {self._model.device}"

    @property
    def key(self) -> str:
        return f"coqui/{self._name}/{self._model.speaker}/{self._model.language}/{SPEECH_DBFS:g}"

    @property
    def language(self) -> str:
        """Language tag of what the model speaks."""
        return self._model.language or "en"

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(sentences(text), self._sentence)

    async def aclose(self) -> None:
        self._worker.close()

    async def _sentence(self, sentence: str) -> AsyncGenerator[Pcm, None]:
        said = speakable(sentence, self.language)
        for chunk in chunks(await self._worker.run(lambda stopped: self._model.speak(said, stopped))):
            yield chunk


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model and how it is asked: `speaker` and `spoken` are passed on where it has several."""

    tts: Any
    rate: int
    device: str
    speaker: str
    spoken: str
    language: str

    def speak(self, text: str, stopped: Stopped) -> Pcm:
        """The audio of a sentence. The model cannot be stopped half-way; a stop saves the work after it."""
        choice = ({"speaker": self.speaker} if self.speaker else {}) | (
            {"language": self.spoken} if self.spoken else {}
        )
        try:
            samples = np.asarray(self.tts.tts(text=text, split_sentences=False, **choice), np.float32).reshape(-1)
        except (Exception, SystemExit) as error:
            # Only the kind of error: its words may be the caller's.
            raise SynthesizerError(f"the Coqui model failed on a sentence ({type(error).__name__})") from error
        if not np.isfinite(samples).all():
            raise SynthesizerError("the Coqui model gave samples that are no numbers")
        # Attention models may babble on for minutes after a short sentence.
        longest = int(self.rate * (3 + _MAX_SECONDS_PER_CHARACTER * len(text)))
        return telephone(samples[:0] if stopped() else samples[:longest], self.rate)


def _load(name: str) -> _Model:
    place, _, speaker = name.partition("#")
    model, config = _files(place)
    try:
        torch = importlib.import_module("torch")
        api = importlib.import_module("TTS.api")
    except (
        Exception
    ) as error:  # beside ImportError, parts of torch that do not fit each other raise what they like
        raise ModelUnavailable(
            f"the voice coqui needs packages that are not here or do not fit each other ({_short(error)}): "
            "run `pip install -r requirements-coqui.txt`"
        ) from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        # The other half is for the recogniser; on two busy cores two threads were measured slower than one.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    try:
        if model is None:
            tts = api.TTS(model_name=place, progress_bar=False).to(device)
        else:
            tts = api.TTS(model_path=str(model), config_path=str(config), progress_bar=False).to(device)
        rate = int(tts.synthesizer.output_sample_rate)
        speakers, languages = list(tts.speakers or ()), list(tts.languages or ())
    except (Exception, SystemExit) as error:
        raise ModelUnavailable(
            f"VOICEBOT_VOICE_NAME={place}: Coqui could not load it ({_short(error)}): "
            f"{_advice(error, by_name=model is None)}"
        ) from error
    spoken = _spoken(languages)
    return _Model(tts, rate, device, _speaker(name, speaker, speakers), spoken, spoken or _language(place, tts))


def _advice(error: BaseException, by_name: bool) -> str:
    if "espeak" in str(error):
        return "this model makes phonemes with the program espeak-ng: install that, or take another model"
    if isinstance(error, EOFError):
        return "its licence must be accepted: read it, then set COQUI_TOS_AGREED=1"
    if not by_name:
        return "check that the .pth file and config.json belong together and to a model that speaks"
    return (
        "check the name (`tts --list_models`), that this machine reaches the model's host, "
        "or give the folder of a downloaded model"
    )


def _files(place: str) -> tuple[Path, Path] | tuple[None, None]:
    """The model file and its configuration if `place` is a path, else nothing: it is a model's name."""
    path = Path(place).expanduser()
    if path.is_dir():
        models = [path / name for name in ("model.pth", "best_model.pth") if (path / name).is_file()]
        models += sorted(path.glob("*.pth"))
        if not models:
            raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={place}: there is no .pth model in this folder")
        path = models[0]
    elif not path.is_file():
        if path.is_absolute() or place.startswith((".", "~")) or path.suffix == ".pth":
            raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={place}: there is no such file or folder")
        return None, None
    config = path.with_name("config.json")
    if not config.is_file():
        raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={place}: {config.name} is missing beside {path.name}")
    return path, config


def _speaker(name: str, wanted: str, speakers: list[str]) -> str:
    """The speaker to ask for: the one named, else the first of several, else nobody in particular."""
    if wanted and wanted not in speakers:
        known = f"its speakers are {', '.join(speakers[:10])}" if speakers else "this model has one speaker"
        raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={name}: there is no speaker {wanted}; {known}")
    return wanted or (speakers[0] if speakers else "")


def _spoken(languages: list[str]) -> str:
    if not languages:
        return ""
    return "en" if "en" in languages else languages[0]


def _language(place: str, tts: Any) -> str:
    """What a model of one language speaks: the second part of its name, else what its configuration says."""
    parts = place.split("/")
    if parts[0] == "tts_models" and len(parts) == 4:
        return parts[1]
    return str(getattr(tts.config, "phoneme_language", None) or "en")


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
