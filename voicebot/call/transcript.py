"""The turns of a call in the order they were taken, each noted once everything about it is known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from voicebot.call.record import ConfirmedEntry, TurnEntry
from voicebot.dialog.types import Meaning


@dataclass(slots=True, eq=False)
class Turn:
    """A place in the order of turns.

    entry: what is known so far; its number is given when it is noted. None when there is nothing to note.
    noted: its number, once it is noted and `entry` can change no more.
    """

    entry: TurnEntry | None = None
    open: bool = True
    noted: int | None = None

    def close(self) -> None:
        """Nothing about this turn will change any more."""
        self.open = False

    def discard(self) -> None:
        """There was no turn after all."""
        self.entry = None
        self.open = False

    def understood(self, meaning: Meaning | None, confidence: float | None, now: float) -> None:
        """The dialog found `meaning` in it, heard with `confidence` (None for keys), and knows what to do."""
        self._timed(understood=now)
        if self.entry is not None and meaning is not None:
            sure = meaning.confidence if confidence is None else min(meaning.confidence, confidence)
            self.entry = replace(self.entry, intent=meaning.intent, confidence=sure, slots=dict(meaning.slots))

    def decided(self, now: float) -> None:
        """What is said to it is known, where a look-up had to be asked first."""
        self._timed(understood=now)

    def ready(self, now: float) -> None:
        """The voice has the first audio of the answer to it."""
        if self.entry is not None and self.entry.timings.ready is None:
            self._timed(ready=now)

    def answered(self, now: float) -> None:
        """The first audio of the answer to it left for the gateway."""
        self._timed(answered=now)
        self.close()

    def confirmed(self, now: float) -> ConfirmedEntry | None:
        """All of the answer was played; what to note of it where the turn is noted already."""
        if self.noted is not None and self.entry is not None:
            answered = self.entry.timings.answered
            return ConfirmedEntry(self.noted, now, now if answered is None else answered)
        self._timed(confirmed=now)
        return None

    def _timed(self, **times: float) -> None:
        if self.entry is not None:
            self.entry = replace(self.entry, timings=replace(self.entry.timings, **times))


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
            turn = self._turns.popleft()
            if turn.entry is not None:
                entries.append(replace(turn.entry, number=self._number))
                turn.noted = self._number
                self._number += 1
        return entries

    def close(self) -> None:
        """The call is over: every turn stays as it is."""
        for turn in self._turns:
            turn.close()


def word_begins(text: str, heard: float, total: float) -> float:
    """Seconds at which the word begins that was being said after `heard` of the `total` seconds of `text`."""
    if heard <= 0 or not text:
        return 0.0
    words = len(words_heard(text, min(heard, total), total))
    if words >= len(text):
        # Held at its very end: the last word is said once more.
        words = text.rstrip().rfind(" ") + 1
    while words < len(text) and text[words].isspace():
        words += 1
    return min(heard, words * total / len(text))


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
