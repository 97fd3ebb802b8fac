"""What was heard of a slot's value: all of it or a piece, how it fits, and what else it may be."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from voicebot.dialog import numbers


class Fit(enum.Enum):
    """How what was heard suits the slot."""

    VALID = "valid"
    SHORT = "short"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Piece:
    """What was heard of a value before.

    value: as it was understood; words: as it was said, for "twelve thirty" and then "four" may be 1234.
    whole: it is no beginning but a value that was told to the caller, who may put a part of it right.
    """

    value: str = ""
    words: tuple[str, ...] = ()
    whole: bool = False

    @classmethod
    def told(cls, value: str, words: tuple[str, ...] = ()) -> Piece:
        """A whole value that the caller was told; `words` made it."""
        return cls(value, words or (*value, numbers.BREAK), whole=True)


NOTHING = Piece()


@dataclass(frozen=True, slots=True)
class Reading:
    """A value heard for a slot.

    cued: it came with the slot's own words or prefix ("order 1234", "ORD 1234"), or was all that was said.
    others: further values that it may be, likeliest first; all valid, as is the value.
    words: what was said of it, with what was kept.
    repaired: it is an earlier value of which a part was corrected.
    unsure: the recogniser did not trust its words.
    """

    value: str
    fit: Fit
    cued: bool = True
    others: tuple[str, ...] = ()
    words: tuple[str, ...] = field(default=(), compare=False)
    repaired: bool = field(default=False, compare=False)
    unsure: bool = False

    @property
    def candidates(self) -> tuple[str, ...]:
        """Everything it may be, likeliest first."""
        return (self.value, *self.others)

    @property
    def piece(self) -> Piece:
        """What to keep of it until more is said."""
        return Piece(self.value, self.words)
