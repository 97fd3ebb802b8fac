"""Waiting for something of ours, and when the caller is told so. Times are of the call."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.call.mouth import Mouth
from voicebot.call.rules import Rules
from voicebot.dialog.types import Line, LookUpResult


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


@dataclass(slots=True, eq=False)
class Asking:
    """A look-up under way; `result` once it is answered."""

    job: int
    wait: Line
    patience: Patience
    result: LookUpResult | None = None
