"""Sounds to test with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from voicebot.audio import SAMPLE_RATE, Pcm

FIXTURES = Path(__file__).parent / "fixtures"


def recorded(path: Path) -> Pcm:
    """The samples of a mu-law WAV at 8 kHz."""
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == SAMPLE_RATE
    pcm: Pcm = samples
    return pcm


def tone(hertz: float, duration: float, amplitude: float = 16000, rate: int = SAMPLE_RATE) -> Pcm:
    """A sine."""
    time = np.arange(int(duration * rate)) / rate
    return np.rint(amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def noise(duration: float, amplitude: float, seed: int = 1) -> Pcm:
    """White Gaussian noise with this RMS amplitude, the same every time."""
    samples = np.random.default_rng(seed).standard_normal(int(duration * SAMPLE_RATE)) * amplitude
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def sliced(pcm: Pcm, sizes: list[int]) -> list[Pcm]:
    """`pcm` in pieces of these sizes, then whatever is left."""
    pieces, start = [], 0
    for size in sizes:
        pieces.append(pcm[start : start + size])
        start += size
    return [*pieces, pcm[start:]]


def snr_db(wanted: np.typing.NDArray[np.float64], got: Pcm) -> float:
    """Signal to noise in dB, `got` against what it should be."""
    error = wanted - got
    return float(10 * np.log10((wanted**2).mean() / (error**2).mean()))
