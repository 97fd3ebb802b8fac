"""What passes between a call and its dialog: lines to say, moves to make, what is expected of the caller.

A `Conversation` is the dialog's side of one call. It is pure: no clock, no I/O. The call tells it what
the caller said or pressed (or did not), and it answers with one `Move`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias


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


class TargetKind(enum.Enum):
    """How a person is reached."""

    USER = "user"
    PHONE = "phone"
    SIP = "sip"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Target:
    """A person or group a call can be handed to.

    address: a registered user's name, an E.164 number, a SIP URI, or the name of a queue, by `kind`.
    ring_seconds: how long it rings; talk_seconds: longest conversation, None for no limit.
    music: URL or tone stream the caller hears while it rings or waits; "" for ringing tones, in a queue silence.
    trunk: carrier to use for a phone number; "" for the account's default.
    caller_id: number shown to the target; "" for the caller's own.
    priority: the smaller, the earlier a target is asked; in a queue, the earlier its callers are served.
    wait_seconds: how long a caller stays in a queue; say_seconds: how often their place in it is said.
    """

    name: str
    kind: TargetKind
    address: str
    ring_seconds: int = 25
    talk_seconds: int | None = None
    music: str = ""
    trunk: str = ""
    caller_id: str = ""
    priority: int = 5
    wait_seconds: int = 300
    say_seconds: int = 30

    @property
    def seconds(self) -> int:
        """How long a caller nobody takes is away from the bot."""
        return self.wait_seconds if self.kind is TargetKind.QUEUE else self.ring_seconds


@dataclass(frozen=True, slots=True)
class CrmPlan:
    """Which CRMs are told about a dialog's calls, and which of its values become properties there.

    targets: names of CRMs; None for every configured one.
    fields: by CRM, then by object (`contact`, `call`), the property's name to the value's: a slot, or `call.` and
        one of `CALL_FIELDS`.
    customer: by CRM, what routing rules call a property of the caller to the CRM's name for it.
    """

    targets: tuple[str, ...] | None = None
    fields: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    customer: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def chosen(self, configured: Sequence[str]) -> tuple[str, ...]:
        """Those of the `configured` CRMs that are told."""
        return tuple(name for name in configured if self.targets is None or name in self.targets)


CALL_FIELDS = (
    "id",
    "caller",
    "called",
    "started_at",
    "seconds",
    "intent",
    "confidence",
    "summary",
    "outcome",
    "result",
    "sentiment",
    "action_items",
)
"""What `call.` may be followed by in a CRM's field mapping."""


class Conversation(Protocol):
    """The dialog's side of one call. Every method that moves returns what to do next."""

    def open(self, comeback: Comeback | None = None) -> Move:
        """The greeting; after a failed transfer, what to say to the caller who is back."""
        ...

    def hear(self, text: str, confidence: float) -> Move:
        """The caller said `text`; `confidence` (0..1) is the recogniser's."""
        ...

    def keys(self, pressed: str) -> KeyState:
        """Whether `pressed` (0-9, *, #) already is an answer or more keys may come."""
        ...

    def press(self, pressed: str) -> Move:
        """The caller pressed these keys."""
        ...

    def looked_up(self, result: LookUpResult) -> Move:
        """The answer to the last `LookUp`."""
        ...

    def know(self, customer: Mapping[str, str]) -> None:
        """Who calls has been found out: properties of the customer. Does not move."""
        ...

    def silent(self) -> Move:
        """The caller said nothing for the dialog's `silence` time."""
        ...

    def trouble(self, what: Trouble) -> Move:
        """Something of ours failed: apologise and hand over."""
        ...

    def completeness(self, text: str) -> Completeness:
        """How complete `text` is as an answer now. Does not move."""
        ...

    def acknowledges(self, text: str) -> bool:
        """Whether `text`, said while we speak, only shows that the caller listens ("mhm", "okay").

        Does not move.
        """
        ...

    @property
    def patience(self) -> Patience:
        """How long the caller is given to go on with what is expected now."""
        ...

    def filler(self) -> Line:
        """What to say when our side takes noticeably long."""
        ...

    @property
    def hints(self) -> Hints:
        """What the recogniser should expect now."""
        ...

    @property
    def meaning(self) -> Meaning:
        """The call's main intent so far, its confidence, and all slots."""
        ...

    @property
    def private(self) -> bool:
        """Whether something is asked for now that must not be kept, so that nothing is recorded meanwhile."""
        ...

    @property
    def settled(self) -> bool:
        """Whether the caller was helped and nothing is open, so that hanging up now is a good end."""
        ...

    @property
    def promise(self) -> Promise | None:
        """What the caller was promised instead of a person, if anything."""
        ...

    @property
    def summary(self) -> str:
        """One or two sentences about the call so far, for the agent and the CRM."""
        ...


class Dialog(Protocol):
    """A bot as its file describes it; starts conversations."""

    @property
    def name(self) -> str: ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of what is spoken, such as `en`."""
        ...

    def converse(
        self, caller: str, called: str, earlier: Recollection | None = None, around: Surroundings = NOWHERE
    ) -> Conversation:
        """The conversation of a call between two numbers (E.164 or as the gateway sent them).

        earlier: what is known already of a caller who is back.
        """
        ...

    def whisper(self, about: str, waited: float) -> str:
        """What is said to the person who answers: `about` the call, and how many seconds the caller `waited`."""
        ...

    @property
    def accept(self) -> str:
        """What that person is asked to press; "" where the caller is put through without asking."""
        ...

    def in_line(self, ahead: int, waited: float) -> str:
        """What a caller in a queue hears: how many are `ahead`, and for how many seconds they have `waited`."""
        ...

    def fixed_lines(self) -> Sequence[str]:
        """Every sentence known before any call, to be synthesised ahead of time."""
        ...

    @property
    def apology(self) -> str:
        """What is said when nothing else works."""
        ...

    @property
    def targets(self) -> Mapping[str, Target]:
        """Everybody a call can be handed to, by name."""
        ...

    @property
    def fallback(self) -> Target:
        """Who takes the call when the bot cannot."""
        ...

    @property
    def crm(self) -> CrmPlan:
        """Who is told about the calls."""
        ...
