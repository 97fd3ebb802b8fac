"""How many calls there may be, how long each lasts, and which pauses end a turn."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from voicebot.settings.names import PREFIX


class CallSettings(BaseModel):
    """Limits of calls, and their pauses."""

    max_calls: int = Field(20, ge=1, le=2000, description="Calls this process holds at once.")
    max_call_seconds: int = Field(
        1800, ge=10, le=14400, description="After this the bot says goodbye or hands over."
    )
    max_message_bytes: int = Field(65536, ge=4096, le=1 << 20, description="Largest WebSocket message taken.")
    guess_after: float = Field(
        0.1,
        ge=0.04,
        le=1,
        description="Silence (s) after which what was said is recognised on the chance it is all.",
    )
    short_pause: float = Field(
        0.25,
        ge=0.1,
        le=3,
        description="Silence (s) that ends a turn which is just what was asked; min_pause at most.",
    )
    min_pause: float = Field(
        0.4, ge=0.1, le=3, description="Silence (s) that ends a turn which is complete but may go on."
    )
    max_pause: float = Field(
        1.2, ge=0.2, le=6, description="Silence (s) that ends a turn which sounds unfinished."
    )

    @model_validator(mode="after")
    def _pauses_agree(self) -> Self:
        if self.max_pause < self.min_pause:
            raise ValueError(f"{PREFIX}MAX_PAUSE must not be below {PREFIX}MIN_PAUSE")
        return self
