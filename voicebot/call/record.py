"""What is kept of a call, entry by entry, as it happens. Times are seconds since the call's first stream began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Speaker(Enum):
    """Who said something."""

    CALLER = "caller"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a caller turn went. Seconds as everywhere here; None where it did not happen.

    last_voice: end of the caller's last voiced frame.
    vad_end: the voice detector's silence after it was perceived.
    queued: the recogniser was asked for the text that counted.
    decoding: its engine began with it.
    recognised: that text was there.
    committed: the turn was over by the rules.
    understood: the dialog had decided on the answer, which may have taken a look-up.
    ready: the voice had the first audio of the reply.
    answered: that audio left for the gateway.
    confirmed: the gateway confirmed that all of the reply was played.
    decode_seconds: engine time, a duration.
    """

    last_voice: float | None = None
    vad_end: float | None = None
    queued: float | None = None
    decoding: float | None = None
    recognised: float | None = None
    committed: float | None = None
    understood: float | None = None
    ready: float | None = None
    answered: float | None = None
    confirmed: float | None = None
    decode_seconds: float | None = None


class TurnEnd(Enum):
    """Why a caller's turn was taken as over.

    ANSWERED, COMPLETE, OPEN, UNFINISHED: silence long enough for what was said (`dialog.types.Completeness`).
    UNHEARD: as long as for an unfinished sentence, without its text. TOO_LONG: cut, for nobody speaks so long.
    NOTHING, ECHO, NOD: not a turn at all: no words; our own; a sign that the caller listens.
    KEYS: pressed. HUNG_UP: the call was over first.
    """

    ANSWERED = "answered"
    COMPLETE = "complete"
    OPEN = "open"
    UNFINISHED = "unfinished"
    UNHEARD = "unheard"
    TOO_LONG = "too_long"
    NOTHING = "nothing"
    ECHO = "echo"
    NOD = "nod"
    KEYS = "keys"
    HUNG_UP = "hung_up"


@dataclass(frozen=True, slots=True)
class TurnEntry:
    """One speaker's turn.

    number: position in the call, from 0, over both speakers.
    text: what was said; for the bot, what the caller heard of it.
    interrupted: the bot was stopped before the end of its text.
    keys: keys pressed, where the caller answered by keypad.
    intent, confidence, slots: how a caller turn was understood; confidence is the smaller of hearing and
        understanding.
    rejected: text the recogniser invented or nobody said, with the reason; never answered.
    reason: why the caller's turn was over; None for the bot's.
    """

    number: int
    speaker: Speaker
    text: str
    started: float
    ended: float
    interrupted: bool = False
    keys: str = ""
    intent: str | None = None
    confidence: float | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    rejected: str = ""
    timings: Timings = Timings()
    reason: TurnEnd | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedEntry:
    """The gateway confirmed at `at` that the reply to the caller's turn `number`, noted before, was played.

    answered: as in that turn's timings.
    """

    number: int
    at: float
    answered: float


@dataclass(frozen=True, slots=True)
class TroubleEntry:
    """Something of ours failed at `at`; `part` and `error` say what, without personal data."""

    at: float
    part: str
    error: str


class Disposition(Enum):
    """How the bot's part of a call ended. CALLBACK, VOICEMAIL: a person owes the caller an answer."""

    COMPLETED = "completed"
    TRANSFERRED = "transferred"
    ABANDONED = "abandoned"
    FAILED = "failed"
    CALLBACK = "callback"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class EndEntry:
    """The bot's part of the call is over; the last entry.

    intent, confidence, slots, summary: of the whole call.
    reason: why it ended, such as `goodbye`, `requested`, `hung_up`.
    """

    at: float
    disposition: Disposition
    reason: str
    intent: str | None
    confidence: float
    slots: Mapping[str, str]
    summary: str


class TransferOutcome(Enum):
    """What became of a transfer, once the gateway has told. MACHINE: an answering machine took it, or nobody."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    MACHINE = "machine"
    FAILED = "failed"
    ABANDONED = "abandoned"


Entry: TypeAlias = TurnEntry | ConfirmedEntry | TroubleEntry | EndEntry
