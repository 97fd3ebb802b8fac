"""What the callers say, and what the demo dialog should make of it."""

from __future__ import annotations

from dataclasses import dataclass

VOICES = ("en-us+f3", "en-us", "en-gb+m3", "en-us+f3")
"""espeak-ng voices of the callers, in turn."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a caller and the intent it has in the demo dialog."""

    said: str
    intent: str


SCRIPT = (
    Line("What are your opening hours?", "opening_hours"),
    Line("Where is my order O R D one two three four?", "order_status"),
    Line("Are you a robot?", "about_bot"),
    Line("When will I get my refund?", "returns"),
    Line("No, thank you.", "deny"),
    Line("What can you do?", "help"),
    Line("I was charged twice.", "billing"),
    Line("No.", "deny"),
    Line("Can you say that again?", "repeat"),
    Line("Thank you very much.", "thanks"),
)
"""Questions, a number, short answers and courtesies; none of them ends the call."""

QUICK_SCRIPT = SCRIPT[5:6]
