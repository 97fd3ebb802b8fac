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
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar

import numpy as np

from voicebot.asr.port import Transcript
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS
from voicebot.call.actions import Action, AskLookUp, End, Flush, Forget, Hold, Note, Recognise, Resume, Speak
from voicebot.call.call import Call
from voicebot.call.events import (
    Digit,
    Event,
    Failed,
    Frame,
    HungUp,
    LookedUp,
    Part,
    Played,
    Recognised,
    Sent,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.playout import TOLERANCE
from voicebot.call.record import EndEntry, Entry, TroubleEntry, TurnEntry
from voicebot.call.rules import Rules
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Comeback, HangUp, LookUpResult, Transfer

TICKS = round(1 / FRAME_SECONDS)
CHUNK = 0.1
A = TypeVar("A", bound=Action)


@dataclass(frozen=True, slots=True)
class Network:
    """What the line does to the caller's frames. Patterns repeat for ever, one item a frame.

    loss: truthy items are frames that never arrive.
    delay: frames by which each is late; order is kept, so a late frame glues those behind it to itself.
    mute: no frames at all while the caller is silent.
    """

    loss: tuple[int, ...] = (0,)
    delay: tuple[int, ...] = (0,)
    mute: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """How the bot's voice behaves.

    pace: seconds a character takes; delay: seconds to the first audio of a sentence; lead: seconds of audio sent
    ahead of the ear; marks: seconds after its end at which the gateway confirms a sentence, None for never.
    broken: sentences that fail; stuck: sentences of which no audio ever comes ("*" stands for all).
    """

    pace: float = 0.05
    delay: float = 0.0
    lead: float = 0.5
    marks: float | None = 0.05
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
class Said:
    """A stretch of caller voice, and what the recogniser makes of it after `delay` seconds (None: never).

    error: the recogniser fails with this instead.
    """

    start: int
    frames: int
    text: str
    confidence: float
    delay: float | None
    rejected: str
    error: str


@dataclass(frozen=True, slots=True)
class Did:
    """What the call did at `at`, in seconds since it started."""

    at: float
    action: Action


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bot speech that was heard from `start` to `end`: of `utterance`, from `at` seconds into it."""

    utterance: int
    at: float
    start: float
    end: float


@dataclass(slots=True)
class _Sentence:
    """One sentence on its way: `next` is how far it was sent, `again` whether it begins anew there."""

    utterance: int
    ready: float
    seconds: float
    next: float = 0.0
    again: bool = False

    @property
    def sent(self) -> bool:
        return self.next >= self.seconds - TOLERANCE


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
    heard: list[Stretch] = field(default_factory=list)
    call: Call = field(init=False)
    now: float = 0.0
    _said: list[Said] = field(default_factory=list)
    _pressed: list[float] = field(default_factory=list)
    _later: list[tuple[float, int, Event]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _forgotten: set[int] = field(default_factory=set)
    _speaking: deque[_Sentence] = field(default_factory=deque)
    _playing_until: float = 0.0
    _held: bool = False
    _on_the_way: deque[tuple[int, Frame]] = field(default_factory=deque)

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
        self._said.append(Said(start, frames, text, confidence, delay, rejected, error))
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
            self._carry_caller(tick)
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
    def audible(self) -> list[tuple[float, float]]:
        """When the bot was to be heard, from start to end."""
        return [(one.start, one.end) for one in self.heard]

    @property
    def voiced(self) -> list[tuple[float, float]]:
        """When the caller made a sound, from start to end."""
        return [(one.start / TICKS, (one.start + one.frames) / TICKS) for one in self._said]

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

    def _carry_caller(self, tick: int) -> None:
        place = tick - 1
        frame, voiced = self._frame(place)
        network = self.network
        lost = network.loss[place % len(network.loss)] or (network.mute and not voiced)
        if not lost:
            due = tick + network.delay[place % len(network.delay)]
            if self._on_the_way:
                due = max(due, self._on_the_way[-1][0])
            self._on_the_way.append((due, frame))
        while self._on_the_way and self._on_the_way[0][0] <= tick:
            self._tell(self._on_the_way.popleft()[1])

    def _frame(self, place: int) -> tuple[Frame, bool]:
        """The frame says in its samples whose voice it is and where in it, so that a recogniser can tell."""
        pcm = np.zeros(FRAME_SAMPLES, np.int16)
        for number, said in enumerate(self._said, 1):
            if said.start <= place < said.start + said.frames:
                pcm[0], pcm[1] = number, place - said.start
                return Frame(pcm, 0.95), True
        return Frame(pcm, 0.02), False

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
                    self._speaking.append(_Sentence(utterance, ready, self.voice.seconds(text)))
                    self.happens(VoiceReady(utterance), ready)
            case Flush():
                self._speaking.clear()
                self._silence()
                self._held = False
            case Hold():
                self._silence()
                self._held = True
            case Resume(utterance, _, word):
                self._go_on_with(utterance, word)
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

    def heard_in(self, action: Recognise) -> list[tuple[Said, float]]:
        """Which of the caller's words are in the audio of `action`, and how much (0..1) of each."""
        frames = action.pcm.reshape(-1, FRAME_SAMPLES)
        numbers = sorted({int(number) for number in frames[:, 0]} - {0})
        return [
            (said, float((frames[:, 0] == number).sum()) / said.frames)
            for number in numbers
            for said in [self._said[number - 1]]
        ]

    def _look_up(self, job: int, answer: Answer) -> None:
        if answer.delay is None:
            return
        event = (
            Failed(Part.LOOKUP, "broken look-up", job) if answer.result is None else LookedUp(job, answer.result)
        )
        self.happens(event, self.now + answer.delay)

    def _carry_bot(self) -> None:
        """Send what is due, at most `lead` ahead of the ear, one sentence after the other."""
        while self._speaking and self._speaking[0].sent and not self._held:
            if self._ends(self._speaking[0]) > self.now:
                break
            self._speaking.popleft()
        # What the call does about it may drop or hold everything, so it is looked at anew each time.
        while not self._held and self._playing_until - self.now < self.voice.lead:
            sentence = next((one for one in self._speaking if not one.sent), None)
            if sentence is None or sentence.ready > self.now + TOLERANCE:
                return
            self._send(sentence)

    def _send(self, sentence: _Sentence) -> None:
        start, at = max(self._playing_until, self.now), sentence.next
        seconds = min(CHUNK, sentence.seconds - at)
        sentence.next += seconds
        self._playing_until = start + seconds
        self.heard.append(Stretch(sentence.utterance, at, start, self._playing_until))
        if sentence.sent and self.voice.marks is not None:
            self.happens(Played(sentence.utterance), self._playing_until + self.voice.marks)
        again, sentence.again = sentence.again, False
        self._tell(Sent(sentence.utterance, seconds, sentence.sent, at if again else None, sentence.seconds))

    def _ends(self, sentence: _Sentence) -> float:
        """When the last that was sent of it is heard."""
        return max((one.end for one in self.heard if one.utterance == sentence.utterance), default=self.now)

    def _silence(self) -> None:
        """Nothing that was not heard by now ever will be, unless it is sent again; nor is it confirmed."""
        self._playing_until = min(self._playing_until, self.now)
        unheard = {one.utterance for one in self.heard if one.end > self.now}
        self.heard = [replace(one, end=min(one.end, self.now)) for one in self.heard if one.start < self.now]
        self._later = [
            one for one in self._later if not (isinstance(one[2], Played) and one[2].utterance in unheard)
        ]
        heapq.heapify(self._later)

    def _go_on_with(self, utterance: int, word: float) -> None:
        """Say `utterance` again from `word` seconds into it, and whatever follows it from its beginning."""
        self._held = False
        self._speaking = deque(one for one in self._speaking if one.utterance >= utterance)
        for sentence in self._speaking:
            sentence.again = True
            sentence.next = min(word, sentence.next) if sentence.utterance == utterance else 0.0


def _beginning(text: str, share: float) -> str:
    """What is left of `text` when only `share` of its audio came through; lost frames alone cost no word."""
    words = text.split()
    return text if share > 0.7 else " ".join(words[: int(len(words) * share)])
