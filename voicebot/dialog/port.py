"""The seam between a call and its dialog.

A `Conversation` is the dialog's side of one call. It is pure: no clock, no I/O. The call tells it what
the caller said or pressed (or did not), and it answers with one `Move`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from voicebot.dialog.crm_plan import CrmPlan
from voicebot.dialog.targets import Target
from voicebot.dialog.types import (
    NOWHERE,
    Comeback,
    Completeness,
    Hints,
    KeyState,
    Line,
    LookUpResult,
    Meaning,
    Move,
    Patience,
    Promise,
    Recollection,
    Surroundings,
    Trouble,
)


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
        """The caller has said nothing for as long as a call waits in silence."""
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
