"""What one call's dialog remembers, and what it expects the caller to say next."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from voicebot.dialog.readings import NOTHING, Piece, Reading
from voicebot.dialog.routing import Choice
from voicebot.dialog.types import Line, LookUpResult, Promise, Recollection, TransferReason

EARLIER = ""
"""The fact that sums up an earlier stream of the call; no intent has this name."""

CALLBACK, MESSAGE = " callback", " message"
"""The facts about a promised call and a message left; no intent has these names."""


class Question(enum.Enum):
    """What a yes or no would answer."""

    PERSON = "person"
    MORE = "more"
    INTENT = "intent"
    INSTEAD = "instead"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Free:
    """The caller may say anything."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The value of `slot` is asked for, on behalf of `intent`.

    kept: what was heard of it so far, or the whole value that the caller was told and may put right.
    unsure: the intent itself was heard badly and is confirmed before it is acted on.
    others: what the value may be if it is not the one that the caller was told, likeliest first.
    """

    slot: str
    intent: str
    kept: Piece = NOTHING
    unsure: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A yes or no is expected.

    intent: what is being confirmed; reason: why a person is offered.
    """

    question: Question
    intent: str | None = None
    reason: TransferReason = TransferReason.REQUESTED


@dataclass(frozen=True, slots=True)
class Message:
    """Everything the caller says is part of the message they leave."""


Expected: TypeAlias = Free | Filling | Asked | Message


@dataclass(frozen=True, slots=True)
class Leave:
    """A transfer that waits to hear who is at their phone."""

    choices: tuple[Choice, ...]
    reason: TransferReason


@dataclass(frozen=True, slots=True)
class Trying:
    """Values that are tried against a look-up one after the other, the first of `values` now.

    reading: what was heard. guessed: the values are not what was heard, but what may have been said.
    """

    filling: Filling
    reading: Reading
    values: tuple[str, ...]
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What a look-up answered while a value was tried, for the intent that would ask the same."""

    look_up: str
    slots: Mapping[str, str]
    result: LookUpResult


@dataclass(slots=True)
class State:
    """The memory of one conversation.

    values: what the last look-up gave; facts: one sentence per answered intent, the latest last.
    topic: the intent talked about last; main: the call's intent so far; minor: the last one that is only manners.
    sure: how well each intent was understood, 0..1.
    answered: whether the topic got its answer.
    fresh: the slot filled in the turn before, which further digits may still complete; spoken: as it was said.
    begun: a value of which the caller had said a part before they said something else in between.
    trying: the value that the pending look-up is to find; known: the answer to the last one tried.
    failures: misunderstandings of the whole call; heard: every word the caller said.
    refusals: times the caller was told that nobody is there; attempts: transfers tried.
    leaving: the transfer under way; promise: what was agreed instead of one.
    number_refused: the caller's own number is not the one to call; message: what was left, piece by piece.
    """

    expected: Expected = Free()
    slots: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    topic: str | None = None
    main: str | None = None
    minor: str | None = None
    sure: dict[str, float] = field(default_factory=dict)
    wants_person: bool = False
    answered: bool = False
    pending: str | None = None
    fresh: str | None = None
    spoken: tuple[str, ...] = ()
    begun: Filling | None = None
    trying: Trying | None = None
    known: Known | None = None
    said: tuple[Line, ...] = ()
    silences: int = 0
    misses: int = 0
    tries: int = 0
    came_back: bool = False
    failures: int = 0
    heard: list[str] = field(default_factory=list)
    refusals: int = 0
    attempts: int = 0
    leaving: Leave | None = None
    promise: Promise | None = None
    number_refused: bool = False
    message: list[str] = field(default_factory=list)

    @property
    def confirms(self) -> bool:
        """Whether we asked if we are right, or may do something, so that a sound is enough for an answer."""
        if isinstance(self.expected, Filling):
            asked = bool(self.said) and self.said[-1].text.rstrip().endswith("?")
            return asked and self.expected.kept.whole
        return isinstance(self.expected, Asked) and self.expected.question not in (Question.MORE, Question.INSTEAD)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is asked that the next words have to answer."""
        return isinstance(self.expected, Free) or self.expected == Asked(Question.MORE)

    @classmethod
    def after(cls, earlier: Recollection) -> State:
        """The memory of a caller who is back: what the call was about still counts."""
        state = cls(slots=dict(earlier.meaning.slots), main=earlier.meaning.intent, attempts=earlier.attempts)
        if state.main is not None:
            state.sure[state.main] = earlier.meaning.confidence
            state.facts[EARLIER] = earlier.summary
        return state
