"""What is recorded and kept of calls, for how long, and what is taken out of it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import NoDecode

from voicebot.privacy.marks import Mark


class Recordings(Enum):
    """Whether calls are recorded, and how."""

    OFF = "off"
    WAV = "wav"
    FLAC = "flac"


class PrivacySettings(BaseModel):
    """Recordings, and how long anything is kept."""

    recordings: Recordings = Field(
        Recordings.OFF,
        description="Record calls: off, wav, or flac (half the size). Callers must be told: the dialog needs "
        "says.notice.",
    )
    keep_recordings_days: int = Field(30, ge=1, le=3650, description="Days after which recordings are deleted.")
    keep_calls_days: int = Field(
        0, ge=0, le=36500, description="Days after which records of calls are deleted; 0 keeps them for good."
    )
    record_inputs: bool = Field(
        False,
        description="Record what every call is told, audio and numbers included, for `voicebot replay`; as "
        "personal as a recording, and deleted with them (docs/debugging.md).",
    )
    redact: Annotated[tuple[Mark, ...], NoDecode] = Field(
        tuple(Mark),
        description="Personal data taken out of everything kept of a call: any of card, iban, email, national_id, "
        "number, by commas; or none.",
    )

    @field_validator("redact", mode="before")
    @classmethod
    def _marks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = [name.strip().lower() for name in value.split(",") if name.strip()]
        known = {mark.value for mark in Mark}
        if wrong := [name for name in names if name not in known | {"none"}]:
            raise ValueError(f"{wrong[0]!r} is none of {', '.join(sorted(known))}, none")
        return tuple(Mark(name) for name in dict.fromkeys(names) if name != "none")
