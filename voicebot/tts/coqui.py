"""Coqui TTS in this process: neural voices by model name or from a folder, on the GPU if there is one.

The package (`coqui-tts`, imported as `TTS`) and torch are an extra, imported only when this voice is asked for.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.audio import Pcm
from voicebot.audio.level import SPEECH_DBFS
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.normalise import speakable
from voicebot.tts.relay import relayed
from voicebot.tts.sentences import sentences
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks, telephone
from voicebot.tts.telephone_stream import TelephoneStream, VoiceLevel
from voicebot.tts.worker import Stopped, Worker

DEFAULT_MODEL = "tts_models/en/ljspeech/vits"
LOAD_SECONDS = 1800.0
"""A first start downloads the model: up to 2 GB."""

_MAX_SECONDS_PER_CHARACTER = 0.5
_NO_NUMBERS = "the Coqui model gave samples that are no numbers"
_BARK_FILE = "text_2.pt"


class CoquiSynthesizer:
    """Speaks with one Coqui model, a sentence at a time, on a thread of its own.

    name: a model name of Coqui (`tts_models/en/ljspeech/vits`), a folder with a `.pth` file and `config.json`, or
    a `.pth` file with `config.json` beside it. `#speaker` may follow: a name, or for models that clone (XTTS,
    Bark) a WAV file of the voice; then `@de`, the language of a model that knows several. XTTS is heard while it
    speaks. Raises ModelUnavailable.
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
        model = self._model
        return f"coqui/{model.version}/{self._name}/{model.speaker}/{model.language}/{SPEECH_DBFS:g}"

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
        if self._model.cast is not None:
            async with aclosing(
                relayed(self._worker, lambda stopped: self._model.perform(said, stopped))
            ) as audio:
                async for piece in audio:
                    yield piece
            return
        for chunk in chunks(await self._worker.run(lambda stopped: self._model.speak(said, stopped))):
            yield chunk


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model and how it is asked: `speaker` and `spoken` are passed on where it has several.

    sample: a recording to speak like. cast: how a streaming model (XTTS) sounds as its speaker, if it is one.
    level: how loud it came out so far.
    """

    tts: Any
    rate: int
    device: str
    speaker: str
    spoken: str
    language: str
    version: str
    sample: Path | None = None
    cast: _Cast | None = None
    level: VoiceLevel = field(default_factory=VoiceLevel)

    def perform(self, text: str, stopped: Stopped) -> Iterator[Pcm]:
        """The audio of a sentence while it is being made; a stop is noticed within some 20 tokens."""
        cast = self.cast
        assert cast is not None
        stream = TelephoneStream(self.rate, self.level)
        left = self._longest(text)
        try:
            for part in cast.model.inference_stream(text, self.spoken, cast.latents, cast.embedding):
                if stopped() or left <= 0:
                    break
                samples = np.asarray(part.detach().cpu().numpy(), np.float32).reshape(-1)[:left]
                left -= len(samples)
                yield stream.feed(_whole(samples))
        except (Exception, SystemExit) as error:
            raise _failure(error) from error
        if not stopped():
            yield stream.finish()

    def _longest(self, text: str) -> int:
        """Samples after which a model babbles: attention models may do so for minutes after a short sentence."""
        return int(self.rate * (3 + _MAX_SECONDS_PER_CHARACTER * len(text)))

    def speak(self, text: str, stopped: Stopped) -> Pcm:
        """The audio of a sentence. The model cannot be stopped half-way; a stop saves the work after it."""
        choice = (
            ({"speaker": self.speaker} if self.speaker else {})
            | ({"language": self.spoken} if self.spoken else {})
            | ({"speaker_wav": str(self.sample)} if self.sample else {})
        )
        try:
            samples = np.asarray(self.tts.tts(text=text, split_sentences=False, **choice), np.float32).reshape(-1)
        except (Exception, SystemExit) as error:
            raise _failure(error) from error
        if not np.isfinite(samples).all():
            raise SynthesizerError(_NO_NUMBERS)
        return telephone(samples[:0] if stopped() else samples[: self._longest(text)], self.rate)


@dataclass(frozen=True, slots=True)
class _Cast:
    """An XTTS model with the speaker it was told to be."""

    model: Any
    latents: Any
    embedding: Any


def _failure(error: BaseException) -> SynthesizerError:
    """Of the error only its kind: its words may be the caller's."""
    if isinstance(error, SynthesizerError):
        return error
    return SynthesizerError(f"the Coqui model failed on a sentence ({type(error).__name__})")


