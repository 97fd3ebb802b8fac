"""Utterances to recognise, and an engine that does as the test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.audio.support import recorded
from voicebot.asr.engine import Heard, Piece
from voicebot.asr.port import JobKind, Speech
from voicebot.audio import Pcm

FIXTURES = Path(__file__).parent / "fixtures"

SENTENCES = {
    "order": "Where is my order ORD 1234?",
    "hours": "What are your opening hours?",
    "agent": "I want to speak to an agent.",
    "refund": "When will I get my refund?",
    "number": "My order number is 4529.",
    "cancel": "I want to cancel my order.",
    "return": "I would like to return my shoes.",
    "yes": "Yes, please.",
    "no": "No, thank you.",
}
"""What is said in each recorded utterance, as the demo model writes it."""


def utterance(name: str) -> Pcm:
    """The recording of `SENTENCES[name]`, telephone band, mu-law."""
    return recorded(FIXTURES / f"{name}.wav")


def numbered(number: int, kind: JobKind = JobKind.FINAL, seconds: float = 0.5) -> Speech:
    """Half a second of audio that `GatedEngine` hears as `number`."""
    return Speech(np.full(int(seconds * 8000), number, np.int16), kind)


class GatedEngine:
    """Hears the number `numbered` put into the audio, but only when the test opens the gate.

    before: called with the number, in the worker thread, once the gate is open; may raise.
    Utterances of different length have different shapes.
    """

    def __init__(self, before: Callable[[int], None] = lambda number: None, open_gate: bool = False) -> None:
        self._before = before
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.batches: list[list[int]] = []
        self.closed = False
        if open_gate:
            self.gate.set()

    @property
    def order(self) -> list[int]:
        """Every number decoded so far, in order."""
        return [number for batch in self.batches for number in batch]

    @property
    def description(self) -> str:
        return "gated"

    def prepare(self, speech: Speech) -> list[Piece]:
        return [piece(int(speech.pcm[0]), len(speech.pcm))]

    def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
        numbers = [one.most_tokens for one in pieces]
        assert len({one.shape for one in pieces}) == 1
        self.batches.append(numbers)
        self.begun.release()
        assert self.gate.wait(20)
        for number in numbers:
            self._before(number)
        return [Heard(str(number), avg_logprob=-0.1, no_speech=0.01) for number in numbers]

    def join(self, heard: Sequence[Heard]) -> Heard:
        (only,) = heard
        return only

    def close(self) -> None:
        self.closed = True


def piece(number: int, length: int = 1) -> Piece:
    """What `GatedEngine` hears as `number`; only pieces of equal length can be decoded together."""
    features = np.zeros((1, length), np.float32)
    return Piece(numbered(number), features, (), most_tokens=number, duration=0.5)
