"""What the callers say: calls of one to three turns each, with the pauses, coughs and interruptions of real ones.

A text is said as written; `[0.7]` is a pause of 0.7 s in the middle of a turn, `(cough)` a cough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle
from random import Random

from voicebot.testing.spoken_numbers import Way, in_pieces, say_number

VOICES = (
    "espeak:en-us",
    "flite:slt",
    "espeak:en-gb+m3",
    "flite:rms",
    "festival:kal_diphone",
    "espeak:en-us+f3",
    "flite:awb",
    "espeak:en-us+Annie",
    "flite:kal16",
)
"""Callers, in turn; espeak-ng speaks here and now, the others were recorded (`record.py`)."""

BACKGROUNDS: tuple[float | None, ...] = (None, None, 20.0, None, 20.0, None, 10.0)
"""Decibels between the caller and the babble behind, in turn; None is a quiet line. Seven for nine voices: each
voice meets each background."""


class Kind(Enum):
    """What a turn tries."""

    QUESTION = "question"
    ANSWER = "answer"
    NUMBER = "number"
    PAUSED = "paused"
    INTERRUPTION = "interruption"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing a caller does.

    intent: what the dialog should take it for; None where it does not matter.
    number: the order number that is told in it, "" for none.
    over: seconds of the bot's words after which the caller speaks into them; None for a caller who lets it finish.
    """

    said: str
    kind: Kind
    intent: str | None = None
    number: str = ""
    over: float | None = None

    @property
    def worded(self) -> bool:
        """Whether it wants an answer; coughs and "mhm" do not."""
        return self.kind is not Kind.NOISE


