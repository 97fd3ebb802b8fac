"""Everything a call can be told. Each event is passed to `Call.on` with the time it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from voicebot.asr.port import Transcript
from voicebot.audio import Pcm
from voicebot.dialog.types import Comeback, LookUpResult


@dataclass(frozen=True, slots=True)
class Started:
    """The audio stream stands; `comeback` tells why the caller is here a second time.

    after: seconds since the call's first stream began; 0 for the first. Everything noted counts from that one.
    """

    call_id: str
    caller: str
    called: str
    comeback: Comeback | None = None
    after: float = 0.0
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of caller audio.

    pcm: int16 mono at 8 kHz, `FRAME_SAMPLES` long.
    speech: 0..1, the voice detector's probability that somebody speaks in it.
    Has no consequences by itself: what follows is decided on the next `Tick`.
    """

    pcm: Pcm
    speech: float


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """The answer to the `Recognise` action `job`."""

    job: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The answer to the `AskLookUp` action `job`."""

    job: int
    result: LookUpResult


@dataclass(frozen=True, slots=True)
class CallerKnown:
    """A CRM has said who calls. customer: by property, as routing rules call it."""

    customer: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VoiceReady:
    """The voice has the first audio of `utterance`; when it leaves is another matter."""

    utterance: int


@dataclass(frozen=True, slots=True)
class Sent:
    """`seconds` more of utterance `utterance` left for the gateway; `last` when that was all of it.

    at: seconds into the utterance where they begin, for the first after a `Resume`; else they follow those before.
    of: seconds of the whole utterance, as soon as the voice has made all of it.
    """

    utterance: int
    seconds: float
    last: bool = False
    at: float | None = None
    of: float | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """The gateway confirms that `utterance` was played to its end."""

    utterance: int


class Part(Enum):
    """Which of our parts failed."""

    RECOGNIZER = "recognizer"
    SYNTHESIZER = "synthesizer"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Failed:
    """A part failed in what `job` asked of it: the action's number (job or utterance)."""

    part: Part
    error: str
    job: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. Comes every 20 ms whether or not there is audio."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The stream is over: the caller hung up, or what we ended has ended."""


Event: TypeAlias = (
    Started
    | Frame
    | Digit
    | Recognised
    | LookedUp
    | CallerKnown
    | VoiceReady
    | Sent
    | Played
    | Failed
    | Tick
    | HungUp
)
