"""What passes between a call and its dialog: lines to say, moves to make, what is expected of the caller."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say.

    text: written text; the voice normalises numbers and abbreviations itself.
    uninterruptible: the caller's voice does not stop it (legal text).
    """

    text: str
    uninterruptible: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the caller's words were taken to mean.

    intent: name from the dialog file, or None for no match.
    confidence: 0..1, of the understanding alone (the recogniser has its own).
    slots: every slot filled so far in the call, by name.
    """

    intent: str | None
    confidence: float
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recollection:
    """What an earlier stream of the same call left behind, for a caller who is back after a transfer.

    attempts: transfers tried so far.
    """

    meaning: Meaning
    summary: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversation may ask about the world around it.

    now: the time of day, aware; without it no opening hours are minded.
    presence: whether the look-up `PRESENCE` can tell who is at their phone.
    customer: what is known of the caller beforehand, by property of the CRM; goes before what is found out later.
    """

    now: Callable[[], datetime] | None = None
    presence: bool = False
    customer: Mapping[str, str] = field(default_factory=dict)


NOWHERE = Surroundings()
"""Nothing is known: everybody is taken to be there, at any time."""

PRESENCE = "registered_users"
"""Name of the look-up that tells which users are registered: asked with their addresses by target name, it answers
with `yes` or `no` by target name, or finds nothing."""


class TransferReason(enum.Enum):
    """Why a call goes to a person."""

    REQUESTED = "requested"
    PRESSED_ZERO = "pressed_zero"
    NOT_UNDERSTOOD = "not_understood"
    SILENT = "silent"
    RULE = "rule"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the caller."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the look-up `name` with `slots`; `wait` is said if the answer takes noticeably long."""

    name: str
    slots: Mapping[str, str]
    wait: Line


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller over to `target` (a name in the dialog file) with `whisper` for the agent's ear.

    rule: name of the routing rule that chose.
    others: further targets; they ring along, or after `target` if `in_turn`.
    """

    target: str
    reason: TransferReason
    whisper: str
    rule: str = ""
    others: tuple[str, ...] = ()
    in_turn: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """Everybody who is asked, in order."""
        return (self.target, *self.others)


class Promise(enum.Enum):
    """What the caller settled for instead of a person."""

    CALLBACK = "callback"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call from our side; `reason` goes into the record."""

    reason: str


Then: TypeAlias = Listen | LookUp | Transfer | HangUp


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the dialog: say these lines, then do that.

    meaning: how the caller's words were understood; None where no words were involved.
    """

    say: tuple[Line, ...]
    then: Then
    meaning: Meaning | None = None


class Completeness(enum.Enum):
    """Whether what was said so far answers what is expected; decides how long a pause ends the turn.

    ANSWERED: just what was asked for, or a wish that needs no more words; hardly anybody goes on.
    COMPLETE: can be answered, and may well go on. OPEN: nobody can tell. UNFINISHED: more has to come.
    NOTHING: there is nothing to answer.
    """

    ANSWERED = "answered"
    COMPLETE = "complete"
    OPEN = "open"
    UNFINISHED = "unfinished"
    NOTHING = "nothing"


class Patience(enum.Enum):
    """How long callers are given to go on: stretches every pause that ends a turn."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class KeyState(enum.Enum):
    """Whether the keys pressed so far are an answer already."""

    DONE = "done"
    MORE = "more"


class Trouble(enum.Enum):
    """What of ours failed, so that the dialog can apologise."""

    HEARING = "hearing"
    LOOKUP = "lookup"
    INTERNAL = "internal"
    TOO_LONG = "too_long"


class Comeback(enum.Enum):
    """Why a caller is with the bot again after a transfer. WAITED: in a queue, for as long as it may last."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    FAILED = "failed"
    MACHINE = "machine"
    WAITED = "waited"


@dataclass(frozen=True, slots=True)
class Hints:
    """What the recogniser may use to hear better.

    prompt: text of the kind that is expected, for the model's context.
    hotwords: words that are likely now.
    """

    prompt: str = ""
    hotwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LookUpResult:
    """The answer of a look-up: `values` may be used in reply templates; empty when not `found`."""

    found: bool
    values: Mapping[str, str] = field(default_factory=dict)
