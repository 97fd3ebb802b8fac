"""From settings to who hears."""

from __future__ import annotations

import asyncio

import ctranslate2
import pytest

from voicebot.asr import whisper
from voicebot.asr.build import DEFAULT_REMOTE_MODEL, build, most_together
from voicebot.errors import ModelUnavailable, SettingsError
from voicebot.settings import Settings, load


def test_a_server_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the start fails with the setting and an example."""
    monkeypatch.setenv("VOICEBOT_ASR", "openai")
    with pytest.raises(SettingsError, match="VOICEBOT_ASR=openai needs VOICEBOT_ASR_URL, such as http"):
        load()


def test_a_server_is_asked_for_its_usual_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` is the name most servers take for the model they have."""
    monkeypatch.setenv("VOICEBOT_ASR", "ray")
    monkeypatch.setenv("VOICEBOT_ASR_URL", "http://gpu:8000/v1/")
    recognizer = build(load())
    assert recognizer.description == f"ray {DEFAULT_REMOTE_MODEL} at gpu:8000"
    asyncio.run(recognizer.aclose())


@pytest.mark.parametrize(
    ("device", "context", "batch"), [("cuda", 30, 32), ("cpu", 30, 4), ("cpu", 20, 8), ("cpu", 10, 8)]
)
def test_the_batch_follows_device_and_context(device: str, context: float, batch: int) -> None:
    """A CPU with a long context gains from few; one with a short context, and a GPU, from more."""
    assert most_together(device, context) == batch


def test_a_missing_gpu_library_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a GPU and no cuBLAS, the start and `doctor` say which file lacks and how to get it."""

    def load(*_: object) -> None:
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: {"float16"})
    monkeypatch.setattr(whisper, "load", load)
    with pytest.raises(
        ModelUnavailable, match=r"libcublas\.so\.12 is not found.*nvidia-cublas-cu12.*ASR_DEVICE=cpu"
    ):
        build(Settings(asr_model="demo"))
