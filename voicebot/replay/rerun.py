"""A recorded call under other rules: the same caller in virtual time, with engines as they were recorded."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from voicebot.audio import FRAME_SECONDS
from voicebot.call.actions import Action, AskLookUp, Recognise, Speak
from voicebot.call.events import (
    CallerKnown,
    Digit,
    Event,
    Failed,
    Frame,
    HungUp,
    LookedUp,
    Part,
    Recognised,
    Started,
    Tick,
)
from voicebot.call.record import EndEntry
from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog
from voicebot.replay.drive import TimeOfDay, conversation_of
from voicebot.replay.heard import Hearing
from voicebot.replay.reading import Step
from voicebot.replay.recorded import Recorded, question
from voicebot.testing.timeline import Did, Timeline, Voice

AFTERWARDS = 10.0
"""Seconds a call is given beyond the end of the recording, of a caller who then says nothing more."""

UNHEARD = 1.0
"""Seconds beyond the recording in which a caller may have said something that counts."""

CONFIRMED_AFTER = 0.05
"""Seconds after its end at which a gateway that confirms confirms a sentence."""


@dataclass(frozen=True, slots=True)
class RecordedVoice(Voice):
    """Speaks as it was recorded, and what was not recorded at the same pace. lengths: seconds by text."""

    lengths: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, text: str) -> float:
        """How long `text` takes, in whole frames."""
        known = self.lengths.get(text)
        return Voice.seconds(self, text) if known is None else max(1, round(known / FRAME_SECONDS)) * FRAME_SECONDS


class Rerun(Timeline):
    """A recorded caller and a bot that may do something else. `play`, then see what came of it as in a `Timeline`.

    What the caller did comes at the recorded times, whatever the bot does: nobody knows what they would have said.
    doubts: what the outcome rests on that was not recorded.
    """

    def __init__(self, recorded: Recorded, dialog: FileDialog, rules: Rules, hearing: Hearing) -> None:
        header = recorded.recording.header
        self._day = TimeOfDay(header.began)
        self._recorded = recorded
        self._hearing = hearing
        self._delays = recorded.delays
        self._usual_delay = statistics.median(self._delays.values()) if self._delays else 0.0
        self.doubts: list[str] = []
        voice = RecordedVoice(
            pace=recorded.pace or Voice().pace,
            lead=header.lead,
            marks=CONFIRMED_AFTER if recorded.marks else None,
            lengths=recorded.lengths,
        )
        clock = recorded.steps[0].at if recorded.steps else 0.0
        conversation = conversation_of(header, dialog, self._day)
        super().__init__(conversation, rules, voice=voice, clock=clock)

    @property
    def ending(self) -> EndEntry | None:
        """How the call ended; None where it did not."""
        return next((entry for entry in self.entries if isinstance(entry, EndEntry)), None)

    def play(self) -> Rerun:
        """Let the recorded caller call."""
        for step in self._recorded.steps:
            if self.call.over:
                return self
            self._step(step)
        ends = self.now
        until = ends + (AFTERWARDS if self._recorded.left else 0.0)
        while not self.call.over and self.now < until:
            self._beat(self.now + FRAME_SECONDS)
        if not self.call.over:
            self._hand(HungUp(), self.now)
        if self.now > ends + UNHEARD:
            self.doubts.append(f"the recording ends at {ends:.1f} s; from there the caller is silent")
        until = self.now + self.rules.last_words + FRAME_SECONDS
        while not self.call.over and self.now < until:
            self._beat(self.now + FRAME_SECONDS)
        return self

    def _step(self, step: Step) -> None:
        at = step.at - self.clock
        match step.event:
            case Tick():
                self._beat(at)
            case Frame() as frame:
                self._hearing.add(frame)
                self._hand(frame, at)
            case HungUp() if self._recorded.left:
                # The stream ended because the bot had left the call, which it may not do this time.
                pass
            case Started() | CallerKnown() | Digit() | HungUp():
                self.now = max(self.now, at)
                self._hand(step.event, at)
            case _:
                pass

    def _beat(self, at: float) -> None:
        self.now = max(self.now, at)
        self._day.step(self.clock + self.now)
        self._happen()
        self._carry_bot()
        self._hand(Tick(), self.now)

    def _hand(self, event: Event, at: float) -> None:
        self._day.step(self.clock + at)
        for action in self.call.on(event, self.clock + at):
            self.did.append(Did(self.now, action))
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case AskLookUp():
                self._ask(action)
            case Speak(_, text):
                self.voice = replace(self.voice, delay=self._delays.get(text, self._usual_delay))
                super()._perform(action)
            case _:
                super()._perform(action)

    def _recognise(self, action: Recognise) -> None:
        wait, outcome = self._hearing.hear(action)
        self.happens(
            Failed(Part.RECOGNIZER, outcome, action.job)
            if isinstance(outcome, str)
            else Recognised(action.job, outcome),
            self.now + wait,
        )

    def _ask(self, action: AskLookUp) -> None:
        known = self._recorded.look_ups.get(question(action.name, action.slots))
        if known is None:
            slots = ", ".join(f"{name} {value}" for name, value in action.slots.items())
            self.doubts.append(f"look-up {action.name} ({slots}) was not asked in the recording: it fails here")
            self.happens(Failed(Part.LOOKUP, "not in the recording", action.job), self.now)
            return
        wait, answer = known
        self.happens(
            Failed(Part.LOOKUP, answer, action.job) if isinstance(answer, str) else LookedUp(action.job, answer),
            self.now + wait,
        )
