from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import SAMPLE_RATE
from voicebot.audio.level import speech_dbfs, true_peak_dbfs
from voicebot.tts.telephone import CHUNK_SAMPLES, chunks, telephone


def _tone(rate: int, duration: float, amplitude: float, hertz: float = 440.0) -> np.typing.NDArray[np.float32]:
    wave = amplitude * np.sin(2 * np.pi * hertz * np.arange(int(rate * duration)) / rate)
    return wave.astype(np.float32)


@pytest.mark.parametrize("amplitude", [0.001, 0.3, 40.0])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000])
def test_any_rate_and_loudness_comes_out_at_telephone_level(rate: int, amplitude: float) -> None:
    """A second of tone stays a second, at -20 dBFS, with its frequency unchanged."""
    pcm = telephone(_tone(rate, 1.0, amplitude), rate)
    assert pcm.dtype == np.int16
    assert len(pcm) == pytest.approx(SAMPLE_RATE, abs=SAMPLE_RATE // 100)
    assert speech_dbfs(pcm) == pytest.approx(-20, abs=0.3)
    spectrum = np.abs(np.fft.rfft(pcm[:8000], 8000))
    assert int(spectrum.argmax()) == 440


def test_int16_samples_are_taken_as_they_are() -> None:
    """An engine that gives int16 gets the same result as one that gives floats."""
    floats = _tone(22050, 0.5, 0.5)
    ints = np.rint(floats * 32767).astype(np.int16)
    assert np.abs(telephone(floats, 22050).astype(int) - telephone(ints, 22050)).max() <= 2


def test_silence_at_the_ends_is_cut() -> None:
    """Of a second of silence before and after, 30 ms are left; a pause inside stays."""
    rate, quiet = 8000, np.zeros(8000, np.float32)
    tone = _tone(rate, 0.5, 0.5)
    pcm = telephone(np.concatenate([quiet, tone, quiet[:4000], tone, quiet]), rate)
    assert len(pcm) == pytest.approx(8000 * 1.5 + 2 * 240, abs=160)


def test_an_engines_hiss_is_silence_and_a_soft_sound_is_not() -> None:
    """At the ends what is 48 dB below the tone is cut, and what is 28 dB below it was said."""
    tone, hiss, soft = (_tone(8000, 0.5, amplitude) for amplitude in (0.5, 0.002, 0.02))
    assert len(telephone(np.concatenate([hiss, tone, hiss]), 8000)) == pytest.approx(4000 + 2 * 240, abs=160)
    assert len(telephone(np.concatenate([hiss, soft, tone, soft]), 8000)) == pytest.approx(12000 + 240, abs=160)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_silence(odd: float) -> None:
    """A model whose numbers overflow for a moment is heard with a gap there."""
    broken, gap = _tone(8000, 1.0, 0.5), _tone(8000, 1.0, 0.5)
    broken[3000:3100], gap[3000:3100] = odd, 0.0
    assert np.array_equal(telephone(broken, 8000), telephone(gap, 8000))


def test_a_sentence_begins_and_ends_without_a_tick() -> None:
    """A tone cut at its crests, which is a step at both ends, rises from nothing and falls to it."""
    cut = _tone(8000, 0.5, 0.5)[5:-13]
    assert min(abs(cut[0]), abs(cut[-1])) > 0.4
    pcm = np.abs(telephone(cut, 8000).astype(int))
    assert max(pcm[0], pcm[-1]) < 100
    assert max(pcm[:40]) > 4000


def test_peaks_keep_below_full_scale() -> None:
    """Rare clicks ten times as loud as the rest make the whole quieter rather than clip."""
    rate = 8000
    signal = _tone(rate, 1.0, 0.02)
    signal[::2000] = 1.0
    pcm = telephone(signal, rate)
    assert true_peak_dbfs(pcm) <= -0.9


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_silence_gives_nothing(count: int) -> None:
    """Silence, or no samples at all, is nothing to play."""
    assert len(telephone(np.zeros(count, np.float32), 22050)) == 0
    assert len(telephone(np.zeros(count, np.int16), 22050)) == 0


def test_chunks_are_100_ms_and_complete() -> None:
    """Chunks put together are the sound again; only the last is shorter."""
    pcm = np.arange(2500, dtype=np.int16)
    parts = list(chunks(pcm))
    assert [len(part) for part in parts] == [CHUNK_SAMPLES, CHUNK_SAMPLES, CHUNK_SAMPLES, 100]
    assert np.array_equal(np.concatenate(parts), pcm)
