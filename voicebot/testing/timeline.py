"""A whole call in virtual time: the caller, the line and every engine are data; nothing sleeps.

A `Timeline` says what the caller does and when, plays the runtime to a `Call` in ticks of 20 ms, and keeps
everything the call did with its time:

    line = Timeline(conversation)
    line.caller_says("where is my order", at=3.0)
    line.caller_hangs_up(at=12.0)
    line.run()
    assert line.transcript == [("bot", "Hello."), ("caller", "where is my order"), …]
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar

from voicebot.asr.port import Transcript
from voicebot.audio import FRAME_SECONDS
from voicebot.call.actions import Action, AskLookUp, End, Flush, Forget, Hold, Note, Recognise, Resume, Speak
from voicebot.call.call import Call
from voicebot.call.events import (
    Digit,
    Event,
    Failed,
    HungUp,
    LookedUp,
    Part,
    Played,
    Recognised,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.playout import TOLERANCE
from voicebot.call.record import EndEntry, Entry, TroubleEntry, TurnEntry
from voicebot.call.rules import Rules
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Comeback, HangUp, LookUpResult, Transfer
from voicebot.testing.timeline_caller import TICKS, CallerVoice, Network, Said
from voicebot.testing.timeline_ear import Ear, Stretch

A = TypeVar("A", bound=Action)


@dataclass(frozen=True, slots=True)
class Voice:
    """How the bot's voice behaves.

    pace: seconds a character takes; delay: seconds to the first audio of a sentence; lead: seconds of audio sent
    ahead of the ear; marks: seconds after its end at which the gateway confirms a sentence, None for never.
    streams: whether a sentence is sent while it is being made, so that nobody knows its length before its end.
    broken: sentences that fail; stuck: sentences of which no audio ever comes ("*" stands for all).
    """

    pace: float = 0.05
    delay: float = 0.0
    lead: float = 0.5
    marks: float | None = 0.05
    streams: bool = False
    broken: frozenset[str] = frozenset()
    stuck: frozenset[str] = frozenset()

    def seconds(self, text: str) -> float:
        """How long `text` takes, in whole frames."""
        return max(1, round(len(text) * self.pace / FRAME_SECONDS)) * FRAME_SECONDS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up answers after `delay` seconds; no result is a failure, no delay is never."""

    result: LookUpResult | None = field(default_factory=lambda: LookUpResult(True))
    delay: float | None = 0.2


@dataclass(frozen=True, slots=True)
class Did:
    """What the call did at `at`, in seconds since it started."""

    at: float
    action: Action


