"""A simulated caller who tells a number over a bad line, listens to what the bot makes of it, and puts it right.

For measuring how often a dialog gets numbers right, without audio: the recogniser's mistakes are made in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from voicebot.dialog.numbers import runs
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import HangUp, LookUp, LookUpResult, Move, Transfer
from voicebot.testing.spoken_numbers import Way, groups, say_number

_TOLD = re.compile(r"\d(?:[ ,]*\d)*")
_SWAPS = {"five": "nine", "nine": "five"}


@dataclass(frozen=True, slots=True)
class Confusions:
    """What a recogniser does to digits said one by one, as probabilities.

    dropped: of two like digits side by side one is not heard, for each such pair; swapped: a five is heard as a
    nine, or the other way round. These are the mistakes that the demo model makes with numbers (scripts/demo_asr).
    """

    dropped: float = 0.15
    swapped: float = 0.03

    def hear(self, words: Sequence[str], rng: Random) -> str:
        """What the recogniser writes for `words`."""
        heard: list[str] = []
        for index, word in enumerate(words):
            again = index > 0 and word == words[index - 1]
            if again and rng.random() < self.dropped:
                continue
            heard.append(_SWAPS[word] if word in _SWAPS and rng.random() < self.swapped else word)
        return " ".join(heard)


@dataclass(frozen=True, slots=True)
class Told:
    """How the telling of one number went.

    right: whether the bot has the number. repairs: times the caller had to put something right, or say it again.
    turns: everything the caller said. heard: whether the recogniser got the first telling as it was said.
    """

    right: bool
    repairs: int
    turns: int
    heard: bool


class NumberCaller:
    """Tells `number` digit by digit, and answers whatever the bot says about it."""

    def __init__(self, number: str, confusions: Confusions, rng: Random) -> None:
        self._number = number
        self._confusions = confusions
        self._rng = rng
        self._said = 0
        self.repairs = 0
        self.heard = True

    def answer(self, said: str) -> str:
        """What the recogniser writes for the caller's answer to the bot's words."""
        told = [re.sub(r"\D", "", each) for each in _TOLD.findall(said)]
        self._said += 1
        if self._said == 1 or not told:
            return self._tell()
        if told[-1] == self._number:
            return "yes"
        if self._number.startswith(told[-1]) and not said.endswith("?"):
            return self._hear(self._number[len(told[-1]) :], Way.DIGITS)
        self.repairs += 1
        return f"no, {self._repair(told[-1])}"

    def _tell(self) -> str:
        self.repairs += self._said > 1
        words = self._hear(self._number, Way.DIGITS)
        if self._said == 1:
            self.heard = any(self._number in run.readings for run in runs(words))
        return words

    def _repair(self, told: str) -> str:
        """The groups of three that are wrong, if it is one and the rest is right; else all of it again."""
        if len(told) == len(self._number):
            pairs = zip(groups(told, 3), groups(self._number, 3), strict=True)
            wrong = [right for heard, right in pairs if heard != right]
            if len(wrong) == 1:
                return self._hear(wrong[0], Way.REPEATS)
        return self._hear(self._number, Way.REPEATS)

    def _hear(self, digits: str, way: Way) -> str:
        return self._confusions.hear(say_number(digits, way, self._rng), self._rng)


def tell(
    conversation: Conversation,
    caller: NumberCaller,
    number: str,
    slot: str,
    found: Callable[[str], LookUpResult],
    opening: str,
    most_turns: int = 8,
) -> Told:
    """Let `caller` tell `number` to a bot that is asked `opening`; its look-ups are answered by `found`."""
    conversation.open()
    move, said = _settled(conversation, conversation.hear(opening, 1.0), slot, found)
    turns = 0
    while turns < most_turns and not isinstance(move.then, Transfer | HangUp):
        turns += 1
        move, said = _settled(conversation, conversation.hear(caller.answer(said), 1.0), slot, found)
        if conversation.meaning.slots.get(slot) == number:
            break
    right = conversation.meaning.slots.get(slot) == number
    return Told(right, caller.repairs, turns, caller.heard)


def _settled(
    conversation: Conversation, move: Move, slot: str, found: Callable[[str], LookUpResult]
) -> tuple[Move, str]:
    """The move after all look-ups, and everything that was said."""
    said = [line.text for line in move.say]
    while isinstance(move.then, LookUp):
        move = conversation.looked_up(found(move.then.slots[slot]))
        said += [line.text for line in move.say]
    return move, " ".join(said)
