"""Two ways a call went, turn by turn, and where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from voicebot.call.record import EndEntry, TurnEntry
from voicebot.call.stages import answered_in

NOTICEABLE = 0.06
"""Seconds by which an answer has to come earlier or later to be worth showing: three beats."""

A_WORD = 2
"""Words by which two cut sentences may differ: how far playback had come is reckoned, and not to the word."""

CONTEXT = 2
"""Turns shown before and after a difference."""


@dataclass(frozen=True, slots=True)
class Said:
    """One turn, or the end.

    facts: how it was taken. waited: seconds until it was answered; None where it was not.
    cut: whether the words are the beginning of something that was interrupted.
    """

    at: float
    who: str
    words: str
    facts: tuple[str, ...] = ()
    waited: float | None = None
    cut: bool = False

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes two turns the same one: everything but times, and of cut sentences only how they begin."""
        return self.who, " ".join(self.words.split()[:A_WORD]) if self.cut else self.words, self.facts

    def same(self, other: Said) -> bool:
        """Whether nobody would notice a difference."""
        if self.key != other.key or (self.waited is None) != (other.waited is None):
            return False
        if abs(len(self.words.split()) - len(other.words.split())) > A_WORD:
            return False
        return abs((self.waited or 0.0) - (other.waited or 0.0)) < NOTICEABLE

    def __str__(self) -> str:
        facts = [*self.facts, *([f"answered in {self.waited:.2f} s"] if self.waited is not None else [])]
        told = f"  [{'; '.join(facts)}]" if facts else ""
        return f"{round(self.at, 2) + 0.0:7.2f}  {self.who:6}  {self.words}{told}"


def conversation(turns: Sequence[TurnEntry], end: EndEntry | None) -> list[Said]:
    """The turns in order, and how the call ended."""
    said = [_said(turn) for turn in turns]
    if end is not None:
        intent = (f"intent {end.intent}",) if end.intent else ()
        said.append(Said(end.at, "end", f"{end.disposition.value}, {end.reason}", (*intent, end.summary)))
    return said


def alike(before: Sequence[Said], after: Sequence[Said]) -> bool:
    """Whether both went the same way."""
    return len(before) == len(after) and all(one.same(other) for one, other in zip(before, after, strict=True))


def unified(before: Sequence[Said], after: Sequence[Said], names: tuple[str, str]) -> str:
    """Both as one text: what only the first has after `-`, what only the second has after `+`; "" when alike."""
    if alike(before, after):
        return ""
    marked = list(_marked(before, after))
    near = {
        place
        for changed, (mark, _) in enumerate(marked)
        if mark != " "
        for place in range(changed - CONTEXT, changed + CONTEXT + 1)
    }
    lines = [f"--- {names[0]}", f"+++ {names[1]}"]
    gap = False
    for place, (mark, said) in enumerate(marked):
        if place not in near:
            gap = True
            continue
        if gap:
            lines.append("@@")
            gap = False
        lines.append(f"{mark} {said}")
    return "\n".join(lines)


def _marked(before: Sequence[Said], after: Sequence[Said]) -> Iterator[tuple[str, Said]]:
    matcher = SequenceMatcher(None, [said.key for said in before], [said.key for said in after], autojunk=False)
    for what, first, last, start, stop in matcher.get_opcodes():
        if what != "equal":
            yield from (("-", said) for said in before[first:last])
            yield from (("+", said) for said in after[start:stop])
            continue
        for one, other in zip(before[first:last], after[start:stop], strict=True):
            if one.same(other):
                yield " ", other
            else:
                yield "-", one
                yield "+", other


def _said(turn: TurnEntry) -> Said:
    words = f'"{turn.text}"' if turn.text else ""
    words += f"[keys {turn.keys}]" if turn.keys else ""
    facts = ["interrupted"] if turn.interrupted else []
    facts += [turn.reason.value] if turn.reason is not None else []
    facts += [f"not answered: {turn.rejected}"] if turn.rejected else []
    facts += [turn.intent] if turn.intent is not None else []
    facts += [f"{name}={value}" for name, value in turn.slots.items()]
    return Said(turn.started, turn.speaker.value, words, tuple(facts), answered_in(turn.timings), turn.interrupted)
