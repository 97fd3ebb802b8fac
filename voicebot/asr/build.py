"""From the settings to a recogniser that is ready to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from voicebot.asr.engine import Engine
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.port import Recognizer
from voicebot.errors import ModelUnavailable
from voicebot.settings import PREFIX, Settings

if TYPE_CHECKING:
    from voicebot.asr.model import Checkpoint

log = structlog.get_logger()


def build(settings: Settings, language: str = "en") -> Recognizer:
    """Choose, fetch and load the model; blocks for seconds, for minutes when a model is downloaded.

    language: ISO 639-1 code of what callers speak. Raises ModelUnavailable.
    """
    # CTranslate2 takes a second to import; processes that hold no calls never do.
    from voicebot.asr import model

    checkpoint = model.choose(settings, language)
    engine = _load(checkpoint, settings, language)
    log.info("recognizer.loaded", model=checkpoint.name, device=checkpoint.device, compute=checkpoint.compute_type)
    return LocalRecognizer(engine, settings.asr_workers, settings.asr_timeout)


def _load(checkpoint: Checkpoint, settings: Settings, language: str) -> Engine:
    from voicebot.asr import whisper

    try:
        return whisper.load(checkpoint, settings.asr_threads, settings.asr_workers, language)
    except ModelUnavailable:
        raise
    except Exception as error:
        if checkpoint.device == "cuda":
            raise ModelUnavailable(
                f"{checkpoint.name} does not run on the GPU ({error}): install the CUDA 12 libraries cuBLAS and "
                f"cuDNN 9, or set {PREFIX}ASR_DEVICE=cpu"
            ) from error
        raise ModelUnavailable(
            f"{PREFIX}ASR_MODEL={settings.asr_model}: {checkpoint.folder} could not be loaded ({error}); "
            "fetch or convert the model again"
        ) from error
