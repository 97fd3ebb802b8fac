from __future__ import annotations

from voicebot.asr.metrics import HearingMetrics
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.metrics import Metrics
from voicebot.runtime.ticker import Ticker
from voicebot.tts import CacheStats


def test_the_voices_cache_is_read_when_asked() -> None:
    """Sentences by source, hit ratio and size are those of the moment of the scrape."""
    stats = [CacheStats(hits=6, misses=2, sentences=3, size=1000, disk_hits=2)]
    journal = Journal()
    metrics = Metrics(Capacity(1), Ticker(), journal, lambda: stats[-1])
    text = metrics.text()
    assert 'voicebot_voice_sentences_total{source="memory"} 6.0' in text
    assert 'voicebot_voice_sentences_total{source="disk"} 2.0' in text
    assert 'voicebot_voice_sentences_total{source="engine"} 2.0' in text
    assert "voicebot_voice_cache_hit_ratio 0.8" in text
    assert "voicebot_voice_cache_bytes 1000.0" in text
    stats.append(CacheStats(hits=7, misses=2, sentences=3, size=1000, disk_hits=2))
    assert 'voicebot_voice_sentences_total{source="memory"} 7.0' in metrics.text()
    journal.close(1.0)


def test_the_recognisers_numbers_are_among_the_others() -> None:
    """Load, queue and batches of hearing stand in the same text."""
    journal = Journal()
    hearing = HearingMetrics(lambda: 0.25, lambda: 3, lambda: 8)
    text = Metrics(Capacity(1), Ticker(), journal, hearing=hearing).text()
    assert "voicebot_asr_load_seconds 0.25" in text
    assert "voicebot_asr_queue 3.0" in text
    assert "voicebot_asr_batch_limit 8.0" in text
    journal.close(1.0)
