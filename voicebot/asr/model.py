"""Which speech model hears, where it runs, and how it gets onto this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import ctranslate2
import structlog
from faster_whisper import available_models, download_model
from huggingface_hub import constants, get_session

from voicebot.errors import ModelUnavailable
from voicebot.settings import PREFIX, Settings

log = structlog.get_logger()

DEMO = Path(__file__).parent / "demo"

_SETTING = f"{PREFIX}ASR_MODEL"

_DEMO_NOTE = "hears synthetic English voices only"

_REQUIRED = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json")
"""Files without which faster-whisper cannot work offline; older conversions have vocabulary.txt instead."""

_REACH_SECONDS = 8.0
"""Longest wait for a sign of life from the model hub, name look-up included."""

_MANY_CORES = 8
"""Cores from which small.en keeps up with a conversation; with fewer only base.en does."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on this machine's disk and how to load it.

    name: as an operator would call it.
    device: cpu or cuda.
    note: what an operator should know about the choice, or "".
    """

    folder: Path
    name: str
    device: str
    compute_type: str
    note: str = ""

    @property
    def is_demo(self) -> bool:
        """Whether this is the built-in model or one made by its recipe, which needs its own way of decoding.

        Its feature settings tell: no released Whisper has them.
        """
        settings = self.folder / "preprocessor_config.json"
        return settings.is_file() and settings.read_bytes() == (DEMO / settings.name).read_bytes()


def choose(settings: Settings, language: str = "en") -> Checkpoint:
    """The checkpoint the settings ask for, fetched from the model hub if it has to be.

    language: ISO 639-1 code of the dialog; `auto` takes a model that knows it. Raises ModelUnavailable; but with
    `auto` a hub out of reach is no error: it means the demo model, and `note` says so.
    """
    device = _device(settings)
    compute_type = _compute_type(settings, device)
    wanted = settings.asr_model.strip()
    if wanted == "demo":
        return Checkpoint(DEMO, "demo model", device, compute_type, _DEMO_NOTE)
    if wanted == "auto":
        name = _preferred(device, language)
        try:
            return Checkpoint(_fetch(name, settings), name, device, compute_type)
        except ModelUnavailable as error:
            log.warning("recognizer.demo_instead", wanted=name, why=str(error))
            return Checkpoint(DEMO, "demo model", device, compute_type, f"{_DEMO_NOTE}: {error}")
    if (folder := Path(wanted).expanduser()).is_dir():
        lacking = missing(folder)
        if lacking:
            raise ModelUnavailable(
                f"{_SETTING}={wanted}: the folder has no {' and no '.join(lacking)}; it must hold a CTranslate2 "
                "conversion of a Whisper model (ct2-transformers-converter --copy_files tokenizer.json "
                "preprocessor_config.json)"
            )
        return Checkpoint(folder, folder.name, device, compute_type)
    if wanted not in available_models() and not _is_hub_id(wanted):
        raise ModelUnavailable(
            f"{_SETTING}={wanted}: no such folder, and not auto, demo, a hub id (owner/name) or one of "
            f"{', '.join(available_models())}"
        )
    try:
        return Checkpoint(_fetch(wanted, settings), wanted, device, compute_type)
    except ModelUnavailable as error:
        raise ModelUnavailable(
            f"{_SETTING}={wanted}: {error}. Connect this machine to the hub once, name a folder that holds the "
            f"model, or set {_SETTING}=demo to try the bot with synthetic voices"
        ) from error


def missing(folder: Path) -> list[str]:
    """The files a model folder lacks."""
    lacking = [name for name in _REQUIRED if not (folder / name).is_file()]
    if (folder / "vocabulary.txt").is_file() and "vocabulary.json" in lacking:
        lacking.remove("vocabulary.json")
    return lacking


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(settings: Settings) -> str:
    if settings.asr_device == "cpu":
        return "cpu"
    gpus = ctranslate2.get_cuda_device_count()
    if settings.asr_device == "cuda" and not gpus:
        raise ModelUnavailable(
            f"{PREFIX}ASR_DEVICE=cuda: no CUDA device is visible to this process; check nvidia-smi and the "
            f"container's GPU access, or set {PREFIX}ASR_DEVICE=cpu"
        )
    return "cuda" if gpus else "cpu"


def _compute_type(settings: Settings, device: str) -> str:
    supported = ctranslate2.get_supported_compute_types(device)
    if settings.asr_compute_type != "default":
        if settings.asr_compute_type not in supported:
            raise ModelUnavailable(
                f"{PREFIX}ASR_COMPUTE_TYPE={settings.asr_compute_type}: {device} here can do "
                f"{', '.join(sorted(supported))}, or default"
            )
        return settings.asr_compute_type
    wanted = ("float16", "int8_float16", "int8") if device == "cuda" else ("int8",)
    return next((kind for kind in wanted if kind in supported), "float32")


def _preferred(device: str, language: str) -> str:
    if device == "cuda":
        return "large-v3-turbo"
    size = "small" if cores() >= _MANY_CORES else "base"
    return f"{size}.en" if language == "en" else size


def _is_hub_id(wanted: str) -> bool:
    owner, slash, name = wanted.partition("/")
    return bool(owner and slash and name) and "/" not in name and owner not in (".", "..", "~")


def _fetch(name: str, settings: Settings) -> Path:
    """The folder of a hub model: the one downloaded before, else a new download into the data folder."""
    cache = settings.data_dir / "models"
    try:
        folder = Path(download_model(name, cache_dir=str(cache), local_files_only=True))
        if not missing(folder):
            return folder
    except Exception as error:  # the hub client has no common base for "not in the cache"
        log.debug("recognizer.not_cached", model=name, error=type(error).__name__)
    if constants.is_offline_mode():
        raise ModelUnavailable("the model is not in the data folder, and HF_HUB_OFFLINE forbids to fetch it")
    _reach_hub()
    log.info("recognizer.download", model=name, into=str(cache))
    try:
        folder = Path(download_model(name, cache_dir=str(cache)))
    except Exception as error:
        cause = type(error.__cause__ or error).__name__
        raise ModelUnavailable(f"the model hub did not give it ({cause})") from error
    if lacking := missing(folder):
        raise ModelUnavailable(f"the model hub's copy has no {' and no '.join(lacking)}")
    return folder


def _reach_hub() -> None:
    """Raise unless the hub answers soon, so that a closed network costs seconds and not minutes of retries."""

    def knock() -> None:
        get_session().head(constants.ENDPOINT, timeout=_REACH_SECONDS / 2)

    try:
        within(_REACH_SECONDS, knock)
    except Exception as error:
        log.debug("recognizer.hub_unreachable", error=type(error).__name__)
        raise ModelUnavailable("the model hub could not be reached") from error


def within(limit: float, work: Callable[[], _T]) -> _T:
    """The result of `work`, or TimeoutError after `limit` seconds, with `work` left behind even if it hangs."""
    outcome: list[_T] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError
    return outcome[0]
