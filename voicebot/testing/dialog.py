"""A dialog small enough to read at a glance: it greets, repeats, and hands over to whoever is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voicebot.dialog.crm_plan import CrmPlan
from voicebot.dialog.port import Conversation
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import (
    NOWHERE,
    Comeback,
    Completeness,
    HangUp,
    Hints,
    KeyState,
    Line,
    Listen,
    LookUpResult,
    Meaning,
    Move,
    Patience,
    Promise,
    Recollection,
    Surroundings,
    Transfer,
    TransferReason,
    Trouble,
)
from voicebot.dialog.words import is_nod

RECEPTION = Target("reception", TargetKind.USER, "reception")


class EchoConversation:
    """Says back what it hears; the name of a target transfers, `goodbye` ends the call."""

    def __init__(self, dialog: EchoDialog) -> None:
        self._dialog = dialog
        self._heard: list[str] = []
        self._intent: str | None = None
        self._who = "The caller"

    def open(self, comeback: Comeback | None = None) -> Move:
        again = f"Nobody is free: {comeback.value}." if comeback else self._dialog.greeting
        return Move((Line(again),), Listen())

    def hear(self, text: str, confidence: float) -> Move:
        self._heard.append(text)
        if text in self._dialog.targets:
            return self._transfer(text, TransferReason.REQUESTED)
        if text == "goodbye":
            return Move((Line("Goodbye."),), HangUp("goodbye"))
        self._intent = "echo"
        return Move((Line(f"You said: {text}"),), Listen(), Meaning("echo", confidence))

    def keys(self, pressed: str) -> KeyState:
        return KeyState.DONE

    def press(self, pressed: str) -> Move:
        if pressed == "0":
            return self._transfer(self._dialog.fallback.name, TransferReason.PRESSED_ZERO)
        return Move((Line(f"You pressed {pressed}."),), Listen())

    def looked_up(self, result: LookUpResult) -> Move:
        return Move((Line("Found." if result.found else "Not found."),), Listen())

    def know(self, customer: Mapping[str, str]) -> None:
        self._who = customer.get("name", self._who)

    def silent(self) -> Move:
        return Move((Line("Are you there?"),), Listen())

    def trouble(self, what: Trouble) -> Move:
        transfer = Transfer(self._dialog.fallback.name, TransferReason.FAILURE, self.summary)
        return Move((Line(self._dialog.apology),), transfer)

    def completeness(self, text: str) -> Completeness:
        return Completeness.COMPLETE if text else Completeness.NOTHING

    def acknowledges(self, text: str) -> bool:
        return is_nod(text)

    @property
    def patience(self) -> Patience:
        return Patience.NORMAL

    def filler(self) -> Line:
        return Line("One moment.")

    @property
    def hints(self) -> Hints:
        return Hints()

    @property
    def meaning(self) -> Meaning:
        return Meaning(self._intent, 1.0 if self._intent else 0.0)

    @property
    def private(self) -> bool:
        return False

    @property
    def settled(self) -> bool:
        return self._intent is not None

    @property
    def promise(self) -> Promise | None:
        return None

    @property
    def summary(self) -> str:
        return f"{self._who} said: {'; '.join(self._heard)}." if self._heard else f"{self._who} said nothing."

    def _transfer(self, target: str, reason: TransferReason) -> Move:
        return Move((Line("I put you through."),), Transfer(target, reason, self.summary))


@dataclass(frozen=True)
class EchoDialog:
    """Starts `EchoConversation`s; everything a test wants different is an argument."""

    name: str = "echo"
    language: str = "en"
    greeting: str = "Hello, this is the automated assistant."
    apology: str = "I am sorry, something went wrong. One moment, please."
    fallback: Target = RECEPTION
    targets: Mapping[str, Target] = field(default_factory=lambda: {RECEPTION.name: RECEPTION})
    crm: CrmPlan = field(default_factory=CrmPlan)
    accept: str = ""

    def converse(
        self, caller: str, called: str, earlier: Recollection | None = None, around: Surroundings = NOWHERE
    ) -> Conversation:
        return EchoConversation(self)

    def whisper(self, about: str, waited: float) -> str:
        return f"{about} Waited {waited:.0f} seconds." if waited >= 1 else about

    def in_line(self, ahead: int, waited: float) -> str:
        return f"{ahead} before you, {waited:.0f} seconds."

    def fixed_lines(self) -> Sequence[str]:
        return (self.greeting, self.apology)
