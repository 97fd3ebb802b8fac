"""Everything a call can ask for. The runtime performs the actions in order and feeds the results back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from voicebot.asr.port import JobKind
from voicebot.audio import Pcm
from voicebot.call.record import Entry
from voicebot.dialog.types import HangUp, Hints, Transfer


@dataclass(frozen=True, slots=True)
class Recognise:
    """Turn `pcm` into text; the answer is `Recognised(job)` or `Failed(RECOGNIZER, job=job)`."""

    job: int
    pcm: Pcm
    kind: JobKind
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True, slots=True)
class Promote:
    """The guess `job` has become a turn: the caller waits for its text."""

    job: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Nobody waits for `job` any more."""

    job: int


@dataclass(frozen=True, slots=True)
class AskLookUp:
    """Ask the look-up `name`; the answer is `LookedUp(job)` or `Failed(LOOKUP, job=job)`."""

    job: int
    name: str
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speak:
    """Say `text` after everything said before; progress comes back as `Sent` and `Played`.

    utterance: rises by one with every `Speak` of a call.
    """

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Silence at once; what was not heard is kept, also what the voice is still making, until `Resume` or `Flush`.

    `Speak` may follow before either; it waits behind what is kept.
    """


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with what a `Hold` kept: in `utterance`, then with everything after it.

    heard: seconds of `utterance` the caller has heard. word: where in it the word begins in which it was held, as
    reckoned from its text; it is said again from there, or better from where the voice really begins it. Its next
    `Sent` tells where that was.
    """

    utterance: int
    heard: float
    word: float


@dataclass(frozen=True, slots=True)
class Flush:
    """Silence at once; every utterance spoken, held or waiting is dropped."""


@dataclass(frozen=True, slots=True)
class End:
    """Leave the call to `plan`. Nothing but `Note` follows."""

    plan: Transfer | HangUp


@dataclass(frozen=True, slots=True)
class Note:
    """Keep `entry` in the record of the call."""

    entry: Entry


Action: TypeAlias = Recognise | Promote | Forget | AskLookUp | Speak | Hold | Resume | Flush | End | Note
