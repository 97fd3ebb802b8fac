"""What the callers say; `[0.6]` is a pause of 0.6 s in the middle of it."""

from __future__ import annotations

from dataclasses import dataclass

VOICES = ("en-us+f3", "en-us", "en-gb+m3", "en-us+Annie")
"""espeak-ng voices of the callers, in turn."""

LINES = (
    "What are your opening hours?",
    "Are you a robot?",
    "When will I get my refund?",
    "I would like to [0.6] return my shoes.",
    "I was charged twice.",
    "What can you do?",
    "My payment was declined.",
    "Are you open today?",
    "I got the wrong item.",
    "What time do you close?",
    "I have a question about [0.6] my bill.",
    "How do I send it back?",
)
"""Questions the dialog answers in a word or two, so that a minute holds many turns; two have a pause inside."""


@dataclass(frozen=True, slots=True)
class Round:
    """Calls at the same time, and how many lines each caller says."""

    together: int
    lines: int


ROUNDS = (Round(1, 10), Round(2, 6), Round(4, 5), Round(8, 5))
QUICK_ROUNDS = (Round(1, 2),)
WARM_UP = Round(1, 1)
"""A call before the first that counts: whatever a server does once, it has done."""
