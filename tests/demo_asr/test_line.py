"""What the training line does to a voice."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from scripts.demo_asr.line import add_noise, coloured_noise, lose_packets, nobody, through_ulaw


@pytest.mark.parametrize("slope", [0.0, 1.0])
@pytest.mark.parametrize("decibels", [0.0, 20.0])
def test_noise_has_the_level_asked_for(slope: float, decibels: float) -> None:
    """Voice over noise is what was asked for, whatever the colour."""
    voice = np.sin(np.arange(8000, dtype=np.float32) / 5) * np.float32(0.2)
    noise = coloured_noise(8000, slope, np.random.default_rng(1))
    added = add_noise(voice, noise, decibels) - voice
    assert 10 * np.log10(np.mean(voice**2) / np.mean(added**2)) == pytest.approx(decibels, abs=0.1)


def test_lost_packets_are_silent_and_short() -> None:
    """At most three gaps of two packets are missing; everything else is untouched."""
    voice = np.ones(16000, np.float32)
    for seed in range(50):
        lost = lose_packets(voice, Random(seed)) == 0
        assert 160 <= lost.sum() <= 6 * 160
    assert (voice == 1).all()


def test_nobody_is_as_long_as_asked_and_never_overdriven() -> None:
    """Every kind of sound without words fits a line."""
    for seed in range(60):
        wave = nobody(Random(seed), np.random.default_rng(seed), 1.5)
        assert len(wave) == 12000
        assert np.isfinite(wave).all()
        assert len(through_ulaw(wave)) == 12000
