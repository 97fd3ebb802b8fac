"""How long a turn would wait for the model, reckoned from how long its batches took of late."""

from __future__ import annotations

import math
from enum import Enum, auto

_WEIGHT = 0.2
"""Share of the newest batch in the mean: five batches and the past is a third of it."""


_FAILURES = 3
"""Batches that failed running, from which the model is taken to be away and not the audio to be bad."""

_AWAY_SECONDS = 5.0
"""How long after the last of them nobody is sent to it; then the next utterance tries it again."""


class Went(Enum):
    """How a batch went. IN_PARTS: memory ran out, and it goes again in smaller ones, which tells nothing yet."""

    WELL = auto()
    IN_PARTS = auto()
    FAILED = auto()


class Meter:
    """Follows the batches of all workers; the caller sees to it that one thread at a time does so."""

    def __init__(self) -> None:
        self._mean: float | None = None
        self._under_way: list[float] = []
        self._failures = 0
        self._failed_at = 0.0

    @property
    def seconds(self) -> float:
        """What a batch took of late, as a moving mean; 0 before the first."""
        return self._mean or 0.0

    def began(self, now: float) -> None:
        """A batch went to the model. now: seconds, monotonic."""
        self._under_way.append(now)

    def ended(self, began: float, now: float, went: Went = Went.WELL) -> None:
        """The batch that began then is done; only one that went well counts for the mean."""
        self._under_way.remove(began)
        if went is Went.FAILED:
            self._failures += 1
            self._failed_at = now
        elif went is Went.WELL:
            self._failures = 0
            took = now - began
            self._mean = took if self._mean is None else self._mean + _WEIGHT * (took - self._mean)

    def wait(self, ahead: int, workers: int, now: float) -> float:
        """Seconds until a piece that came now would begin, behind so many batches; infinite while all fails.

        A batch that has taken longer than the mean is reckoned to take as long again as it is late: one that hangs
        makes the wait grow.
        """
        if self._failures >= _FAILURES and now - self._failed_at < _AWAY_SECONDS:
            return math.inf
        if len(self._under_way) < workers:
            rest = 0.0
        else:
            rest = min(abs(self.seconds - (now - began)) for began in self._under_way)
        return rest + self.seconds * ahead / workers
