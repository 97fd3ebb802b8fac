"""The seam to speech recognition."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol

from voicebot.audio import Pcm
from voicebot.dialog.types import Hints


class JobKind(enum.IntEnum):
    """What a recognition is for; a lower value goes first."""

    FINAL = 0
    GUESS = 1


@dataclass(frozen=True, slots=True)
class Speech:
    """One utterance to recognise: audio of one caller turn and what may help to hear it.

    language: ISO 639-1 code.
    """

    pcm: Pcm
    kind: JobKind
    language: str = "en"
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    text: as written by the model, stripped; empty when there was no speech in it.
    confidence: 0..1, the geometric mean of the token probabilities.
    no_speech: 0..1, how sure the model is that nobody spoke.
    rejected: why text was thrown away (a guard against invented text), or "".
    decode_seconds: time the engine worked on it, queueing not included.
    """

    text: str
    confidence: float
    no_speech: float = 0.0
    rejected: str = ""
    decode_seconds: float = 0.0


class Recognizer(Protocol):
    """Audio to text. One instance serves all calls of a process."""

    @property
    def description(self) -> str:
        """Engine, model and device in one line, for the start-up text and `doctor`."""
        ...

    async def recognize(self, speech: Speech) -> Transcript:
        """Hear `speech`. Cancelling the task drops a job that has not begun.

        Raises RecognizerError, RecognizerTimeout.
        """
        ...

    async def aclose(self) -> None: ...
