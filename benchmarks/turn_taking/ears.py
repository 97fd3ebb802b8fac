"""Recognition in virtual time: what was heard, and how long that took or is said to take."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.turn_taking.tape import Tape
from voicebot.asr.port import Recognizer, Speech, Transcript, context_of

SURE = 0.95
"""How well the scripted recogniser hears."""


SPELLED = "O R D"
"""What a voice has to be told for recognisers to write ORD."""


class Ears(Protocol):
    """A recogniser whose time does not pass while it works. decodes: seconds each answer took."""

    decodes: list[float]

    def hear(self, speech: Speech, tape: Tape) -> tuple[Transcript, float]:
        """What is in `speech`, and the seconds until that is known."""
        ...


class RealEars:
    """The product's recogniser, asked for one utterance at a time. The same audio is never decoded twice.

    decodes: seconds each different utterance took, from asking to answer.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._known: dict[tuple[bytes, str], tuple[Transcript, float]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ears", daemon=True)
        self._thread.start()
        self.decodes: list[float] = []

    def hear(self, speech: Speech, tape: Tape) -> tuple[Transcript, float]:
        """As `Ears.hear`; blocks for as long as it really takes."""
        key = speech.pcm.tobytes(), context_of(speech.hints)
        if key not in self._known:
            began = time.perf_counter()
            transcript = asyncio.run_coroutine_threadsafe(self._recognizer.recognize(speech), self._loop).result()
            took = time.perf_counter() - began
            self._known[key] = transcript, took
            self.decodes.append(took)
        return self._known[key]

    def close(self) -> None:
        """Give the model back."""
        asyncio.run_coroutine_threadsafe(self._recognizer.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@dataclass(slots=True)
class ScriptedEars:
    """Hears every word that was said, `seconds` after it is asked: what is left is turn-taking alone."""

    seconds: float
    decodes: list[float] = field(default_factory=list)

    def hear(self, speech: Speech, tape: Tape) -> tuple[Transcript, float]:
        """As `Ears.hear`."""
        text = tape.text(speech.pcm).replace(SPELLED, SPELLED.replace(" ", ""))
        self.decodes.append(self.seconds)
        heard = Transcript(
            text, SURE if text else 0.0, no_speech=0.0 if text else 1.0, decode_seconds=self.seconds
        )
        return heard, self.seconds
