"""The turns of a call in the order they were taken, each noted once everything about it is known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from voicebot.call.record import TurnEntry


@dataclass(slots=True, eq=False)
class Turn:
    """A place in the order of turns.

    entry: what is known so far; its number is given when it is noted. None when there is nothing to note.
    """

    entry: TurnEntry | None = None
    open: bool = True

    def close(self) -> None:
        """Nothing about this turn will change any more."""
        self.open = False

    def discard(self) -> None:
        """There was no turn after all."""
        self.entry = None
        self.open = False


class TurnLog:
    """Keeps the turns in order: a turn that is still open holds back those after it."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()
        self._number = 0

    def begin(self) -> Turn:
        """The next place in the order."""
        turn = Turn()
        self._turns.append(turn)
        return turn

    def take(self) -> list[TurnEntry]:
        """The entries that may be noted now, numbered."""
        entries: list[TurnEntry] = []
        while self._turns and not self._turns[0].open:
            entry = self._turns.popleft().entry
            if entry is not None:
                entries.append(replace(entry, number=self._number))
                self._number += 1
        return entries

    def close(self) -> None:
        """The call is over: every turn stays as it is."""
        for turn in self._turns:
            turn.close()


def words_heard(text: str, heard: float, total: float) -> str:
    """The beginning of `text` that fits into `heard` of its `total` seconds, cut after a whole word."""
    if heard <= 0:
        return ""
    if heard >= total:
        return text
    end = int(len(text) * heard / total)
    if end < len(text) and not text[end].isspace():
        end = max((at for at in range(end) if text[at].isspace()), default=0)
    return text[:end].rstrip()
