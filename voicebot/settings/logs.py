"""What is logged, and how it looks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class LogSettings(BaseModel):
    """The log."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe event logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="json, or text; auto is text on a terminal."
    )