@dataclass(slots=True)
class Timeline:
    """One simulated call. Times are seconds since it started; `clock` is what the call's own clock shows then."""

    conversation: Conversation
    rules: Rules = field(default_factory=Rules)
    voice: Voice = field(default_factory=Voice)
    network: Network = field(default_factory=Network)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    comeback: Comeback | None = None
    clock: float = 1000.0
    did: list[Did] = field(default_factory=list)
    call: Call = field(init=False)
    now: float = 0.0
    _caller: CallerVoice = field(default_factory=CallerVoice)
    _ear: Ear = field(default_factory=Ear)
    _pressed: list[float] = field(default_factory=list)
    _later: list[tuple[float, int, Event]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _forgotten: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.call = Call(self.conversation, self.rules)

    # What the caller does

    def caller_says(
        self,
        text: str,
        at: float,
        seconds: float = 1.0,
        *,
        confidence: float = 0.9,
        delay: float | None = 0.1,
        rejected: str = "",
        error: str = "",
    ) -> float:
        """The caller speaks from `at` for `seconds`; the time at which the voice ends."""
        start, frames = round(at * TICKS), round(seconds * TICKS)
        self._caller.said.append(Said(start, frames, text, confidence, delay, rejected, error))
        return at + seconds

    def caller_coughs(self, at: float, seconds: float = 0.3) -> float:
        """A sound that passes for voice and has no words."""
        return self.caller_says("", at, seconds, confidence=0.1)

    def caller_presses(self, keys: str, at: float, apart: float = 0.3) -> float:
        """Keys, `apart` seconds one from the next; the time of the last."""
        for place, key in enumerate(keys):
            self.happens(Digit(key), at + place * apart)
            self._pressed.append(at + place * apart)
        return at + (len(keys) - 1) * apart

    def caller_hangs_up(self, at: float) -> None:
        """The stream is over at `at`."""
        self.happens(HungUp(), at)

    def happens(self, event: Event, at: float) -> None:
        """Any event, at `at`."""
        heapq.heappush(self._later, (at, next(self._order), event))

    # Running

    def run(self, until: float = 120.0) -> Timeline:
        """Let time pass until the call is over, at most to `until`."""
        if self.now == 0.0 and not self.did:
            self._tell(Started("call-1", "+15550100", "+15550199", self.comeback))
        tick = round(self.now * TICKS)
        while not self.call.over and self.now < until:
            tick += 1
            self.now = tick / TICKS
            self._happen()
            for frame in self._caller.frames(tick, self.network):
                self._tell(frame)
            self._carry_bot()
            self._tell(Tick())
        return self

    def run_to(self, met: Callable[[Timeline], bool], until: float = 120.0) -> Timeline:
        """Let time pass until `met`; raises AssertionError when it is not by `until`."""
        while not met(self):
            if self.call.over or self.now >= until:
                raise AssertionError(f"did not happen by {self.now:.2f} s")
            self.run(self.now + FRAME_SECONDS)
        return self

    # What came of it

    def of(self, kind: type[A]) -> list[tuple[float, A]]:
        """Every action of one kind with its time."""
        return [(did.at, did.action) for did in self.did if isinstance(did.action, kind)]

    @property
    def spoken(self) -> list[str]:
        """Every sentence the call asked for."""
        return [speak.text for _, speak in self.of(Speak)]

    @property
    def entries(self) -> list[Entry]:
        """Everything noted, in order."""
        return [note.entry for _, note in self.of(Note)]

    @property
    def turns(self) -> list[TurnEntry]:
        """Every turn noted, in order."""
        return [entry for entry in self.entries if isinstance(entry, TurnEntry)]

    @property
    def transcript(self) -> list[tuple[str, str]]:
        """Who said (or pressed) what."""
        return [(turn.speaker.value, turn.text or turn.keys) for turn in self.turns]

    @property
    def troubles(self) -> list[TroubleEntry]:
        """Every trouble noted."""
        return [entry for entry in self.entries if isinstance(entry, TroubleEntry)]

    @property
    def end(self) -> EndEntry:
        """The one entry about the end."""
        (entry,) = [entry for entry in self.entries if isinstance(entry, EndEntry)]
        return entry

    @property
    def plan(self) -> Transfer | HangUp | None:
        """What the call asked to be left to, if it was the call that ended."""
        ends = self.of(End)
        return ends[0][1].plan if ends else None

    @property
    def heard(self) -> list[Stretch]:
        """What the caller heard of the bot, in order."""
        return self._ear.heard

    @property
    def audible(self) -> list[tuple[float, float]]:
        """When the bot was to be heard, from start to end."""
        return [(one.start, one.end) for one in self.heard]

    @property
    def voiced(self) -> list[tuple[float, float]]:
        """When the caller made a sound, from start to end."""
        return [(one.start / TICKS, (one.start + one.frames) / TICKS) for one in self._caller.said]

    def quiet(self) -> list[tuple[float, float]]:
        """Every stretch in which the bot was not to be heard and the caller did nothing, from start to end."""
        said = self.voiced
        stretches, quiet_from = [], 0.0
        pressed = [(at, at) for at in self._pressed]
        for start, end in sorted([*said, *pressed, *self.audible, (self.now, self.now)]):
            if min(start, self.now) > quiet_from:
                stretches.append((quiet_from, min(start, self.now)))
            quiet_from = max(quiet_from, end)
        return stretches

    def heard_in(self, action: Recognise) -> list[tuple[Said, float]]:
        """Which of the caller's words are in the audio of `action`, and how much (0..1) of each."""
        return self._caller.heard_in(action.pcm)

    # The line

    def _tell(self, event: Event) -> None:
        for action in self.call.on(event, self.clock + self.now):
            self.did.append(Did(self.now, action))
            self._perform(action)

    def _happen(self) -> None:
        while self._later and self._later[0][0] <= self.now + TOLERANCE:
            _, _, event = heapq.heappop(self._later)
            if not (isinstance(event, Recognised | LookedUp | Failed) and event.job in self._forgotten):
                self._tell(event)

    # The engines

    def _perform(self, action: Action) -> None:
        match action:
            case Recognise():
                self._recognise(action)
            case AskLookUp(job, name):
                self._look_up(job, self.answers.get(name, Answer()))
            case Speak(utterance, text):
                if text in self.voice.broken:
                    self.happens(Failed(Part.SYNTHESIZER, "broken voice", utterance), self.now + self.voice.delay)
                elif not self.voice.stuck & {text, "*"}:
                    ready = self.now + self.voice.delay
                    self._ear.expect(utterance, ready, self.voice.seconds(text))
                    self.happens(VoiceReady(utterance), ready)
            case Flush():
                self._leave_unconfirmed(self._ear.flush(self.now))
            case Hold():
                self._leave_unconfirmed(self._ear.hold(self.now))
            case Resume(utterance, _, word):
                self._ear.resume(utterance, word)
            case Forget(job):
                self._forgotten.add(job)

    def _recognise(self, action: Recognise) -> None:
        said = self.heard_in(action)
        if any(one.delay is None for one, _ in said):
            return
        at = self.now + max((one.delay or 0.0 for one, _ in said), default=0.1)
        if errors := [one.error for one, _ in said if one.error]:
            self.happens(Failed(Part.RECOGNIZER, errors[0], action.job), at)
            return
        text = " ".join(words for one, share in said if (words := _beginning(one.text, share)))
        transcript = Transcript(
            text,
            min((one.confidence for one, _ in said if one.text), default=0.0),
            rejected=next((one.rejected for one, _ in said if one.rejected), ""),
            decode_seconds=at - self.now,
        )
        self.happens(Recognised(action.job, transcript), at)

    def _look_up(self, job: int, answer: Answer) -> None:
        if answer.delay is None:
            return
        event = (
            Failed(Part.LOOKUP, "broken look-up", job) if answer.result is None else LookedUp(job, answer.result)
        )
        self.happens(event, self.now + answer.delay)

    def _carry_bot(self) -> None:
        """Send what is due. Whatever the call does about a chunk may drop or hold the next."""
        while (sent := self._ear.send(self.now, self.voice.lead)) is not None:
            if sent.last and self.voice.marks is not None:
                self.happens(Played(sent.utterance), self._ear.playing_until + self.voice.marks)
            self._tell(replace(sent, of=None) if self.voice.streams and not sent.last else sent)

    def _leave_unconfirmed(self, unheard: set[int]) -> None:
        """The gateway confirms no sentence of which an end was `unheard`."""
        self._later = [
            one for one in self._later if not (isinstance(one[2], Played) and one[2].utterance in unheard)
        ]
        heapq.heapify(self._later)


def _beginning(text: str, share: float) -> str:
    """What is left of `text` when only `share` of its audio came through; lost frames alone cost no word."""
    words = text.split()
    return text if share > 0.7 else " ".join(words[: int(len(words) * share)])
