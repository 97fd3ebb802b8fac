"""Who hears: speech to text, and the detector of voice."""

from __future__ import annotations

from enum import Enum
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from voicebot.settings.addresses import HttpAddress
from voicebot.settings.names import PREFIX


class Asr(Enum):
    """Which back end turns speech into text."""

    LOCAL = "local"
    OPENAI = "openai"
    RAY = "ray"


class Vad(Enum):
    """Which voice detector listens for speech."""

    SILERO = "silero"
    WEBRTC = "webrtc"


class HearingSettings(BaseModel):
    """The recogniser and the voice detector."""

    asr: Asr = Field(Asr.LOCAL, description="Who hears: local, openai (any such server), or ray.")
    asr_url: HttpAddress = Field(
        "", description="The server of openai or ray, up to and with /v1, such as http://127.0.0.1:8000/v1."
    )
    asr_api_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    asr_model: str = Field(
        "auto",
        description="auto, demo, a Whisper size name, a hub id, or a folder; what the server calls it (openai).",
    )
    asr_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where recognition runs.")
    asr_compute_type: str = Field("default", description="CTranslate2 compute type, e.g. int8, float16.")
    asr_threads: int = Field(0, ge=0, le=64, description="CPU threads per decode; 0 chooses.")
    asr_workers: int = Field(0, ge=0, le=16, description="Decodes at once; 0 is 1 on a GPU, up to 4 on a CPU.")
    asr_batch: int = Field(0, ge=0, le=256, description="Utterances of different calls heard together; 0 chooses.")
    asr_context_seconds: float = Field(
        30.0, ge=5, le=30, description="Audio with padding (s) a Whisper is shown at least; less is faster."
    )
    asr_max_wait: float = Field(
        1.0, gt=0, le=30, description="Expected wait (s) for the recogniser beyond which no new calls are taken."
    )
    asr_give_up: float = Field(
        120.0,
        ge=0,
        description="Seconds deaf and without calls after which `voicebot media` ends to be begun anew; 0: never.",
    )
    asr_timeout: float = Field(6.0, gt=0, le=60, description="Seconds after which a recognition has failed.")
    vad: Vad = Field(Vad.SILERO, description="silero or webrtc.")
    vad_threshold: float = Field(
        0.6, gt=0, lt=1, description="Speech probability from which a frame counts as voice."
    )

    @model_validator(mode="after")
    def _asr_agrees(self) -> Self:
        if self.asr is not Asr.LOCAL and not self.asr_url:
            raise ValueError(
                f"{PREFIX}ASR={self.asr.value} needs {PREFIX}ASR_URL, such as http://127.0.0.1:8000/v1"
            )
        return self
