"""What the database tells about a call and its deliveries. All datetimes are aware and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from voicebot.call.record import Disposition, TransferOutcome, TroubleEntry, TurnEntry


class CallState(Enum):
    """Whether the bot is talking with the caller."""

    LIVE = "live"
    ENDED = "ended"


class DeliveryState(Enum):
    """What became of a note for a CRM. DEAD: given up, an operator may revive it."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call at a glance.

    node: the media process that holds or held its stream.
    ended_at, disposition, reason: of the bot's part; None and "" while it is live.
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


@dataclass(frozen=True, slots=True)
class TransferView:
    """One attempt to hand the caller over. sip_status: the dialled leg's final status, where the gateway told."""

    target: str
    outcome: TransferOutcome
    sip_status: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A note that one CRM must get about one call.

    target: name of the CRM. attempts: how often a worker took it up.
    external_id: the note's id at the CRM, once DONE.
    progress: what attempts achieved so far, such as the id of a contact.
    ambiguous: an earlier attempt may have been carried out without our knowing: look before writing.
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


@dataclass(frozen=True, slots=True)
class CallView:
    """Everything kept of a call, each part in the order in which it happened."""

    row: CallRow
    turns: tuple[TurnEntry, ...]
    troubles: tuple[TroubleEntry, ...]
    transfers: tuple[TransferView, ...]
    deliveries: tuple[Delivery, ...]
