"""How a caller sounds at the far end of a telephone line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from voicebot.audio import SAMPLE_RATE, Pcm, g711, silence
from voicebot.audio.resample import resample
from voicebot.errors import ConfigError
from voicebot.testing.phone import AUDIBLE
from voicebot.tts.port import Synthesizer

_LOW, _HIGH = 300.0, 3400.0
"""The telephone band in Hz (ITU-T G.712)."""

_TAPS = 129


def telephone(pcm: Pcm) -> Pcm:
    """`pcm` through the telephone band and G.711 mu-law and back."""
    if not len(pcm):
        return pcm
    narrow = np.convolve(pcm.astype(np.float64), _BAND, "same")[: len(pcm)]
    return g711.decode(g711.encode(np.clip(np.rint(narrow), -32768, 32767).astype(np.int16)))


def trimmed(pcm: Pcm) -> Pcm:
    """`pcm` from its first to its last audible sample: what a person says has no silence of its own around it."""
    sounding = np.flatnonzero(np.abs(pcm.astype(np.int32)) >= AUDIBLE)
    return pcm[sounding[0] : sounding[-1] + 1] if len(sounding) else pcm[:0]


async def spoken(voice: Synthesizer, text: str) -> Pcm:
    """`text` in the caller's voice, as it leaves the line. Raises SynthesizerError."""
    chunks = [chunk async for chunk in voice.stream(text)]
    return trimmed(telephone(np.concatenate((silence(0), *chunks))))


def recorded(path: Path) -> Pcm:
    """An audio file of any rate and channels (the first is taken), as it leaves the line. Raises ConfigError."""
    samples, rate = sound(path)
    pcm = trimmed(telephone(resample(np.ascontiguousarray(samples[:, 0]), rate, SAMPLE_RATE)))
    if not len(pcm):
        raise ConfigError(f"{path}: there is no sound in it")
    return pcm


def sound(path: Path) -> tuple[npt.NDArray[np.int16], int]:
    """What is in an audio file, and its sampling rate. shape: (samples, channels). Raises ConfigError."""
    try:
        # libsndfile calls whatever goes wrong with a path a system error.
        with path.open("rb") as file:
            samples, rate = soundfile.read(file, dtype="int16", always_2d=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read as audio: {error.strerror}") from error
    except soundfile.LibsndfileError as error:
        raise ConfigError(f"{path}: cannot be read as audio: {error.error_string}") from error
    return samples, int(rate)


class Noise:
    """A steady background of white noise.

    level: dBFS (RMS); about -50 is an office, -35 a street. The same seed gives the same noise.
    """

    def __init__(self, level: float, seed: int = 1) -> None:
        self._amplitude = 32768 * 10 ** (level / 20)
        self._random = np.random.default_rng(seed)

    def over(self, pcm: Pcm) -> Pcm:
        """`pcm` with the next piece of the noise."""
        mixed = pcm + self._random.normal(0.0, self._amplitude, len(pcm))
        loud: Pcm = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
        return loud


def _band() -> npt.NDArray[np.float64]:
    position = np.arange(_TAPS) - _TAPS // 2
    high, low = (2 * edge / SAMPLE_RATE * np.sinc(2 * edge / SAMPLE_RATE * position) for edge in (_HIGH, _LOW))
    taps: npt.NDArray[np.float64] = (high - low) * np.hamming(_TAPS)
    return taps


_BAND = _band()
