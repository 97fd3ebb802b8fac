"""Pipecat's ways to find the end of a turn."""

from __future__ import annotations

from enum import Enum


class Strategy(Enum):
    """smart-turn: its default, a small network on the audio. timeout: 0.6 s after the voice detector's pause."""

    SMART_TURN = "smart-turn"
    TIMEOUT = "timeout"

    def __str__(self) -> str:
        return self.value
