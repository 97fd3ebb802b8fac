"""What the database tells about a call and its deliveries. All datetimes are aware and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from voicebot.call.record import Disposition, TransferOutcome, TroubleEntry, TurnEntry
from voicebot.people import People
from voicebot.store.offers import Offer


class CallState(Enum):
    """Whether the bot is talking with the caller."""

    LIVE = "live"
    ENDED = "ended"


class DeliveryState(Enum):
    """What became of a note for a CRM. DEAD: given up, an operator may revive it. DROPPED: an operator wants it
    not written."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"
    DROPPED = "dropped"


class TargetState(Enum):
    """Why a CRM is left alone: it refuses our credential, it fails, or it asked for a pause."""

    REFUSED = "refused"
    FAILING = "failing"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Target:
    """A CRM that is not well.

    failures: in a row, where it is FAILING. since: when that began.
    until: no request before; once that is past, the next note tries it.
    """

    name: str
    state: TargetState
    reason: str
    failures: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call at a glance.

    node: the media process that holds or held its stream.
    ended_at, disposition, reason: of the bot's part; None and "" while it is live.
    over: the gateway said that the caller is gone.
    intent, confidence, summary, slots: of the whole call, as far as known.
    """

    call_id: str
    caller: str
    called: str
    gateway: str
    dialog: str
    node: str
    state: CallState
    started_at: datetime
    ended_at: datetime | None
    disposition: Disposition | None
    reason: str
    intent: str | None
    confidence: float
    summary: str
    slots: Mapping[str, str]
    over: bool = False

    @property
    def outcome(self) -> str:
        """How the bot's part ended in a word, or `live`."""
        return self.disposition.value if self.disposition else self.state.value


@dataclass(frozen=True, slots=True)
class TransferView:
    """One attempt to hand the caller over. sip_status: the dialled leg's final status, where the gateway told."""

    target: str
    outcome: TransferOutcome
    sip_status: int | None
    at: datetime


class WrapUpDisposition(Enum):
    """How a call ended, as the agent who took it sees it."""

    RESOLVED = "resolved"
    FOLLOW_UP = "follow_up"
    CALL_BACK = "call_back"
    PASSED_ON = "passed_on"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class WrapUp:
    """What an agent wrote about a call.

    version: how often it was saved. hold_until: the call's notes for CRMs wait until then, or `finished_at`.
    """

    id: int
    call_id: str
    agent: str
    notes: str
    disposition: WrapUpDisposition | None
    version: int
    begun_at: datetime
    saved_at: datetime
    hold_until: datetime
    finished_at: datetime | None

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not self.notes.strip() and self.disposition is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A note that one CRM must get about one call.

    target: name of the CRM. attempts: how often a worker took it up.
    external_id: the note's id at the CRM, once DONE.
    progress: what attempts achieved so far, such as the id of a contact.
    ambiguous: an earlier attempt may have been carried out without our knowing: look before writing.
    wrap_up: id of the wrap-up that came too late for the note and is told on its own; 0 for the call's note.
    """

    id: int
    call_id: str
    target: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    leased_until: datetime | None
    last_error: str
    external_id: str
    progress: Mapping[str, str]
    ambiguous: bool
    wrap_up: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """The deliveries of one CRM in one state. oldest: when the first of them came to be owed."""

    target: str
    state: DeliveryState
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording on a media process's disk.

    path: below its folder of recordings, without the suffix, which says how it is packed by now.
    seconds: its length; 0 while it lasts, or when its process was killed.
    """

    id: int
    call_id: str
    path: str
    seconds: float
    made_at: datetime


@dataclass(frozen=True, slots=True)
class CallView:
    """Everything kept of a call, each part in the order in which it happened.

    people: who called, as the CRMs know them; None while they have not been asked.
    """

    row: CallRow
    turns: tuple[TurnEntry, ...]
    troubles: tuple[TroubleEntry, ...]
    transfers: tuple[TransferView, ...]
    deliveries: tuple[Delivery, ...]
    wrap_ups: tuple[WrapUp, ...] = ()
    offers: tuple[Offer, ...] = ()
    recordings: tuple[Recording, ...] = ()
    people: People | None = None
