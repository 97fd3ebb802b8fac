"""Numbers about all calls of a media process, for Prometheus. No label names a call or a person."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voicebot.call.record import ConfirmedEntry, EndEntry, Entry, Speaker, TroubleEntry, TurnEntry
from voicebot.call.stages import Stage, legs
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.ticker import Ticker
from voicebot.tts import CacheStats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Counts what calls note, and reads what the process is doing when asked.

    voice: what the voice's cache did so far; left out where the voice has none.
    hearing: what the recogniser says of itself; left out where it says nothing.
    """

    def __init__(
        self,
        capacity: Capacity,
        ticker: Ticker,
        journal: Journal,
        voice: Callable[[], CacheStats] | None = None,
        hearing: Collector | None = None,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Present(capacity, ticker, journal))
        if voice is not None:
            self._registry.register(_Spoken(voice))
        if hearing is not None:
            self._registry.register(hearing)
        self._ended = Counter(
            "voicebot_calls_ended",
            "Bot parts of calls that ended, by how.",
            ["disposition"],
            registry=self._registry,
        )
        self._troubles = Counter(
            "voicebot_troubles", "Failures of our own in calls, by part.", ["part"], registry=self._registry
        )
        self._stages = {
            name: Histogram(f"voicebot_turn_{name}_seconds", text, buckets=SECONDS, registry=self._registry)
            for name, text in (
                ("commit", "From the caller's last voice to the end of the turn."),
                ("answer", "From the caller's last voice to the first audio of the reply."),
                ("decode", "Time the recogniser worked on the turn."),
            )
        }
        self._legs = Histogram(
            "voicebot_turn_stage_seconds",
            "What each stage of the way from the caller's last voice to the end of the reply took.",
            ["stage"],
            buckets=(0.005, 0.02, *SECONDS),
            registry=self._registry,
        )

    def note(self, entry: Entry) -> None:
        """Count one entry of a call's record."""
        match entry:
            case TurnEntry(speaker=Speaker.CALLER, timings=times):
                for leg in legs(times):
                    self._legs.labels(leg.stage.value).observe(leg.seconds)
                if times.decode_seconds is not None:
                    self._stages["decode"].observe(times.decode_seconds)
                if times.last_voice is None:
                    return
                if times.committed is not None:
                    self._stages["commit"].observe(times.committed - times.last_voice)
                if times.answered is not None:
                    self._stages["answer"].observe(times.answered - times.last_voice)
            case ConfirmedEntry(at=at, answered=answered):
                self._legs.labels(Stage.PLAY.value).observe(at - answered)
            case TroubleEntry(part=part):
                self._troubles.labels(part).inc()
            case EndEntry(disposition=disposition):
                self._ended.labels(disposition.value).inc()
            case _:
                pass

    def text(self) -> str:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry).decode()


class _Present(Collector):
    """What is so at the moment of asking."""

    def __init__(self, capacity: Capacity, ticker: Ticker, journal: Journal) -> None:
        self._capacity = capacity
        self._ticker = ticker
        self._journal = journal

    def collect(self) -> list[Metric]:
        return [
            GaugeMetricFamily("voicebot_calls", "Calls held now.", value=self._capacity.held),
            GaugeMetricFamily("voicebot_calls_limit", "Calls held at most.", value=self._capacity.limit),
            GaugeMetricFamily(
                "voicebot_loop_lateness_seconds",
                "How late the last 20 ms beat came.",
                value=self._ticker.lateness,
            ),
            GaugeMetricFamily("voicebot_journal_backlog", "Database writes waiting.", value=self._journal.backlog),
        ]


class _Spoken(Collector):
    """Where the voice's sentences came from."""

    def __init__(self, stats: Callable[[], CacheStats]) -> None:
        self._stats = stats

    def collect(self) -> list[Metric]:
        stats = self._stats()
        sentences = CounterMetricFamily(
            "voicebot_voice_sentences", "Sentences calls asked for, by where they came from.", labels=["source"]
        )
        for source, count in (("memory", stats.hits), ("disk", stats.disk_hits), ("engine", stats.misses)):
            sentences.add_metric([source], count)
        return [
            sentences,
            GaugeMetricFamily(
                "voicebot_voice_cache_hit_ratio",
                "Part of the sentences that did not need the engine.",
                value=stats.hit_rate,
            ),
            GaugeMetricFamily("voicebot_voice_cache_bytes", "Audio held in memory.", value=stats.size),
            GaugeMetricFamily("voicebot_voice_cache_sentences", "Sentences in memory.", value=stats.sentences),
        ]
