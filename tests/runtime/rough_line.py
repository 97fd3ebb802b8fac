"""A call in virtual time over a line made of samples: real voices, a real detector, and what lines do to both."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import numpy as np

from voicebot.asr.port import Transcript
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm, at_level, g711
from voicebot.audio.vad import VoiceDetection
from voicebot.call.actions import Action, AskLookUp, Flush, Forget, Hold, Note, Recognise, Resume, Speak
from voicebot.call.call import Call
from voicebot.call.events import Event, Frame, LookedUp, Recognised, Started, Tick
from voicebot.call.record import TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.turns import HYSTERESIS
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import LookUpResult
from voicebot.gateways import MulawJsonWire
from voicebot.runtime.beat import Beat, Seat
from voicebot.runtime.playback import Playback
from voicebot.runtime.ticker import Ticker
from voicebot.testing.caller_line import telephone
from voicebot.tts.espeak import EspeakSynthesizer

RULES = Rules()


@dataclass(frozen=True, slots=True)
class Line:
    """What the line does to the caller's audio; patterns repeat for ever, one item a frame.

    comfort: level (dBFS) of the noise that is always there. echo: dB by which the bot comes back, None for not at
    all, `delay` seconds late. lost, twice: frames that never arrive, or arrive two times. late: by how
    many frames each is late; those behind wait for it. silent: frames fainter than this level (dBFS) are not sent.
    """

    comfort: float = -62.0
    echo: float | None = None
    delay: float = 0.2
    lost: tuple[int, ...] = (0,)
    twice: tuple[int, ...] = (0,)
    late: tuple[int, ...] = (0,)
    silent: float | None = None


@dataclass(slots=True)
class RoughLine:
    """One call. caller: his audio from the start of the call on; silence follows it.

    recognise: what the recogniser makes of an utterance. busy: in which ticks (20 ms) the process has no time for
    the call; a pattern, as those of the line. decode: seconds the recogniser takes.
    """

    conversation: Conversation
    caller: Pcm
    line: Line
    detection: VoiceDetection
    recognise: Callable[[Pcm], Transcript]
    busy: tuple[int, ...] = (0,)
    decode: float = 0.12
    did: list[tuple[float, Action]] = field(default_factory=list)
    _call: Call = field(init=False)
    _playback: Playback = field(init=False)
    _later: list[tuple[float, int, Event]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)
    _bot: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    _forgotten: set[int] = field(default_factory=set)
    _seat: Seat = field(init=False)
    _broken: Exception | None = None
    _now: float = 0.0

    def run(self, seconds: float) -> RoughLine:
        """The first `seconds` of the call."""
        self._call = Call(self.conversation, RULES)
        self._playback = Playback(MulawJsonWire())
        self._bot = np.zeros(round((seconds + 60) * SAMPLE_RATE), np.int16)
        beat = Beat(Ticker(), self.detection)
        self._seat = beat.join(self)
        arriving: list[tuple[int, int, Pcm]] = []
        due = 0
        noise = np.random.default_rng(5)
        self._tell(Started("call", "", ""))
        for tick in range(1, round(seconds / FRAME_SECONDS) + 1):
            self._now = tick * FRAME_SECONDS
            frame = self._frame(tick - 1, noise)
            due = max(due, tick + self.line.late[tick % len(self.line.late)])
            if not self.line.lost[tick % len(self.line.lost)] and not self._unsent(frame):
                for _ in range(1 + self.line.twice[tick % len(self.line.twice)]):
                    arriving.append((due, len(arriving), frame))
            if self.busy[tick % len(self.busy)]:
                continue
            while self._later and self._later[0][0] <= self._now:
                self._seat.then(partial(self._tell, heapq.heappop(self._later)[2]), self._now)
            while arriving and arriving[0][0] <= tick:
                self._seat.put(arriving.pop(0)[2], self._now)
            beat.strike(self._now)
            if self._broken is not None:
                # The beat lets no fault through.
                raise self._broken
        self._seat.leave()
        return self

    def hear(self, pcm: Pcm, speech: float, at: float) -> None:
        """As `Listener.hear`."""
        if self._playback.echoed(pcm, at, speech >= RULES.vad_threshold - HYSTERESIS):
            speech = 0.0
        self._tell(Frame(pcm, speech), at)

    def tick(self, now: float) -> None:
        """As `Listener.tick`."""
        self._tell(Tick())
        self._pump()

    def unheard(self, error: Exception) -> None:
        """As `Listener.unheard`."""
        self._broken = error

    @property
    def turns(self) -> list[TurnEntry]:
        """The caller's turns."""
        notes = [action.entry for _, action in self.did if isinstance(action, Note)]
        return [entry for entry in notes if isinstance(entry, TurnEntry) and entry.reason is not None]

    def times(self, *kinds: type[Action]) -> list[float]:
        """When it did such things."""
        return [at for at, action in self.did if isinstance(action, kinds)]

    def _frame(self, place: int, noise: np.random.Generator) -> Pcm:
        start = place * FRAME_SAMPLES
        mixed = noise.normal(0.0, 32768 * 10 ** (self.line.comfort / 20), FRAME_SAMPLES)
        said = self.caller[start : start + FRAME_SAMPLES]
        mixed[: len(said)] += said
        if self.line.echo is not None and (behind := start - round(self.line.delay * SAMPLE_RATE)) >= 0:
            mixed += self._bot[behind : behind + FRAME_SAMPLES] * 10 ** (self.line.echo / 20)
        frame: Pcm = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
        return frame

    def _unsent(self, frame: Pcm) -> bool:
        if self.line.silent is None:
            return False
        return float(np.sqrt((frame.astype(np.float64) ** 2).mean())) < 32768 * 10 ** (self.line.silent / 20)

    def _tell(self, event: Event, at: float | None = None) -> None:
        if isinstance(event, Recognised) and event.job in self._forgotten:
            return
        try:
            for action in self._call.on(event, self._now if at is None else at):
                self.did.append((self._now, action))
                self._perform(action)
        except Exception as error:
            self._broken = error
            raise

    def _perform(self, action: Action) -> None:
        match action:
            case Speak(utterance, text):
                self._playback.begin(utterance)
                self._playback.add(utterance, at_level(EspeakSynthesizer("en-gb").render(text)))
                self._playback.complete(utterance)
            case Hold():
                self._playback.hold(self._now)
                self._silence()
            case Flush():
                self._playback.flush(self._now)
                self._silence()
            case Resume(utterance, heard, word):
                self._playback.resume(utterance, heard, word)
            case Recognise(job, pcm):
                self._at(self.decode, Recognised(job, self.recognise(pcm)))
            case Forget(job):
                self._forgotten.add(job)
            case AskLookUp(job):
                self._at(0.1, LookedUp(job, LookUpResult(False)))

    def _at(self, after: float, event: Event) -> None:
        heapq.heappush(self._later, (self._now + after, next(self._order), event))

    def _pump(self) -> None:
        for messages, sent in self._playback.pump(self._now):
            ends = self._now + self._playback.remaining(self._now)
            for message in messages:
                assert isinstance(message, str)
                pcm = mulaw_of(message)
                last = round(ends * SAMPLE_RATE)
                if len(pcm) and last <= len(self._bot):
                    self._bot[last - len(pcm) : last] = telephone(pcm)
            self._tell(sent)

    def _silence(self) -> None:
        self._bot[round(self._now * SAMPLE_RATE) :] = 0


def mulaw_of(message: str) -> Pcm:
    """The audio of a message to the gateway, none where it is something else."""
    event = json.loads(message)
    if event["event"] != "media":
        return np.zeros(0, np.int16)
    return g711.decode(base64.b64decode(event["media"]["payload"]))
