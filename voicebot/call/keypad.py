"""The keys of one entry, and when the entry is finished."""

from __future__ import annotations

from voicebot.call.record import Speaker, Timings, TurnEnd, TurnEntry
from voicebot.call.rules import Rules
from voicebot.dialog.types import KeyState

KEYS = frozenset("0123456789*#")
"""Keys a telephone has; A-D of the DTMF alphabet are no caller's."""

END = "#"


class Keypad:
    """Collects keys until the entry is finished: by `#`, because it is an answer, or by a pause."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._clear()

    @property
    def pressed(self) -> str:
        """The keys of the entry under way."""
        return self._pressed

    def press(self, key: str, now: float) -> None:
        """One of `KEYS` was pressed."""
        if not self._pressed:
            self.started = now
        self.last = now
        self._pressed += key
        self._ended = key == END or len(self._pressed) >= self._rules.max_keys

    def weigh(self, state: KeyState) -> None:
        """What the dialog thinks of the keys so far."""
        self._answered = state is KeyState.DONE

    def finished(self, now: float) -> bool:
        """Whether the entry is over."""
        return bool(self._pressed) and (self._ended or self._answered or now >= self.last + self._rules.keys_pause)

    def take(self) -> str:
        """The finished entry without the `#` that ended it; a new one begins."""
        entry = self._pressed.removesuffix(END) or self._pressed
        self._clear()
        return entry

    def entry(self, now: float) -> TurnEntry:
        """The finished entry as the caller's turn, answered at `now`; a new one begins."""
        started, ended = self.started, self.last
        keys, timings = self.take(), Timings(committed=now)
        return TurnEntry(0, Speaker.CALLER, "", started, ended, keys=keys, timings=timings, reason=TurnEnd.KEYS)

    def _clear(self) -> None:
        self._pressed = ""
        self._ended = self._answered = False
        self.started = 0.0
        self.last = 0.0
