"""What the recogniser does, for Prometheus: all calls of the process together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PIECES = (1, 2, 4, 8, 16, 32, 64)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)


class Outcome(Enum):
    """What became of an utterance. DROPPED: nobody wanted it any more, as with a guess the caller outran."""

    HEARD = "heard"
    NOTHING = "nothing"
    REJECTED = "rejected"
    FAILED = "failed"
    LATE = "late"
    DROPPED = "dropped"


class HearingMetrics(Collector):
    """Counts what workers tell it, from any thread, and asks for the rest when it is read.

    load: seconds a turn that came now would wait. waiting: pieces in the queue. limit: pieces decoded together at
    most at present.
    """

    def __init__(self, load: Callable[[], float], waiting: Callable[[], int], limit: Callable[[], int]) -> None:
        self._load = load
        self._waiting = waiting
        self._limit = limit
        self._waits = Histogram(
            "voicebot_asr_wait_seconds",
            "From asking for an utterance to the model's beginning with it.",
            buckets=_SECONDS,
            registry=None,
        )
        self._took = Histogram(
            "voicebot_asr_batch_seconds", "Time the model took for a batch.", buckets=_SECONDS, registry=None
        )
        self._sizes = Histogram(
            "voicebot_asr_batch_pieces", "Pieces of utterances in a batch.", buckets=_PIECES, registry=None
        )
        self._outcomes = Counter(
            "voicebot_asr_utterances", "Utterances by what became of them.", ["outcome"], registry=None
        )
        for outcome in Outcome:
            self._outcomes.labels(outcome.value)

    def waited(self, seconds: float) -> None:
        """An utterance's turn has come after so long."""
        self._waits.observe(seconds)

    def decoded(self, pieces: int, seconds: float) -> None:
        """A batch is through the model."""
        self._sizes.observe(pieces)
        self._took.observe(seconds)

    def ended(self, outcome: Outcome) -> None:
        """The asker has been answered, or has gone."""
        self._outcomes.labels(outcome.value).inc()

    def collect(self) -> Iterable[Metric]:
        """Everything, for a registry."""
        yield GaugeMetricFamily(
            "voicebot_asr_load_seconds",
            "Seconds a turn that came now would wait for the model; infinite while it cannot hear.",
            value=self._load(),
        )
        yield GaugeMetricFamily("voicebot_asr_queue", "Pieces waiting for the model.", value=self._waiting())
        yield GaugeMetricFamily(
            "voicebot_asr_batch_limit",
            "Pieces heard together at most; less after memory ran out.",
            value=self._limit(),
        )
        for kept in (self._waits, self._took, self._sizes, self._outcomes):
            yield from kept.collect()
