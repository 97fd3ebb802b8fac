"""What each turn came to, and the figures of many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.turn_taking.line import Recording
from benchmarks.turn_taking.person import Performed
from benchmarks.turn_taking.script import Kind, Turn
from voicebot.audio import FRAME_SECONDS
from voicebot.call.record import Speaker, TurnEntry

AFTER = 1.0
"""Seconds after the caller's sound in which a stop of the bot still is its doing."""

LATE = 3.0
"""Seconds after a false stop by which the bot must be heard again."""

FADING = 0.1
"""Seconds before the caller's last audible sample from which a turn may be over: there only a last sound fades."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One turn of a caller and what became of it. Times are seconds after the caller's last voiced frame.

    entries: the turns the bot made of it, words alone. cut: whether one of them was over more than
        `FADING` before the caller was.
    committed, answered: when it was over for the bot, and when the first audio of the reply left.
    silent: for a caller who spoke into the bot's words, seconds from the first voiced frame to silence.
    """

    voice: str
    background: float | None
    performed: Performed
    entries: tuple[TurnEntry, ...]
    committed: float | None
    answered: float | None
    silent: float | None
    number: str

    @property
    def turn(self) -> Turn:
        """What the script says."""
        return self.performed.turn

    @property
    def cut(self) -> bool:
        """Whether the bot took the turn before the caller had ended."""
        return self.turn.worded and any(
            (entry.timings.committed or entry.ended) < _ended(self.performed) - FADING for entry in self.entries
        )

    @property
    def missed(self) -> bool:
        """Whether nothing came of words."""
        return self.turn.worded and not self.entries

    @property
    def understood(self) -> bool:
        """Whether it was one turn with the intent it should have."""
        intents = [entry.intent for entry in self.entries]
        return len(intents) == 1 and self.turn.intent in (None, intents[0])


@dataclass(frozen=True, slots=True)
class Stop:
    """The bot fell silent though nobody said anything to it.

    coughed: because of a cough or "mhm", not of the voices behind the caller. resumed: seconds to its next word;
    None when it was not heard again.
    """

    background: float | None
    at: float
    coughed: bool
    resumed: float | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was told. first, mended: whether the bot had it at once, and after at most one repair."""

    background: float | None
    digits: int
    first: bool
    mended: bool


@dataclass(frozen=True, slots=True)
class Stray:
    """A turn the bot answered though nobody spoke to it."""

    background: float | None
    text: str


@dataclass(slots=True)
class Figures:
    """Everything measured in one way."""

    outcomes: list[Outcome] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)

    def add(self, recording: Recording) -> list[Outcome]:
        """What came of one more call; its outcomes."""
        outcomes = _outcomes(recording)
        self.outcomes += outcomes
        self.stops += _stops(recording)
        self.numbers += _numbers(recording)
        before = recording.performed[0].began if recording.performed else float("inf")
        strays = [entry for one in outcomes if not one.turn.worded for entry in one.entries]
        strays += _entries(recording, 0.0, before)
        self.strays += [Stray(recording.script.background, entry.text) for entry in strays]
        return outcomes

    @property
    def worded(self) -> list[Outcome]:
        """Turns that want an answer, without repairs and those the end of the call cut short."""
        return [
            one
            for one in self.outcomes
            if one.turn.worded and not one.performed.mended and one.performed.ended is not None
        ]

    @property
    def clean(self) -> list[Outcome]:
        """Those taken as the one turn they were, whose times can be told."""
        return [one for one in self.worded if not one.cut]

    @property
    def commits(self) -> list[float]:
        """Seconds from end of speech to the end of the turn."""
        return [one.committed for one in self.clean if one.committed is not None]

    @property
    def replies(self) -> list[float]:
        """Seconds from end of speech to the first frame of the reply."""
        return [one.answered for one in self.clean if one.answered is not None]

    @property
    def interruptions(self) -> list[Outcome]:
        """Callers who spoke into the bot's words."""
        return [one for one in self.worded if one.silent is not None]

    @property
    def silences(self) -> list[float]:
        """Seconds from their first sound to silence."""
        return [one.silent for one in self.interruptions if one.silent is not None]

    @property
    def deaf(self) -> int:
        """Turns nothing came of."""
        return sum(one.missed for one in self.worded)

    def behind(self, background: float | None) -> Figures:
        """The same of the calls with this much babble behind the caller."""
        return Figures(
            [one for one in self.outcomes if one.background == background],
            [one for one in self.stops if one.background == background],
            [one for one in self.numbers if one.background == background],
            [one for one in self.strays if one.background == background],
        )

    @property
    def cut_share(self) -> float:
        """Part of the turns that was cut."""
        return _share(one.cut for one in self.worded)

    def right(self, digits: int, mended: bool = False) -> float:
        """Part of the numbers of so many digits that was right."""
        return _share(one.mended if mended else one.first for one in self.numbers if one.digits == digits)


