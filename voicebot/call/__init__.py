"""The conversation as a pure state machine: events with their times go in, actions come out.

Nothing here does I/O, reads a clock or starts a thread; a whole call runs in a unit test in virtual time.
"""

from voicebot.call.call import Call
from voicebot.call.rules import Rules

__all__ = ["Call", "Rules"]
