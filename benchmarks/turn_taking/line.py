"""One call in virtual time: the real machine, dialog, voice detection and playback, a simulated media server."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from benchmarks.turn_taking.ears import Ears
from benchmarks.turn_taking.person import Performed, Person
from benchmarks.turn_taking.script import CallScript
from benchmarks.turn_taking.sounds import Room, take
from voicebot.asr.port import Speech
from voicebot.audio import FRAME_SECONDS, SAMPLE_RATE, Pcm
from voicebot.audio.vad import VoiceDetection
from voicebot.call.actions import Action, AskLookUp, End, Flush, Forget, Hold, Note, Recognise, Resume, Speak
from voicebot.call.call import Call
from voicebot.call.events import (
    Event,
    Frame,
    HungUp,
    LookedUp,
    Played,
    Recognised,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.record import Entry, TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.turns import HYSTERESIS
from voicebot.dialog.port import Conversation, Dialog
from voicebot.gateways.jambonz import JambonzWire
from voicebot.gateways.port import MarkPlayed, Message
from voicebot.lookup.file import FileSource
from voicebot.runtime.playback import Playback, mark_number
from voicebot.testing.jambonz_media import Playback as MediaServer
from voicebot.testing.jambonz_media import PlayedFrame
from voicebot.testing.phone import audible
from voicebot.tts.espeak import EspeakSynthesizer

LONGEST = 120.0
"""Seconds after which a call is given up."""

SLOT = "order_number"


_AS_SAID: dict[str, Pcm] = {}
"""Every sentence as espeak-ng first said it, for all rows and runs: it says none twice the same."""


class Voice:
    """The bot's voice; what was said before is at hand at once, as in the server's cache.

    known: sentences made ahead of the first call. stated: seconds a new sentence takes; None to measure them.
    """

    def __init__(self, synthesizer: EspeakSynthesizer, known: Iterable[str], stated: float | None = None) -> None:
        self._synthesizer = synthesizer
        self._known = set(known)
        self._stated = stated
        for text in self._known - _AS_SAID.keys():
            _AS_SAID[text] = synthesizer.render(text)

    def say(self, text: str) -> tuple[Pcm, float]:
        """`text`, and the seconds until it is there."""
        if text in self._known:
            return _AS_SAID[text], 0.0
        began = time.perf_counter()
        pcm = self._synthesizer.render(text)
        took = time.perf_counter() - began
        self._known.add(text)
        return _AS_SAID.setdefault(text, pcm), took if self._stated is None else self._stated


@dataclass(frozen=True, slots=True)
class House:
    """What all calls share."""

    dialog: Dialog
    detection: VoiceDetection
    look_ups: Mapping[str, FileSource]


@dataclass(slots=True)
class Recording:
    """What came of a call. Times are seconds of the call.

    ear: for each 20 ms whether the bot was audible; `ear[k]` ends at (k + 1) * 20 ms.
    sent: when audible audio left for the media server. stops: when the bot was told to be silent.
    numbers: what the bot had for the number after each turn.
    """

    script: CallScript
    performed: list[Performed]
    entries: list[Entry] = field(default_factory=list)
    ear: list[bool] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    @property
    def turns(self) -> list[TurnEntry]:
        """The turns noted, of both sides."""
        return [entry for entry in self.entries if isinstance(entry, TurnEntry)]


class Line:
    """Plays the runtime, the media server and the clock to a `Call`. Use `run` once."""

    def __init__(
        self, house: House, ears: Ears, voice: Voice, rules: Rules, script: CallScript, seed: int
    ) -> None:
        self._house = house
        self._rules = rules
        self._ears = ears
        self._voice = voice
        self._conversation: Conversation = house.dialog.converse("+15550100", "+15550199")
        self._call = Call(self._conversation, rules)
        self._wire = JambonzWire()
        self._wire.receive(json.dumps({"callSid": f"call-{seed}", "sampleRate": 8000, "mixType": "mono"}), 0.0)
        self._playback = Playback(self._wire)
        self._media = MediaServer(SAMPLE_RATE)
        self._person = Person(
            script.turns,
            lambda turn: take(turn, script.voice),
            Room(script.background, seed),
            lambda: self._conversation.meaning.slots.get(SLOT, ""),
        )
        self._recording = Recording(script, self._person.performed)
        self._later: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._forgotten: set[int] = set()
        self._engine_free = 0.0
        self._ended = False

    def run(self) -> Recording:
        """The whole call."""
        voice = self._house.detection.begin()
        self._tell(Started("call", "+15550100", "+15550199"), 0.0)
        tick, now = 0, 0.0
        while not (self._call.over or self._ended or self._person.done or now >= LONGEST):
            tick += 1
            now = round(tick * FRAME_SECONDS, 6)
            self._happen(now)
            frame = self._person.tick(self._play(now), now)
            speech = self._house.detection.probabilities([voice], [frame])[0]
            if self._playback.echoed(frame, now, speech >= self._rules.vad_threshold - HYSTERESIS):
                speech = 0.0
            self._tell(Frame(frame, speech), now)
            self._tell(Tick(), now)
            self._pump(now)
            self._note_number()
        self._house.detection.end(voice)
        if not self._call.over:
            self._tell(HungUp(), now)
            while self._later and not self._call.over:
                self._happen(self._later[0][0])
        self._note_number()
        return self._recording

    def _tell(self, event: Event, now: float) -> None:
        for action in self._call.on(event, now):
            self._perform(action, now)

    def _at(self, moment: float, do: Callable[[float], None]) -> None:
        heapq.heappush(self._later, (moment, next(self._order), do))

    def _happen(self, until: float) -> None:
        while self._later and self._later[0][0] <= until:
            moment, _, do = heapq.heappop(self._later)
            do(moment)

    def _play(self, now: float) -> PlayedFrame:
        played = self._media.tick()
        self._recording.ear.append(audible(played.pcm))
        for report in played.marks:
            mark = {"type": "mark", "data": {"name": report.name, "event": report.event}}
            for event in self._wire.receive(json.dumps(mark), now):
                if isinstance(event, MarkPlayed) and (number := mark_number(event.mark)) is not None:
                    self._tell(Played(number), now)
        return played

    def _perform(self, action: Action, now: float) -> None:
        match action:
            case Speak(utterance, text):
                self._speak(utterance, text, now)
            case Flush():
                self._stopped(now)
                self._deliver(self._playback.flush(now), now)
            case Hold():
                self._stopped(now)
                self._deliver(self._playback.hold(now), now)
            case Resume(utterance, heard, word):
                self._playback.resume(utterance, heard, word)
            case Recognise():
                self._recognise(action, now)
            case Forget(job):
                self._forgotten.add(job)
            case AskLookUp(job, name, slots):
                found = self._house.look_ups[name].find(slots)
                self._at(now, lambda at: self._tell(LookedUp(job, found), at))
            case Note(entry):
                self._recording.entries.append(entry)
            case End():
                self._ended = True
            case _:
                pass

    def _speak(self, utterance: int, text: str, now: float) -> None:
        self._playback.begin(utterance)
        pcm, took = self._voice.say(text)

        def ready(at: float) -> None:
            self._playback.add(utterance, pcm)
            self._playback.complete(utterance)
            self._tell(VoiceReady(utterance), at)
            self._pump(at)

        self._at(now + took, ready)
        if not took:
            self._happen(now)

    def _recognise(self, action: Recognise, now: float) -> None:
        speech = Speech(action.pcm, action.kind, self._house.dialog.language, action.hints)
        transcript, took = self._ears.hear(speech, self._person.tape)
        began = max(now, self._engine_free)
        self._engine_free = began + took
        heard = replace(transcript, decode_seconds=took, wait_seconds=began - now)

        def answer(at: float) -> None:
            if action.job not in self._forgotten:
                self._tell(Recognised(action.job, heard), at)
                self._pump(at)

        self._at(began + took, answer)

    def _pump(self, now: float) -> None:
        for messages, sent in self._playback.pump(now):
            self._deliver(messages, now)
            self._tell(sent, now)

    def _deliver(self, messages: list[Message], now: float) -> None:
        for message in messages:
            if isinstance(message, bytes):
                if audible(self._media.receive(message)):
                    self._recording.sent.append(now)
                continue
            command = json.loads(message)
            match command["type"]:
                case "killAudio":
                    self._media.kill()
                case "mark":
                    self._media.mark(command["data"]["name"])
                case "clearMarks":
                    self._media.clear_marks()

    def _stopped(self, now: float) -> None:
        """The bot falls silent, if it is not already."""
        if self._playback.remaining(now):
            self._recording.stops.append(now)

    def _note_number(self) -> None:
        """The number the bot has now belongs to the caller's latest turn."""
        numbers = self._recording.numbers
        missing = len(self._recording.performed) - len(numbers)
        numbers.extend([""] * missing)
        if numbers:
            numbers[-1] = self._conversation.meaning.slots.get(SLOT, "")
