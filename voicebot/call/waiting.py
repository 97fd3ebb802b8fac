"""Waiting for something of ours, and when the caller is told so. Times are of the call."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.call.actions import Action, AskLookUp, Forget
from voicebot.call.mouth import Mouth
from voicebot.call.rules import Rules
from voicebot.dialog.types import Line, LookUp, LookUpResult


@dataclass(slots=True)
class Patience:
    """When a caller who waits for us since `since` is told so."""

    since: float
    told: bool = False

    def ends(self, mouth: Mouth, rules: Rules, now: float) -> bool:
        """Whether it is time to say something again; never while something is being said."""
        if mouth.busy:
            return False
        if self.told:
            return now >= max(self.since, mouth.quiet_since) + rules.patience
        return now >= self.since + rules.slow


class Errand:
    """The look-up the call waits for: at most one at a time, from the question until its answer is taken."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._job: int | None = None
        self._result: LookUpResult | None = None
        self._wait: Line | None = None
        self.patience = Patience(0.0)

    @property
    def open(self) -> bool:
        """Whether a look-up was asked for of which the answer is not taken yet."""
        return self._job is not None

    @property
    def awaited(self) -> bool:
        """Whether there is no answer yet."""
        return self._job is not None and self._result is None

    @property
    def line(self) -> Line | None:
        """What to tell the caller who waits first; None once that was said."""
        return None if self.patience.told else self._wait

    def begin(self, job: int, look_up: LookUp, now: float) -> AskLookUp:
        """Ask; what was asked before is not waited for any more."""
        self._job, self._result, self._wait = job, None, look_up.wait
        self.patience = Patience(now)
        return AskLookUp(job, look_up.name, look_up.slots)

    def answered(self, job: int, result: LookUpResult) -> None:
        """The answer to `job`."""
        if job == self._job:
            self._result = result

    def lost(self, job: int) -> bool:
        """`job` has no answer and never will; whether anybody waited for it."""
        if job != self._job or not self.awaited:
            return False
        self._job = None
        return True

    def late(self, now: float) -> bool:
        """Whether the answer has taken too long."""
        return self.awaited and now >= self.patience.since + self._rules.lookup_timeout

    def take(self) -> LookUpResult | None:
        """The answer, once; None when there is none."""
        result = self._result
        if result is not None:
            self._job = self._result = None
        return result

    def drop(self) -> list[Action]:
        """The answer is not wanted any more."""
        dropped: list[Action] = [Forget(self._job)] if self._job is not None and self._result is None else []
        self._job = self._result = None
        return dropped