@dataclass(frozen=True, slots=True)
class CallScript:
    """One call. background: decibels over the babble, None without."""

    turns: tuple[Turn, ...]
    voice: str
    background: float | None


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of words without a pause."""

    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in the middle of a turn."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cough:
    """A cough."""


Part = Words | Pause | Cough

_MARK = re.compile(r"\[(\d+\.\d+)\]|\((cough)\)")


def parts(said: str) -> Iterator[Part]:
    """The pieces of a text in order."""
    start = 0
    for mark in _MARK.finditer(said):
        if words := said[start : mark.start()].strip():
            yield Words(words)
        yield Cough() if mark.group(2) else Pause(float(mark.group(1)))
        start = mark.end()
    if words := said[start:].strip():
        yield Words(words)


# Numbers


def aloud(number: str, way: Way = Way.DIGITS, pieces: int = 1) -> str:
    """`number` as its caller says it, in so many pieces with pauses between them."""
    random = Random(number)
    # "Nought" is for British callers only, and only some of them.
    words = [word.replace("nought", "oh") for word in say_number(number, way, random)]
    return " [0.5] ".join(in_pieces(words, pieces, random))


def numbers(count: int, digits: int, seed: int) -> list[str]:
    """Different order numbers without a leading zero; every third has a digit twice in a row."""
    random = Random(seed)
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        number = str(random.randrange(10 ** (digits - 1), 10**digits))
        if len(chosen) % 3 == 0:
            at = random.randrange(1, digits)
            number = number[:at] + number[at - 1] + number[at + 1 :]
        chosen[number] = None
    return list(chosen)


SIX = tuple(numbers(25, 6, seed=6))
FOUR = tuple(numbers(25, 4, seed=4))
"""Order numbers the callers tell: six digits, and those read as "O R D" and four."""

DECOYS = tuple(numbers(200, 6, seed=60) + numbers(200, 4, seed=40))
"""Orders of other people, so that a number heard wrong may exist as well."""


def repair(number: str) -> Turn:
    """What a caller says whose number was taken wrongly."""
    return Turn(f"No, my order number is {aloud(number)}.", Kind.NUMBER, None, number)


# Calls

_NO = Turn("No, thank you.", Kind.ANSWER, "deny")
_YES = Turn("Yes, please.", Kind.ANSWER, "affirm")
_WHERE = Turn("Where is my order?", Kind.QUESTION, "order_status")

_QUESTIONS = (
    ("What are your opening hours?", "opening_hours"),
    ("When will I get my refund?", "returns"),
    ("Are you a robot?", "about_bot"),
    ("I was charged twice.", "billing"),
    ("Are you open today?", "opening_hours"),
    ("I want to return my shoes.", "returns"),
    ("What can you do?", "help"),
    ("How do I send it back?", "returns"),
    ("What time do you close?", "opening_hours"),
    ("My payment was declined.", "billing"),
    ("Am I talking to a real person?", "about_bot"),
    ("What is your return policy?", "returns"),
    ("How late are you open?", "opening_hours"),
    ("I got the wrong item.", "returns"),
    ("I need help.", "help"),
    ("I want a refund.", "returns"),
    ("I have a question about my bill.", "billing"),
    ("Can you repeat that?", "repeat"),
    ("It does not fit.", "returns"),
    ("Do I have to pay for return shipping?", "returns"),
)

_PAUSED = (
    ("I would like to [0.7] return my shoes.", "returns"),
    ("I have a question about [0.8] my bill.", "billing"),
    ("Um [0.6] what are your opening hours?", "opening_hours"),
    ("When will I [0.7] get my refund?", "returns"),
    ("Can you [0.6] say that again?", "repeat"),
    ("I want to know if [0.6] you are open today.", "opening_hours"),
    ("My jacket is too small and [0.9] I want to return it.", "returns"),
    ("How do I [0.5] send it back?", "returns"),
    ("I got the [0.6] wrong item.", "returns"),
    ("What is your [0.7] return policy?", "returns"),
    ("Well [0.5] I was charged twice.", "billing"),
    ("Hello [0.3] what time do you close?", "opening_hours"),
    ("Can you tell me [0.8] what is your refund policy?", "returns"),
    ("I ordered a jacket and it [0.6] does not fit.", "returns"),
)

_INTERRUPTIONS = (
    ("What are your opening hours?", "opening_hours"),
    ("I was charged twice.", "billing"),
    ("Are you a robot?", "about_bot"),
    ("I want a refund.", "returns"),
    ("Where is my order?", "order_status"),
    ("I need help.", "help"),
    ("When will I get my refund?", "returns"),
    ("Are you open today?", "opening_hours"),
)

_NOISES = ("(cough)", "Mhm.", "Okay.", "(cough)", "Uh huh.", "(cough) [0.2] (cough)", "Yeah.", "Right.")


def script() -> tuple[CallScript, ...]:
    """Every call. The same each time."""
    voices, backgrounds = cycle(VOICES), cycle(BACKGROUNDS)
    return tuple(CallScript(tuple(turns), next(voices), next(backgrounds)) for turns in _calls())


def quick_script() -> tuple[CallScript, ...]:
    """A few seconds of everything, with espeak-ng alone."""
    six, four = SIX[0], FOUR[0]
    return (
        CallScript((_WHERE, Turn(aloud(six), Kind.NUMBER, "order_status", six)), VOICES[0], None),
        CallScript((_ord(four, 0),), VOICES[0], 20.0),
        CallScript((_interruption(0), _noise(1), _NO), VOICES[0], None),
        CallScript((_paused(0),), VOICES[0], None),
    )


def _calls() -> Iterator[Sequence[Turn]]:
    """All kinds mixed, so that every voice and background meets each of them."""
    kinds = [
        [[_question(at), _question(at + 7), _NO] for at in range(8)],
        [[_WHERE, _told(SIX[at], at), _NO] for at in range(13)],
        [[_named(SIX[at], at)] for at in range(13, 25)],
        [[_ord(FOUR[at], at)] for at in range(12)],
        [[_WHERE, _ord_told(FOUR[at], at)] for at in range(12, 21)],
        [[_cancelled(FOUR[at]), _YES] for at in range(21, 25)],
        [[_paused(at)] for at in range(len(_PAUSED))],
        [[_question(at + 3), _paused(at)] for at in range(len(_PAUSED))],
        [[_question(at), _interruption(at)] for at in range(len(_INTERRUPTIONS))],
        [[_interruption(at + 3), _question(at + 2)] for at in range(12)],
        [[_WHERE, _into_prompt(FOUR[at])] for at in range(3)],
        [[_noise(at), _question(at)] for at in range(len(_NOISES))],
        [[_question(at + 4), _noise(at), _noise(at + 1)] for at in range(6)],
    ]
    while any(kinds):
        for calls in kinds:
            if calls:
                yield calls.pop(0)


def _question(at: int) -> Turn:
    said, intent = _QUESTIONS[at % len(_QUESTIONS)]
    return Turn(said, Kind.QUESTION, intent)


def _paused(at: int) -> Turn:
    said, intent = _PAUSED[at]
    return Turn(said, Kind.PAUSED, intent)


def _interruption(at: int) -> Turn:
    said, intent = _INTERRUPTIONS[at % len(_INTERRUPTIONS)]
    return Turn(said, Kind.INTERRUPTION, intent, over=(0.9, 1.6, 2.3)[at % 3])


def _noise(at: int) -> Turn:
    return Turn(_NOISES[at % len(_NOISES)], Kind.NOISE, over=(1.0, 1.7, 0.6)[at % 3])


_WAYS = (
    (Way.DIGITS, 1),
    (Way.DIGITS, 2),
    (Way.REPEATS, 1),
    (Way.DIGITS, 1),
    (Way.PAIRS, 1),
    (Way.DIGITS, 2),
    (Way.REPEATS, 2),
    (Way.DIGITS, 1),
    (Way.AMOUNTS, 1),
    (Way.DIGITS, 2),
)
"""How numbers are read out, and in how many pieces, in turn."""


def _told(number: str, at: int) -> Turn:
    """A number that was asked for."""
    lead = ("", "It is ", "My order number is [0.8] ", "Um [0.5] ")[at % 4]
    return Turn(f"{lead}{aloud(number, *_WAYS[at % len(_WAYS)])}.", Kind.NUMBER, "order_status", number)


def _named(number: str, at: int) -> Turn:
    """A number told unasked."""
    lead = ("My order number is", "Where is my order", "My order number is [0.7]")[at % 3]
    return Turn(f"{lead} {aloud(number, *_WAYS[at % len(_WAYS)])}.", Kind.NUMBER, "order_status", number)


def _ord(number: str, at: int) -> Turn:
    lead = ("Where is my order O R D", "Track order O R D", "I'm calling about order O R D")[at % 3]
    return Turn(f"{lead} {aloud(number, _WAYS[at % 4][0])}.", Kind.NUMBER, "order_status", number)


def _ord_told(number: str, at: int) -> Turn:
    lead = ("O R D", "It is O R D [0.4]", "It's O R D")[at % 3]
    return Turn(f"{lead} {aloud(number, *_WAYS[at % 3])}.", Kind.NUMBER, "order_status", number)


def _cancelled(number: str) -> Turn:
    return Turn(f"Cancel order O R D {aloud(number)}.", Kind.NUMBER, "cancel_order", number)


def _into_prompt(number: str) -> Turn:
    """An answer into the question."""
    return Turn(f"O R D {aloud(number)}.", Kind.INTERRUPTION, "order_status", number, over=1.2)
