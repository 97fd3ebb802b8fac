"""Changing the sampling rate, at once and live."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.support import noise, sliced, snr_db, tone
from voicebot.audio import SAMPLE_RATE, Doubler, resample


@pytest.mark.parametrize("hertz", [300, 1000, 3000, 3400])
def test_live_doubling_keeps_the_telephone_band(hertz: float) -> None:
    """Tones up to 3.4 kHz come out 2 ms late and otherwise the same, to 65 dB."""
    doubled = Doubler().feed(tone(hertz, 0.5))
    settled = 4 * Doubler.DELAY
    time = np.arange(settled, len(doubled)) / 16000 - Doubler.DELAY / SAMPLE_RATE
    assert snr_db(16000 * np.sin(2 * np.pi * hertz * time), doubled[settled:]) > 65


@given(st.lists(st.integers(0, 400), max_size=8))
def test_live_doubling_does_not_depend_on_the_pieces(sizes: list[int]) -> None:
    """The same audio in other pieces gives the same samples."""
    pcm = noise(0.2, 8000)
    doubler = Doubler()
    pieces = [doubler.feed(piece) for piece in sliced(pcm, sizes)]
    assert (np.concatenate(pieces) == Doubler().feed(pcm)).all()


def test_live_doubling_gives_two_samples_for_one_at_once() -> None:
    """Nothing is held back beyond the filter's delay: each frame gives a full frame."""
    assert len(Doubler().feed(tone(440, 0.02))) == 320


def test_live_doubling_clips_what_does_not_fit() -> None:
    """A full-scale square wave overshoots between its samples; it saturates and does not wrap around."""
    square = np.repeat(np.array([32767, -32768] * 40, np.int16), 8)
    doubled = Doubler().feed(square)
    late = doubled[2 * Doubler.DELAY :: 2]
    assert (late == square[: len(late)]).all()
    between = doubled[2 * Doubler.DELAY + 1 :: 2].astype(int)
    inside = (np.arange(len(between)) % 8 > 0) & (np.arange(len(between)) % 8 < 6)
    assert (np.sign(between[inside]) == np.sign(square[: len(between)][inside].astype(int))).all()


@pytest.mark.parametrize(("source", "target"), [(8000, 16000), (22050, 8000), (24000, 8000), (8000, 48000)])
def test_whole_utterances_keep_their_tone(source: int, target: int) -> None:
    """A 1 kHz tone is the same tone at the new rate, to 70 dB away from its edges."""
    moved = resample(tone(1000, 0.5, rate=source), source, target)
    assert len(moved) == pytest.approx(target * 0.5, abs=1)
    edge = target // 50
    time = np.arange(edge, len(moved) - edge) / target
    assert snr_db(16000 * np.sin(2 * np.pi * 1000 * time), moved[edge : len(moved) - edge]) > 70


def test_what_does_not_fit_under_the_new_rate_is_removed() -> None:
    """A 6 kHz tone has no place in 8 kHz audio and must not come back as 2 kHz."""
    moved = resample(tone(6000, 0.5, rate=16000), 16000, 8000)
    assert np.abs(moved[200:-200].astype(int)).max() < 16


@pytest.mark.parametrize("samples", [0, 1, 7])
def test_the_shortest_utterances_pass(samples: int) -> None:
    """Hardly any audio, or none, is no reason to fail."""
    assert len(resample(np.zeros(samples, np.int16), 8000, 16000)) == 2 * samples
