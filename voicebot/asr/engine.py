"""What does the hearing: one decode at a time per worker thread, with no notion of calls or queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voicebot.asr.port import Speech
from voicebot.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm


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


def windows(pcm: Pcm, longest: float) -> list[Pcm]:
    """`pcm` in pieces of at most `longest` seconds, cut where the last third of each piece is quietest."""
    limit = int(longest * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
    pieces = []
    while len(pcm) > limit:
        start = limit * 2 // 3 // FRAME_SAMPLES * FRAME_SAMPLES
        frames = pcm[start:limit].reshape(-1, FRAME_SAMPLES).astype(np.float32)
        cut = start + int(np.argmin((frames * frames).sum(axis=1))) * FRAME_SAMPLES + FRAME_SAMPLES // 2
        pieces.append(pcm[:cut])
        pcm = pcm[cut:]
    pieces.append(pcm)
    return pieces
