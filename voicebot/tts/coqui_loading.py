"""The Coqui model that a voice's name stands for: found, loaded, with its speaker and its language."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from typing import Any

from voicebot.errors import ModelUnavailable
from voicebot.tts.coqui_model import Cast, Model
from voicebot.tts.packages import in_a_line, version

_BARK_FILE = "text_2.pt"


def load(name: str) -> Model:
    """The model of that name, as `CoquiSynthesizer` takes it. Raises ModelUnavailable."""
    place, _, choice = name.partition("#")
    speaker, _, wanted = choice.partition("@")
    model, config = _files(place)
    try:
        torch = importlib.import_module("torch")
        api = importlib.import_module("TTS.api")
    except Exception as error:
        # Beside ImportError: parts of torch that do not fit each other raise what they like.
        raise ModelUnavailable(
            f"the voice coqui needs packages that are not here or do not fit each other ({in_a_line(error)}): "
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
            f"VOICEBOT_VOICE_NAME={place}: Coqui could not load it ({in_a_line(error)}): "
            f"{_advice(error, by_name=model is None)}"
        ) from error
    spoken = _spoken(name, wanted, languages)
    language = spoken or _language(place, tts)
    sample = _sample(name, speaker, tts)
    if sample is not None:
        # The name under which Coqui keeps what it made of the recording; another recording is another name.
        speaker = f"sample-{hashlib.sha256(sample.read_bytes()).hexdigest()[:12]}"
        return Model(tts, rate, device, speaker, spoken, language, _version(model), sample)
    speaker = _speaker(name, speaker, speakers)
    if _clones(tts) and not speaker:
        raise ModelUnavailable(
            f"VOICEBOT_VOICE_NAME={name}: this model would be somebody else in every sentence: "
            "append # and a speaker of it, or the path of a WAV file to speak like"
        )
    return Model(tts, rate, device, speaker, spoken, language, _version(model), None, _cast(tts, speaker, spoken))


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
    package = version("coqui-tts")
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


def _cast(tts: Any, speaker: str, spoken: str) -> Cast | None:
    """What XTTS needs to stream as one of its own speakers; None for other models."""
    model = getattr(tts.synthesizer, "tts_model", None)
    known = getattr(getattr(model, "speaker_manager", None), "speakers", None)
    if not hasattr(model, "inference_stream") or not spoken or not known or speaker not in known:
        return None
    latents, embedding = known[speaker].values()
    return Cast(model, latents, embedding)


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
