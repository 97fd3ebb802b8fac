"""Who speaks: text to speech, and how much of it is kept."""

from __future__ import annotations

from enum import Enum
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from voicebot.settings.addresses import HttpAddress
from voicebot.settings.names import PREFIX


class Voice(Enum):
    """Which engine speaks."""

    ESPEAK = "espeak"
    PIPER = "piper"
    COQUI = "coqui"
    OPENAI = "openai"


class SpeakingSettings(BaseModel):
    """The voice and its cache."""

    voice: Voice = Field(Voice.ESPEAK, description="espeak, piper, coqui, or openai.")
    voice_name: str = Field(
        "",
        description="Voice of the engine: en-gb (espeak-ng), en_US-lessac-medium or an .onnx file (Piper), "
        "a model name or path (Coqui), alloy (openai).",
    )
    voice_url: HttpAddress = Field(
        "", description="Base URL of the server of VOICEBOT_VOICE=openai, up to and with /v1."
    )
    voice_api_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    voice_model: str = Field("tts-1", description="Model that server is asked for.")
    voice_format: Literal["pcm", "wav"] = Field(
        "pcm", description="What that server is asked for: pcm (24 kHz), or wav where it does not know pcm."
    )
    voice_cache_mb: int = Field(64, ge=1, le=4096, description="Memory for replies already spoken.")
    voice_disk_mb: int = Field(
        256, ge=0, le=65536, description="Room in the data folder for replies already spoken; 0 keeps none."
    )
    voices_url: HttpAddress = Field(
        "https://huggingface.co/rhasspy/piper-voices/resolve/main",
        description="Where `voicebot voices get` finds Piper's voices: a copy of that tree.",
    )

    @model_validator(mode="after")
    def _voice_agrees(self) -> Self:
        if self.voice is Voice.OPENAI and not self.voice_url:
            raise ValueError(f"{PREFIX}VOICE=openai needs {PREFIX}VOICE_URL, such as http://127.0.0.1:8000/v1")
        return self
