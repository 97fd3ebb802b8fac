"""What does the hearing: one decode at a time per worker thread, with no notion of calls or queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voicebot.asr.port import Speech


@dataclass(frozen=True, slots=True)
class Heard:
    """The engine's own words and numbers, before anybody doubts them.

    text: stripped.
    avg_logprob: mean natural logarithm of the token probabilities, the end token included; at most 0.
    no_speech: 0..1, the model's probability that nobody spoke.
    """

    text: str
    avg_logprob: float
    no_speech: float


class Engine(Protocol):
    """A loaded model. Called from worker threads, several at once if it was loaded so; may block."""

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        ...

    def hear(self, speech: Speech) -> Heard:
        """Turn one utterance into text. Whatever it raises counts as a failure of this utterance only."""
        ...
