"""What the recogniser would have said to audio that was cut in another way, as far as a recording can tell."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from voicebot.asr.port import Transcript
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm
from voicebot.call.actions import Recognise
from voicebot.call.events import Failed, Frame, Part, Recognised

LOOK_BACK = 60.0
"""Seconds of the latest audio in which the audio of a job is looked for."""

ALIKE = 0.8
"""Share of two stretches' voice that has to be the same for the text of one to be taken for the other's."""

USUAL_WAIT = 0.15
"""Seconds a text takes to come where the recording shows none."""


class Basis(Enum):
    """How well a text is founded: on the same voice, on pieces heard apart, on much the same, on none."""

    SAME = "same"
    PIECES = "pieces"
    ALIKE = "alike"
    NONE = "none"


class Hearing(Protocol):
    """Stands in for the recogniser in a replay under other rules."""

    def add(self, frame: Frame) -> None:
        """The next of the caller's frames."""
        ...

    def hear(self, asked: Recognise) -> tuple[float, Transcript | str]:
        """Seconds until the answer, and the answer, or the error."""
        ...


class Track:
    """The caller's audio so far, and which of its frames hold voice."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._audio = bytearray()
        self._voiced: list[bool] = []

    def add(self, frame: Frame) -> None:
        """The next frame."""
        self._audio += frame.pcm.tobytes()
        self._voiced.append(frame.speech >= self._threshold)

    def voice_in(self, pcm: Pcm) -> frozenset[int]:
        """Which frames of the call `pcm` holds that have voice in them."""
        needle, size = pcm.tobytes(), FRAME_SAMPLES * 2
        before = len(self._audio)
        oldest = max(0, before - round(LOOK_BACK / FRAME_SECONDS) * size)
        while (found := self._audio.rfind(needle, oldest, before)) >= 0 and found % size:
            before = found + len(needle) - 1
        # What was left out of an utterance, such as frames under a key press, makes it a collage: take the latest.
        first = (found if found >= 0 else max(0, len(self._audio) - len(needle))) // size
        return frozenset(at for at in range(first, first + len(needle) // size) if self._voiced[at])


@dataclass(slots=True)
class Answer:
    """One recorded job: the voice it was about, and what came of it after `wait` seconds, if anything did."""

    voice: frozenset[int]
    asked: float
    wait: float = USUAL_WAIT
    outcome: Transcript | str | None = None


@dataclass(slots=True)
class Answers:
    """Every recorded job, gathered while the recorded call is driven."""

    track: Track
    _jobs: dict[int, Answer] = field(default_factory=dict)

    def asked(self, action: Recognise, at: float) -> None:
        """The recorded call asked for a text."""
        self._jobs[action.job] = Answer(self.track.voice_in(action.pcm), at)

    def told(self, event: Recognised | Failed, at: float) -> None:
        """The recorded call got an answer."""
        if isinstance(event, Failed) and event.part is not Part.RECOGNIZER:
            return
        if (answer := self._jobs.get(event.job)) is not None:
            answer.wait = at - answer.asked
            answer.outcome = event.transcript if isinstance(event, Recognised) else event.error

    @property
    def known(self) -> list[Answer]:
        """Those that came, in the order of asking."""
        return [answer for answer in self._jobs.values() if answer.outcome is not None]


class RecordedHearing:
    """Answers from what was recorded: the text of the same voice, else of the likest, else of its pieces.

    doubts: every text that is not founded on the very same voice, in a sentence.
    """

    def __init__(self, answers: Iterable[Answer], threshold: float) -> None:
        self._answers = list(answers)
        self._track = Track(threshold)
        waits = [answer.wait for answer in self._answers]
        self._wait = statistics.median(waits) if waits else USUAL_WAIT
        self.doubts: list[str] = []

    def add(self, frame: Frame) -> None:
        """The next of the caller's frames."""
        self._track.add(frame)

    def hear(self, asked: Recognise) -> tuple[float, Transcript | str]:
        """Seconds until the answer, and the answer, or the error."""
        voice = self._track.voice_in(asked.pcm)
        wait, outcome, basis = self._find(voice)
        if basis is Basis.NONE:
            at = min(voice, default=0) * FRAME_SECONDS
            self.doubts.append(f"what the caller said {at:.1f} s into the audio was never heard by itself")
        elif basis is not Basis.SAME and isinstance(outcome, Transcript) and outcome.text:
            self.doubts.append(f'"{outcome.text}" is pieced together')
        return wait, outcome

    def _find(self, voice: frozenset[int]) -> tuple[float, Transcript | str, Basis]:
        same = [answer for answer in self._answers if answer.voice == voice]
        if same:
            best = next((answer for answer in same if isinstance(answer.outcome, Transcript)), same[0])
            assert best.outcome is not None
            return best.wait, best.outcome, Basis.SAME
        likest = max(self._answers, key=lambda answer: _alike(answer.voice, voice), default=None)
        if likest is not None and likest.outcome is not None and _alike(likest.voice, voice) >= ALIKE:
            return self._wait, likest.outcome, Basis.ALIKE
        text = self._joined(voice) or self._rest(voice)
        if text is None:
            return self._wait, Transcript("", 0.0, no_speech=1.0), Basis.NONE if voice else Basis.SAME
        return self._wait, text, Basis.PIECES

    def _rest(self, voice: frozenset[int]) -> Transcript | None:
        """The end of a text of which the beginning was heard by itself, where `voice` is what lies between."""
        heard = [(one.voice, one.outcome) for one in self._answers if isinstance(one.outcome, Transcript)]
        for whole, long in heard:
            for beginning, short in heard:
                begins = short.text and long.text.startswith(f"{short.text} ")
                if begins and beginning < whole and _alike(whole - beginning, voice) >= ALIKE:
                    return replace(long, text=long.text.removeprefix(short.text).strip(), words=())
        return None

    def _joined(self, voice: frozenset[int]) -> Transcript | None:
        """The longest recorded pieces of `voice` one after the other; nothing where none was ever heard."""
        pieces: list[tuple[int, Transcript]] = []
        left = voice
        for answer in sorted(self._answers, key=lambda answer: len(answer.voice), reverse=True):
            if isinstance(answer.outcome, Transcript) and answer.voice and answer.voice <= left:
                pieces.append((min(answer.voice), answer.outcome))
                left = left - answer.voice
        heard = [transcript for _, transcript in sorted(pieces, key=lambda piece: piece[0])]
        if not heard:
            return None
        return replace(
            heard[0],
            text=" ".join(one.text for one in heard if one.text),
            confidence=min((one.confidence for one in heard if one.text), default=0.0),
            rejected=next((one.rejected for one in heard if one.rejected), ""),
            words=(),
        )


def _alike(one: frozenset[int], other: frozenset[int]) -> float:
    together = len(one | other)
    return len(one & other) / together if together else 0.0