def _whole(samples: npt.NDArray[np.float32]) -> Pcm:
    """Samples of a stream as int16, at half of full scale: what is louder than 1 keeps its shape."""
    if not np.isfinite(samples).all():
        raise SynthesizerError(_NO_NUMBERS)
    scaled: Pcm = np.rint(np.clip(samples * np.float32(0.5), -1, 1) * 32767).astype(np.int16)
    return scaled


def _load(name: str) -> _Model:
    place, _, choice = name.partition("#")
    speaker, _, wanted = choice.partition("@")
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
    version = _version(model)
    spoken = _spoken(name, wanted, languages)
    language = spoken or _language(place, tts)
    sample = _sample(name, speaker, tts)
    if sample is not None:
        # The name under which Coqui keeps what it made of the recording; another recording is another name.
        speaker = f"sample-{hashlib.sha256(sample.read_bytes()).hexdigest()[:12]}"
        return _Model(tts, rate, device, speaker, spoken, language, version, sample)
    speaker = _speaker(name, speaker, speakers)
    if _clones(tts) and not speaker:
        raise ModelUnavailable(
            f"VOICEBOT_VOICE_NAME={name}: this model would be somebody else in every sentence: "
            "append # and a speaker of it, or the path of a WAV file to speak like"
        )
    return _Model(tts, rate, device, speaker, spoken, language, version, None, _cast(tts, speaker, spoken))


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
    if path.is_dir() and (path / _BARK_FILE).is_file() and (path / "config.json").is_file():
        # Bark is several files; its folder is its path.
        return path, path / "config.json"
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


def _version(model: Path | None) -> str:
    """Changes with the package, and with the model's file where we know it."""
    try:
        package = importlib.metadata.version("coqui-tts")
    except importlib.metadata.PackageNotFoundError:
        package = "?"
    status = model.stat() if model is not None else None
    return package if status is None else f"{package}/{status.st_size}/{status.st_mtime_ns}"


def _clones(tts: Any) -> bool:
    """Whether the model speaks like whatever it is given, such as XTTS and Bark."""
    config = getattr(getattr(tts.synthesizer, "tts_model", None), "config", None)
    return bool(getattr(config, "supports_cloning", False))


def _sample(name: str, speaker: str, tts: Any) -> Path | None:
    """The recording named as speaker, if one is."""
    if not speaker.lower().endswith(".wav"):
        return None
    path = Path(speaker).expanduser()
    if not path.is_file():
        raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={name}: there is no recording {speaker}")
    if not _clones(tts):
        raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={name}: this model cannot speak like a recording")
    return path


def _cast(tts: Any, speaker: str, spoken: str) -> _Cast | None:
    """What XTTS needs to stream as one of its own speakers; None for other models."""
    model = getattr(tts.synthesizer, "tts_model", None)
    known = getattr(getattr(model, "speaker_manager", None), "speakers", None)
    if not hasattr(model, "inference_stream") or not spoken or not known or speaker not in known:
        return None
    latents, embedding = known[speaker].values()
    return _Cast(model, latents, embedding)


def _spoken(name: str, wanted: str, languages: list[str]) -> str:
    """The language to ask for: the one named, else English, else the first; none for a model of one language."""
    if wanted and wanted not in languages:
        known = f"it speaks {', '.join(languages)}" if languages else "it speaks one language"
        raise ModelUnavailable(f"VOICEBOT_VOICE_NAME={name}: the model does not speak {wanted}; {known}")
    if wanted or not languages:
        return wanted
    return "en" if "en" in languages else languages[0]


def _language(place: str, tts: Any) -> str:
    """What a model of one language speaks: the second part of its name, else what its configuration says."""
    parts = place.split("/")
    if parts[0] == "tts_models" and len(parts) == 4:
        # Bark finds out by itself what it is to speak; Fairseq's models have codes of three letters.
        return {"multilingual": "en", "eng": "en"}.get(parts[1], parts[1])
    return str(getattr(tts.config, "phoneme_language", None) or "en")


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
