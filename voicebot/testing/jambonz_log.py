"""What happened in a simulated call, in order, and the audio of both sides."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from voicebot.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, silence
from voicebot.testing.jambonz_validate import Verb


@dataclass(frozen=True, slots=True)
class HookCalled:
    """A webhook and its answer.

    status: HTTP status; 0 when nothing answered.
    reply: the JSON that came back; None when it was none.
    seconds: until the answer was there, on the wall clock.
    """

    at: float
    path: str
    body: Mapping[str, Any]
    status: int
    reply: Any
    seconds: float


@dataclass(frozen=True, slots=True)
class VerbRun:
    """A verb began."""

    at: float
    verb: Verb


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The audio socket stands. subprotocol: what the server chose."""

    at: float
    url: str
    subprotocol: str | None


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """The audio stream is over. by: the value of a `Side`. code: of the WebSocket close."""

    at: float
    by: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class CommandTaken:
    """A text frame from the bot."""

    at: float
    kind: str


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """A mark went back to the bot. event: `playout` or `cleared`."""

    at: float
    name: str
    event: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """A leg to a person.

    target: as the verb had it; headers: what its INVITE carried.
    outcome: the value of an `Outcome`, `abandoned` when the caller gave up, or `cancelled` when somebody else took
        the call.
    whisper: what the person heard before the caller was put through.
    """

    at: float
    target: Mapping[str, Any]
    headers: Mapping[str, str]
    outcome: str
    whisper: str


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting in a queue is over.

    heard: what was said to the caller meanwhile. result: `bridged`, `leave` or `hangup`.
    """

    at: float
    name: str
    heard: tuple[str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a real jambonz would refuse, drop or stumble over."""

    at: float
    text: str


class EndedBy(Enum):
    """Who ended the call: the caller, or the gateway because the bot wanted it or nothing was left to do."""

    CALLER = "caller"
    GATEWAY = "jambonz"


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over. sip_status: 200 after an answered call, 480 for one that was never answered."""

    at: float
    by: EndedBy
    sip_status: int


Entry: TypeAlias = (
    HookCalled
    | VerbRun
    | StreamOpened
    | StreamClosed
    | CommandTaken
    | MarkReturned
    | KeyPressed
    | Dialled
    | Queued
    | Fault
    | CallEnded
)

_E = TypeVar("_E")


class CallLog:
    """The record of one simulated call.

    observer: told every entry as it is written.
    """

    def __init__(self, observer: Callable[[Entry], None] | None = None) -> None:
        self.entries: list[Entry] = []
        self._observer = observer
        self._caller: list[Pcm] = []
        self._bot: list[Pcm] = []

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self.entries.append(entry)
        if self._observer is not None:
            self._observer(entry)

    def of(self, kind: type[_E]) -> list[_E]:
        """All entries of one kind, in order."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    @property
    def faults(self) -> list[str]:
        """What a real jambonz would have minded."""
        return [fault.text for fault in self.of(Fault)]

    @property
    def verbs(self) -> list[str]:
        """Names of the verbs that ran."""
        return [run.verb.name for run in self.of(VerbRun)]

    @property
    def hooks(self) -> list[str]:
        """Paths of the webhooks that were called, but for those about the call's status."""
        return [hook.path for hook in self.of(HookCalled) if not hook.path.endswith("/status")]

    @property
    def ended(self) -> CallEnded | None:
        """How the call ended; None while it lasts."""
        return next(iter(self.of(CallEnded)), None)

    def hear(self, caller: Pcm | None, bot: Pcm | None) -> None:
        """Keep 20 ms of both sides; None is silence."""
        quiet = np.zeros(FRAME_SAMPLES, np.int16)
        self._caller.append(quiet if caller is None else caller)
        self._bot.append(quiet if bot is None else bot)

    @property
    def caller_audio(self) -> Pcm:
        """All the caller said, from the first tick."""
        return _join(self._caller)

    @property
    def bot_audio(self) -> Pcm:
        """All the caller heard, on the same time."""
        return _join(self._bot)

    def save(self, path: Path) -> None:
        """Write a stereo WAV file: left the caller, right the bot."""
        stereo = np.stack((self.caller_audio, self.bot_audio), axis=1)
        # As a whole: of a disk that is full the `wave` module makes more than one error.
        whole = io.BytesIO()
        with wave.open(whole, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(stereo.astype("<i2").tobytes())
        path.write_bytes(whole.getvalue())


def _join(frames: Sequence[Pcm]) -> Pcm:
    return np.concatenate((silence(0), *frames))
