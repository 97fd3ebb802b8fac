"""Who takes a transfer: the first routing rule that fits and has somebody there, else the fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from voicebot.dialog.handing import ANYBODY, Route, TargetSpec
from voicebot.dialog.hours import Hours, in_words
from voicebot.dialog.schema import DialogFile
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import TransferReason
from voicebot.dialog.words import split

FALLBACK = "fallback"
"""Name of the rule that holds when no other does."""

_ONLY_IN_FILE = frozenset({"kind", "skills", "languages", "hours"})


@dataclass(frozen=True, slots=True)
class Case:
    """A call that is about to be handed over, as rules look at it.

    intent: the main one; failures: misunderstandings so far; said: every word the caller said, in order.
    customer: properties of the caller in the CRM. holds: whether a condition on slots and look-ups is true.
    """

    intent: str | None = None
    caller: str = ""
    called: str = ""
    reason: TransferReason = TransferReason.REQUESTED
    failures: int = 0
    said: Sequence[str] = ()
    customer: Mapping[str, str] = field(default_factory=dict)
    holds: Callable[[str], bool] = lambda condition: False


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule that fits, and who of its targets can be asked now, in order."""

    rule: str
    targets: tuple[str, ...]
    in_turn: bool = False


def targets(specs: Mapping[str, TargetSpec]) -> dict[str, Target]:
    """The targets of the dialog file by name."""
    return {
        name: Target(name=name, kind=TargetKind(spec.kind), **spec.model_dump(exclude=set(_ONLY_IN_FILE)))
        for name, spec in specs.items()
    }


def rule_name(route: Route, index: int) -> str:
    """What the rule is called in the record: its own name, or its place in the file."""
    return route.name or f"rule_{index + 1}"


class Router:
    """The routing of one dialog file; shared by all calls, never changed. `now` is aware; None minds no hours."""

    def __init__(self, file: DialogFile) -> None:
        self._specs = file.targets
        self._language = file.language
        self._handover = file.handover
        self._hours: dict[str, Hours] = {name: opening.compiled() for name, opening in file.hours.items()}

    def choices(self, case: Case, now: datetime | None, target: str | None = None) -> list[Choice]:
        """Every rule that fits and has somebody there, best first; none when all are closed.

        target: who was asked for by name, before any rule.
        """
        found = [self._open(choice, now) for choice in self._fitting(case, target)]
        return [choice for choice in found if choice.targets]

    def opens(self, case: Case, now: datetime, target: str | None = None) -> datetime | None:
        """When the first of those who would take the call is there again."""
        names = {name for choice in self._fitting(case, target) for name in choice.targets}
        openings = [self._hours[hours].opens(now) for name in names if (hours := self._specs[name].hours)]
        return min((opening for opening in openings if opening is not None), default=None)

    def explain(self, now: datetime) -> list[str]:
        """Every rule in one line: what it asks for, who takes the call, and whether they are there now."""
        rules = [
            (rule_name(route, index), _told(route), self._choice(rule_name(route, index), route))
            for index, route in enumerate(self._handover.routing)
        ]
        rules.append((FALLBACK, "anything else", Choice(FALLBACK, (self._handover.fallback,))))
        width = max(len(name) for name, _, _ in rules)
        return [f"{name:{width}}  {told} -> {self._who(choice, now)}" for name, told, choice in rules]

    def _fitting(self, case: Case, target: str | None) -> Iterator[Choice]:
        if target is not None:
            yield Choice(f"asked_for_{target}", (target,))
        for index, route in enumerate(self._handover.routing):
            if _fits(route, case):
                yield self._choice(rule_name(route, index), route)
        yield Choice(FALLBACK, (self._handover.fallback,))

    def _choice(self, name: str, route: Route) -> Choice:
        if route.skill is not None:
            able = [target for target, spec in self._specs.items() if route.skill in spec.skills]
            names: Sequence[str] = sorted(able, key=lambda target: self._specs[target].priority)
        else:
            names = route.targets or [route.target or ""]
        speaking = (each for each in dict.fromkeys(names) if self._speaks(each))
        return Choice(name, tuple(speaking), route.ring == "in_turn")

    def _speaks(self, name: str) -> bool:
        spoken = self._specs[name].languages
        return not spoken or self._language in spoken

    def _open(self, choice: Choice, now: datetime | None) -> Choice:
        there = tuple(name for name in choice.targets if self._is_open(name, now))
        return Choice(choice.rule, there, choice.in_turn)

    def _is_open(self, name: str, now: datetime | None) -> bool:
        hours = self._specs[name].hours
        return hours is None or now is None or self._hours[hours].open(now)

    def _who(self, choice: Choice, now: datetime) -> str:
        if not choice.targets:
            return "nobody: no such target speaks the language of the dialog"
        named = []
        for name in choice.targets:
            hours = self._specs[name].hours
            closed = hours is not None and not self._hours[hours].open(now)
            opens = f" (closed, opens {in_words(self._hours[hours].opens(now), now)})" if hours and closed else ""
            named.append(name + opens)
        return (", then " if choice.in_turn else " and ").join(named)


def _fits(route: Route, case: Case) -> bool:
    said = f" {' '.join(case.said)} "
    return (
        (not route.intent or case.intent in route.intent)
        and (not route.called or any(_same_number(number, case.called) for number in route.called))
        and (not route.caller or any(_same_number(number, case.caller) for number in route.caller))
        and (not route.reason or case.reason.value in route.reason)
        and (route.failures is None or case.failures >= route.failures)
        and (not route.words or any(f" {split(words)} " in said for words in route.words))
        and all(_is(case.customer.get(name), wanted) for name, wanted in route.customer.items())
        and (route.when is None or case.holds(route.when))
    )


def _is(value: str | None, wanted: Sequence[str]) -> bool:
    return bool(value) and (ANYBODY in wanted or str(value).lower() in [each.lower() for each in wanted])


def _told(route: Route) -> str:
    parts = []
    for key, value in route.conditions.items():
        if isinstance(value, dict):
            parts += [f"customer {name} {' or '.join(wanted)}" for name, wanted in value.items()]
        else:
            parts.append(f"{key} {' or '.join(value) if isinstance(value, list) else value}")
    return ", ".join(parts)


def _same_number(rule: str, number: str) -> bool:
    """Compared digit by digit; a `*` at the end of a rule stands for any further digits."""
    wanted, dialled = _digits(rule), _digits(number)
    return dialled.startswith(wanted) if rule.endswith("*") else dialled == wanted


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())
