"""What a recording tells of the engines of its call: what they answered, and how long they took."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from voicebot.call.actions import AskLookUp, End, Note, Recognise, Speak
from voicebot.call.events import Failed, Frame, LookedUp, Part, Played, Recognised, Sent, VoiceReady
from voicebot.call.record import EndEntry, Entry, TurnEntry
from voicebot.dialog.types import LookUpResult
from voicebot.replay.drive import Done, drive
from voicebot.replay.heard import Answers, Track
from voicebot.replay.reading import Recording, Step

Question: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class Spoken:
    """One sentence as the voice said it: seconds to its first audio, and how long it was if it came whole."""

    text: str
    asked: float
    delay: float | None = None
    seconds: float = 0.0
    whole: bool = False


@dataclass(slots=True)
class Recorded:
    """A recorded call, driven once.

    steps: what it was told. left: whether the bot left the call before the caller hung up.
    look_ups: what was asked and the answer, or the error, with the seconds it took.
    marks: whether the gateway confirmed what it played.
    """

    recording: Recording
    answers: Answers
    steps: list[Step] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    look_ups: dict[Question, tuple[float, LookUpResult | str]] = field(default_factory=dict)
    left: bool = False
    marks: bool = False
    _asked: dict[int, tuple[Question, float]] = field(default_factory=dict)
    _spoken: dict[int, Spoken] = field(default_factory=dict)

    @property
    def turns(self) -> list[TurnEntry]:
        """Every turn, in order."""
        return [entry for entry in self.entries if isinstance(entry, TurnEntry)]

    @property
    def end(self) -> EndEntry | None:
        """How it ended; None where the recording breaks off before."""
        return next((entry for entry in self.entries if isinstance(entry, EndEntry)), None)

    @property
    def lengths(self) -> Mapping[str, float]:
        """Seconds of every sentence that was spoken whole, by its text."""
        return {one.text: one.seconds for one in self._spoken.values() if one.whole and one.seconds > 0}

    @property
    def delays(self) -> Mapping[str, float]:
        """Seconds until the first audio of every sentence, by its text."""
        return {one.text: one.delay for one in self._spoken.values() if one.delay is not None}

    @property
    def pace(self) -> float | None:
        """Seconds the voice took for a character; None where it said nothing whole."""
        paces = [seconds / max(1, len(text)) for text, seconds in self.lengths.items()]
        return statistics.median(paces) if paces else None

    def take(self, done: Done) -> None:
        """One step of the recorded call."""
        self.steps.append(done.step)
        self._learn(done.step)
        for action in done.actions:
            match action:
                case Recognise():
                    self.answers.asked(action, done.step.at)
                case AskLookUp(job, name, slots):
                    self._asked[job] = (question(name, slots), done.step.at)
                case Speak(utterance, text):
                    self._spoken[utterance] = Spoken(text, done.step.at)
                case End():
                    self.left = True
                case Note(entry):
                    self.entries.append(entry)

    def _learn(self, step: Step) -> None:
        match step.event:
            case Frame() as frame:
                self.answers.track.add(frame)
            case Recognised() | Failed(part=Part.RECOGNIZER) as event:
                self.answers.told(event, step.at)
            case LookedUp(job, result):
                self._answered(job, result, step.at)
            case Failed(part=Part.LOOKUP, error=error, job=job):
                self._answered(job, error, step.at)
            case VoiceReady(utterance) if (spoken := self._spoken.get(utterance)) is not None:
                spoken.delay = step.at - spoken.asked
            case Sent(utterance, seconds, last, at) if (spoken := self._spoken.get(utterance)) is not None:
                # After a hold it goes on at `at`, which may lie before what was sent already.
                spoken.seconds = seconds + (spoken.seconds if at is None else at)
                spoken.whole = spoken.whole or last
            case Played():
                self.marks = True

    def _answered(self, job: int, answer: LookUpResult | str, at: float) -> None:
        if (asked := self._asked.get(job)) is not None:
            self.look_ups.setdefault(asked[0], (at - asked[1], answer))


def question(name: str, slots: Mapping[str, str]) -> Question:
    """What a look-up was asked, to be compared."""
    return name, frozenset(slots.items())


def gather(recording: Recording) -> Recorded:
    """Drive the recorded call and keep what is to be learnt of it; its audio stays in memory."""
    found = Recorded(recording, Answers(Track(recording.header.rules.vad_threshold)))
    for done in drive(recording):
        found.take(done)
    return found
