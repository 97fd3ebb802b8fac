"""From the settings to a recogniser that is ready to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from voicebot.asr.engine import Engine
from voicebot.asr.local import LocalRecognizer
from voicebot.errors import ModelUnavailable
from voicebot.settings import PREFIX, Asr, Settings

if TYPE_CHECKING:
    from voicebot.asr.layout import Layout
    from voicebot.asr.manner import Manner
    from voicebot.asr.model import Checkpoint

log = structlog.get_logger()

DEFAULT_REMOTE_MODEL = "whisper-1"
"""What `auto` is at a server: OpenAI's name, which most servers take for the model they have."""

_CONNECTIONS = 16
"""Requests at once to a server, where VOICEBOT_ASR_BATCH does not say."""

_SHORT_CONTEXT = 20.0
"""Seconds of context up to which a CPU spends as much on the decoder, which batches help, as on the encoder."""


def build(settings: Settings, language: str = "en") -> LocalRecognizer:
    """Choose, fetch and load the model; blocks for seconds, for minutes when a model is downloaded.

    language: ISO 639-1 code of what callers speak. Raises ModelUnavailable.
    """
    return _local(settings, language) if settings.asr is Asr.LOCAL else _remote(settings)


def _remote(settings: Settings) -> LocalRecognizer:
    from voicebot.asr.remote import RemoteWhisper, Server

    model = DEFAULT_REMOTE_MODEL if settings.asr_model == "auto" else settings.asr_model
    connections = settings.asr_batch or _CONNECTIONS
    server = Server(settings.asr_url, model, settings.asr_api_key)
    engine = RemoteWhisper(server, settings.asr_timeout, connections, settings.asr.value)
    # The server makes the batches: we ask for one utterance a request, as many at once as there are threads.
    return LocalRecognizer(engine, workers=connections, timeout=settings.asr_timeout, batch=1)


def _local(settings: Settings, language: str) -> LocalRecognizer:
    # CTranslate2 takes a second to import; processes that hold no calls never do.
    from voicebot.asr import layout, manner, model

    checkpoint = model.choose(settings, language)
    how = manner.DEMO if checkpoint.is_demo else manner.released(settings.asr_context_seconds)
    batch = settings.asr_batch or most_together(checkpoint.device, how.context)
    shared = layout.share(checkpoint.device, model.cores(), settings.asr_threads, settings.asr_workers)

    def load() -> Engine:
        return _load(checkpoint, settings, language, how, shared)

    engine = load()
    log.info(
        "recognizer.loaded",
        model=checkpoint.name,
        device=checkpoint.device,
        compute=checkpoint.compute_type,
        batch=batch,
        workers=shared.workers,
    )
    return LocalRecognizer(engine, shared.workers, settings.asr_timeout, batch, reload=load)


def most_together(device: str, context: float) -> int:
    """Utterances decoded together where nobody said how many: past these figures more of them gain nothing.

    context: seconds each of them is shown to the encoder.
    """
    if device != "cpu":
        return 32
    return 8 if context <= _SHORT_CONTEXT else 4


def _load(checkpoint: Checkpoint, settings: Settings, language: str, how: Manner, shared: Layout) -> Engine:
    from voicebot.asr import whisper

    try:
        return whisper.load(checkpoint, shared, language, how)
    except ModelUnavailable:
        raise
    except Exception as error:
        if checkpoint.device == "cuda":
            raise ModelUnavailable(
                f"{checkpoint.name} does not run on the GPU ({error}): it needs NVIDIA's driver and cuBLAS 12 "
                "(libcublas.so.12, libcublasLt.so.12), which the CUDA base of the Dockerfile has and "
                "`pip install nvidia-cublas-cu12` brings, its folder then in LD_LIBRARY_PATH; "
                f"or set {PREFIX}ASR_DEVICE=cpu"
            ) from error
        raise ModelUnavailable(
            f"{PREFIX}ASR_MODEL={settings.asr_model}: {checkpoint.folder} could not be loaded ({error}); "
            "fetch or convert the model again"
        ) from error
