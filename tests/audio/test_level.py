"""Measuring loudness and bringing speech to telephone level."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.audio.support import FIXTURES, noise, recorded, tone
from voicebot.audio import at_level, rms_dbfs, silence
from voicebot.audio.level import PEAK_DBFS, SPEECH_DBFS, speech_dbfs, true_peak_dbfs


def test_a_full_scale_sine_is_three_decibels_below_full_scale() -> None:
    """RMS is measured against a constant full-scale signal."""
    assert rms_dbfs(tone(1000, 1.0, 32767)) == pytest.approx(-3.01, abs=0.01)


def test_silence_has_no_level() -> None:
    """Silence and no audio at all are minus infinity, not an error."""
    assert rms_dbfs(silence(1.0)) == -math.inf
    assert speech_dbfs(np.zeros(0, np.int16)) == -math.inf
    assert true_peak_dbfs(np.zeros(0, np.int16)) == -math.inf


def test_pauses_do_not_make_speech_quieter() -> None:
    """The level of speech is the same with two seconds of silence behind it."""
    speech = noise(1.0, 2000)
    paused = np.concatenate((speech, silence(2.0)))
    assert speech_dbfs(paused) == pytest.approx(rms_dbfs(speech), abs=0.05)
    assert rms_dbfs(paused) < rms_dbfs(speech) - 4


def test_the_true_peak_lies_between_the_samples() -> None:
    """A sine at a quarter of the rate, sampled off its crests, peaks 3 dB above its samples."""
    wave = np.rint(16384 * np.sin(np.arange(4000) * np.pi / 2 + np.pi / 4)).astype(np.int16)
    assert true_peak_dbfs(wave[8:-8]) == pytest.approx(-6.02, abs=0.6)
    assert 20 * math.log10(np.abs(wave.astype(int)).max() / 32768) == pytest.approx(-9.03, abs=0.01)


@pytest.mark.parametrize("amplitude", [30.0, 300.0, 3000.0])
def test_speech_comes_to_telephone_level(amplitude: float) -> None:
    """However loud it was, speech leaves at -20 dBFS."""
    assert speech_dbfs(at_level(noise(1.0, amplitude))) == pytest.approx(SPEECH_DBFS, abs=0.2)


def test_peaks_win_over_loudness() -> None:
    """Where -20 dBFS would overload the line, the gain stops at the peak limit."""
    click = silence(1.0)
    click[::160] = 8000
    louder = at_level(click, target=-10.0)
    assert true_peak_dbfs(louder) == pytest.approx(PEAK_DBFS, abs=0.1)
    assert speech_dbfs(louder) < -10


def test_real_speech_neither_clips_nor_drops() -> None:
    """A recorded sentence comes to the level, or under it with its peaks at the limit."""
    louder = at_level(recorded(FIXTURES / "speech.wav"))
    assert true_peak_dbfs(louder) <= PEAK_DBFS + 0.1
    assert speech_dbfs(louder) == pytest.approx(SPEECH_DBFS, abs=3)


def test_silence_stays_silence() -> None:
    """There is nothing to amplify."""
    assert not at_level(silence(0.5)).any()
