"""What does the hearing: batches of utterances through one loaded model, with no notion of calls or queues."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voicebot.asr.port import Speech, Word


@dataclass(frozen=True, slots=True)
class Heard:
    """The engine's own words and numbers, before anybody doubts them.

    text: stripped.
    avg_logprob: mean natural logarithm of the token probabilities, the end token included; at most 0.
    no_speech: 0..1, the model's probability that nobody spoke.
    tokens: of the text; their number is its weight among the pieces of an utterance.
    words: with their times in seconds from the beginning of the utterance; empty unless asked for.
    """

    text: str
    avg_logprob: float
    no_speech: float
    tokens: tuple[int, ...] = ()
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A stretch of an utterance, ready for the model.

    speech: what it is a piece of. start, duration: seconds of it the piece begins at, and lasts without padding.
    features: float32; log-mel [mels, frames], or what the encoder made of it [positions, width] if `encoded`.
    prompt: tokens before the text. most_tokens: tokens the text may have.
    attempt: 0 for the first decode; later ones draw from less probable words. best: the outcome so far.
    """

    speech: Speech
    features: npt.NDArray[np.float32]
    prompt: tuple[int, ...]
    most_tokens: int
    duration: float
    start: float = 0.0
    encoded: bool = False
    attempt: int = 0
    best: Heard | None = None

    @property
    def shape(self) -> Hashable:
        """Pieces of equal shape can be decoded together."""
        return (self.features.shape, len(self.prompt), self.encoded, self.attempt)


class Busy(Exception):
    """The engine asks to be left alone for that many seconds; what it was given may be given to it again then."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Engine(Protocol):
    """A loaded model. Called from worker threads, several at once if it was loaded so; may block."""

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        ...

    def prepare(self, speech: Speech) -> Sequence[Piece]:
        """What of `speech` goes to the model, in order, at least one piece; needs the CPU only."""
        ...

    def decode(self, pieces: Sequence[Piece]) -> Sequence[Heard | Piece]:
        """Hear pieces of one shape together; a piece in an answer's place is to be decoded instead.

        An answer does not depend on what else is in the batch. Whatever is raised concerns all of them; a
        RecognizerError says that trying again would not help, Busy that only waiting would.
        """
        ...

    def join(self, heard: Sequence[Heard]) -> Heard:
        """The utterance from its pieces."""
        ...

    def close(self) -> None:
        """Give the memory back; nothing is asked of it after."""
        ...


def hear(engine: Engine, speech: Speech) -> Heard:
    """One utterance alone, without a queue."""
    return engine.join([_hear(engine, piece) for piece in engine.prepare(speech)])


def _hear(engine: Engine, piece: Piece) -> Heard:
    outcome: Heard | Piece = piece
    while isinstance(outcome, Piece):
        (outcome,) = engine.decode([outcome])
    return outcome
