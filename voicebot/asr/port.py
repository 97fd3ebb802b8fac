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
    word_times: whether the transcript shall say when each word was spoken, which takes a little longer.
    """

    pcm: Pcm
    kind: JobKind
    language: str = "en"
    hints: Hints = field(default_factory=Hints)
    word_times: bool = False


def context_of(hints: Hints) -> str:
    """The hints as the text before the utterance, by which Whisper models take them; "" where there are none."""
    return " ".join((*hints.hotwords, hints.prompt)).strip()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a transcript.

    text: with its punctuation, stripped. start, end: seconds from the beginning of the utterance.
    probability: 0..1, the mean over its tokens.
    """

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    text: as written by the model, stripped; empty when there was no speech in it.
    confidence: 0..1, the geometric mean of the token probabilities.
    no_speech: 0..1, how sure the model is that nobody spoke.
    rejected: why text was thrown away (a guard against invented text), or "". doubted: that text, for the record.
    decode_seconds: time the engine worked on it, queueing not included.
    wait_seconds: from being asked to the engine's beginning with it.
    words: the text word by word, where `Speech.word_times` asked for it and the engine can tell.
    """

    text: str
    confidence: float
    no_speech: float = 0.0
    rejected: str = ""
    decode_seconds: float = 0.0
    wait_seconds: float = 0.0
    words: tuple[Word, ...] = ()
    doubted: str = ""


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

    def promote(self, speech: Speech) -> None:
        """What was asked as a `GUESS` has become a turn: this very object, if it waits, goes with the `FINAL`s."""
        ...

    @property
    def load(self) -> float:
        """Seconds a turn that came now would wait before it is heard; infinite while nothing can be heard.

        Reckoned from what waits and how long hearing took of late. Read from any thread.
        """
        ...

    async def aclose(self) -> None: ...
