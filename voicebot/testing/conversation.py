"""A conversation that follows a script: for testing a call without a dialog file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicebot.dialog.types import (
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
    Transfer,
    TransferReason,
    Trouble,
)


def says(*texts: str) -> Move:
    """Say `texts`, then listen."""
    return Move(tuple(Line(text) for text in texts), Listen())


TO_A_PERSON = Transfer("desk", TransferReason.FAILURE, "The machine had trouble.")
GOODBYE = Move((Line("Thank you for calling. Goodbye."),), HangUp("goodbye"))


@dataclass(slots=True)
class ScriptedConversation:
    """Answers what is in the script; implements `dialog.port.Conversation`.

    replies: the move for each text the caller may say; anything else gets `otherwise`.
    presses: the same for keys; `long_entries` are keys after which more may come.
    answered, unfinished, open_ended, nothing: texts that are more or less than a complete answer; every other text
        is one. nods: texts that only show that the caller listens.
    settled: whether hanging up now is a good end; promise: what was promised instead of a person.
    silences: moves for the first, second, … silence; the last is repeated.
    found: the move after a look-up that found something, `missing` after one that did not.
    heard: everything the conversation was told, in order, as (method, argument).
    """

    greeting: Move = field(default_factory=lambda: says("Hello, this is the automated assistant."))
    back: Move = field(default_factory=lambda: says("Nobody was free. What else can I do?"))
    replies: Mapping[str, Move] = field(default_factory=dict)
    otherwise: Move = field(default_factory=lambda: says("Sorry, I did not get that."))
    presses: Mapping[str, Move] = field(default_factory=dict)
    long_entries: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    open_ended: frozenset[str] = frozenset()
    nothing: frozenset[str] = frozenset()
    nods: frozenset[str] = frozenset()
    patience: Patience = Patience.NORMAL
    silences: tuple[Move, ...] = (
        says("Are you still there?"),
        says("Please say something."),
        Move((Line("I will get you a person."),), Transfer("desk", TransferReason.SILENT, "Silent caller.")),
    )
    found: Move = field(default_factory=lambda: says("It is on its way."))
    missing: Move = field(default_factory=lambda: says("There is no such order."))
    troubles: Mapping[Trouble, Move] = field(default_factory=dict)
    apology: Move = field(default_factory=lambda: Move((Line("Sorry, something went wrong here."),), TO_A_PERSON))
    settled: bool = False
    private: bool = False
    promise: Promise | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)
    _meaning: Meaning = field(default_factory=lambda: Meaning(None, 0.0))

    def open(self, comeback: Comeback | None = None) -> Move:
        self.heard.append(("open", comeback.value if comeback else ""))
        return self.greeting if comeback is None else self.back

    def hear(self, text: str, confidence: float) -> Move:
        self.heard.append(("hear", text))
        return self._move(self.replies.get(text, self.otherwise))

    def keys(self, pressed: str) -> KeyState:
        return KeyState.MORE if pressed in self.long_entries else KeyState.DONE

    def press(self, pressed: str) -> Move:
        self.heard.append(("press", pressed))
        return self._move(self.presses.get(pressed, self.otherwise))

    def looked_up(self, result: LookUpResult) -> Move:
        self.heard.append(("looked_up", str(result.found)))
        return self._move(self.found if result.found else self.missing)

    def know(self, customer: Mapping[str, str]) -> None:
        self.heard.append(("know", " ".join(f"{name}={value}" for name, value in customer.items())))

    def silent(self) -> Move:
        times = sum(1 for what, _ in self.heard if what == "silent")
        self.heard.append(("silent", ""))
        return self.silences[min(times, len(self.silences) - 1)]

    def trouble(self, what: Trouble) -> Move:
        self.heard.append(("trouble", what.value))
        return self.troubles.get(what, self.apology)

    def completeness(self, text: str) -> Completeness:
        if text in self.nothing:
            return Completeness.NOTHING
        if text in self.answered:
            return Completeness.ANSWERED
        if text in self.unfinished:
            return Completeness.UNFINISHED
        return Completeness.OPEN if text in self.open_ended else Completeness.COMPLETE

    def acknowledges(self, text: str) -> bool:
        return text in self.nods

    def filler(self) -> Line:
        return Line("One moment.")

    @property
    def hints(self) -> Hints:
        return Hints()

    @property
    def meaning(self) -> Meaning:
        return self._meaning

    @property
    def summary(self) -> str:
        return f"The caller spoke {sum(1 for what, _ in self.heard if what == 'hear')} times."

    def _move(self, move: Move) -> Move:
        if move.meaning is not None:
            self._meaning = move.meaning
        return move
