"""The seam to CRMs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NoteTurn:
    """One turn as the CRM shows it. speaker: `Caller` or `Bot`."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class NoteWrapUp:
    """What an agent wrote about the call. disposition: how it ended, in words; "" where that was not said."""

    agent: str
    disposition: str
    text: str


@dataclass(frozen=True, slots=True)
class NoteRecording:
    """A recording of the call: where it is below the folder of recordings, and its seconds; 0 if unfinished."""

    path: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CallNote:
    """What a CRM is told about one call.

    started_at: aware, UTC. duration: seconds of the bot's part.
    caller: as the gateway gave it; may be no number at all ("anonymous").
    intent, confidence, summary: of the whole call. outcome: disposition and, after a transfer, its outcome.
    result, sentiment, action_items: what a language model made of the call; empty without one.
    wrap_ups: of the agents who took the call, in order.
    late: a wrap-up that came after the call's own note, and is told on its own: `call_id` is then its own too,
        `about` the call's, and there are no turns.
    recordings: of the call, in order.
    contact, fields: properties the dialog file maps, for a contact that is created and for what is written about
        the call; values are never empty.
    """

    call_id: str
    caller: str
    called: str
    started_at: datetime
    duration: float
    intent: str | None
    confidence: float
    summary: str
    outcome: str
    slots: Mapping[str, str] = field(default_factory=dict)
    turns: Sequence[NoteTurn] = ()
    result: str = ""
    sentiment: str = ""
    action_items: Sequence[str] = ()
    wrap_ups: Sequence[NoteWrapUp] = ()
    late: bool = False
    about: str = ""
    recordings: Sequence[NoteRecording] = ()
    contact: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The circumstances of a delivery.

    repeat: an earlier attempt may have been carried out (its answer was lost): look before writing.
    progress: what earlier attempts achieved, such as the id of a contact they created. `written` are the ids, as
        `Crm.erase` takes them, of what is there besides the note, and is to go even if there will be no note.
    save: keeps progress durably, at once.
    """

    repeat: bool
    progress: Mapping[str, str]
    save: Callable[[Mapping[str, str]], None]


class Crm(Protocol):
    """One CRM account. Synchronous; used by the delivery worker only."""

    @property
    def name(self) -> str: ...

    def deliver(self, note: CallNote, attempt: Attempt) -> str:
        """Write the note exactly once; return its id at the CRM.

        Raises CrmRejected, CrmUnauthorized, CrmThrottled, CrmUnavailable.
        """
        ...

    def erase(self, external_id: str) -> bool:
        """Delete what `deliver` wrote under this id; whether it was still there. Raises CrmError."""
        ...

    def check(self) -> str:
        """Prove that the account can be used; return one line about it. Raises CrmError."""
        ...