def _share(values: Iterable[bool]) -> float:
    counted = list(values)
    return sum(counted) / len(counted) if counted else float("nan")


def _ended(performed: Performed) -> float:
    return performed.ended if performed.ended is not None else float("inf")


def _entries(recording: Recording, since: float, until: float) -> tuple[TurnEntry, ...]:
    """Turns of the caller with words the bot answered, by when they were over."""
    return tuple(
        entry
        for entry in recording.turns
        if entry.speaker is Speaker.CALLER
        and entry.text
        and not entry.rejected
        and since <= (entry.timings.committed or entry.ended) < until
    )


def _outcomes(recording: Recording) -> list[Outcome]:
    outcomes = []
    for place, performed in enumerate(recording.performed):
        until = _following(recording, place)
        entries = _entries(recording, performed.began, until)
        times = [entry.timings.committed or entry.ended for entry in entries]
        after = [moment for moment in times if moment >= _ended(performed) - FADING]
        committed = after[0] if after else None
        answered = _next(recording.sent, committed, until) if committed is not None else None
        silent = None
        # Somebody who took a pause of the bot for its end and met its next word meant no interruption.
        if performed.into and performed.turn.kind is Kind.INTERRUPTION:
            silent = _silent(recording, performed.began, min(answered or until, _ended(performed) + 1.5))
        end = _ended(performed)
        outcomes.append(
            Outcome(
                recording.script.voice,
                recording.script.background,
                performed,
                entries,
                None if committed is None else committed - end,
                None if answered is None else answered - end,
                silent,
                recording.numbers[place],
            )
        )
    return outcomes


def _following(recording: Recording, place: int) -> float:
    """When the turn after this one begins."""
    later = recording.performed[place + 1 :]
    return later[0].began if later else float("inf")


def _next(times: Sequence[float], since: float, until: float) -> float | None:
    place = bisect_left(times, since - 1e-6)
    return times[place] if place < len(times) and times[place] < until else None


def _silent(recording: Recording, since: float, until: float) -> float:
    """Seconds from `since` to the last sound of the bot before `until`."""
    last = since
    for tick, heard in enumerate(recording.ear):
        end = (tick + 1) * FRAME_SECONDS
        if heard and since < end <= until:
            last = end
    return last - since


def _stops(recording: Recording) -> list[Stop]:
    """Every time the bot was stopped while nobody said words to it."""
    stops = []
    for at in recording.stops:
        cause = next(
            (one for one in recording.performed if one.began <= at <= _ended(one) + AFTER and one.turn.worded),
            None,
        )
        if cause is not None:
            continue
        coughed = any(one.began <= at <= _ended(one) + AFTER for one in recording.performed)
        worded = [one.began for one in recording.performed if one.turn.worded and one.began > at]
        until = min([*worded, at + LATE])
        answered = bool(_entries(recording, at, until))
        again = None if answered else _next(recording.sent, at + 1e-3, until)
        stops.append(Stop(recording.script.background, at, coughed, None if again is None else again - at))
    return stops


def _numbers(recording: Recording) -> list[Number]:
    told = []
    for place, performed in enumerate(recording.performed):
        number = performed.turn.number
        if not number or performed.mended:
            continue
        first = recording.numbers[place] == number
        following = recording.performed[place + 1 : place + 2]
        repaired = bool(following) and following[0].mended and recording.numbers[place + 1] == number
        told.append(Number(recording.script.background, len(number), first, first or repaired))
    return told


def kinds(outcomes: Iterable[Outcome]) -> dict[Kind, list[Outcome]]:
    """Outcomes by what the turns try."""
    sorted_out: dict[Kind, list[Outcome]] = {}
    for outcome in outcomes:
        sorted_out.setdefault(outcome.turn.kind, []).append(outcome)
    return sorted_out
