"""How loud audio is, and bringing it to the level people expect on the telephone.

0 dBFS is a constant full-scale signal (a full-scale sine is at -3.01 dBFS RMS).
"""

from __future__ import annotations

import math

import numpy as np
import soxr

from voicebot.audio.pcm import FRAME_SAMPLES, Pcm

FULL_SCALE = 32768.0

SPEECH_DBFS = -20.0
"""Level of speech, between -26 dBov (ITU-T G.107 reference) and what callers on loudspeakers still hear well."""

PEAK_DBFS = -1.0
"""Highest true peak left after `at_level`: codecs behind us overshoot a little."""

_PAUSE_DB = 30.0
"""Frames this far below the loudest one are pauses and do not count as speech."""


def rms_dbfs(pcm: Pcm) -> float:
    """Root mean square of all samples in dBFS; -inf for silence and for no samples."""
    return _dbfs(math.sqrt(_power(pcm)))


def speech_dbfs(pcm: Pcm) -> float:
    """RMS in dBFS of the frames in which somebody speaks, so that pauses do not make a sentence look quiet."""
    whole = len(pcm) - len(pcm) % FRAME_SAMPLES
    if not whole:
        return rms_dbfs(pcm)
    frames = pcm[:whole].reshape(-1, FRAME_SAMPLES).astype(np.float64)
    power = np.mean(frames * frames, axis=1)
    loudest = power.max()
    if not loudest:
        return -math.inf
    return _dbfs(math.sqrt(power[power >= loudest * 10 ** (-_PAUSE_DB / 10)].mean()))


def true_peak_dbfs(pcm: Pcm) -> float:
    """Highest point of the waveform between the samples, four times oversampled (ITU-R BS.1770 annex 2)."""
    if not len(pcm):
        return -math.inf
    between = soxr.resample(pcm.astype(np.float32), 1, 4)
    return _dbfs(float(max(np.abs(between).max(initial=0.0), np.abs(pcm.astype(np.int32)).max())))


def at_level(pcm: Pcm, target: float = SPEECH_DBFS, peak: float = PEAK_DBFS) -> Pcm:
    """`pcm` with its speech at `target` dBFS, as near as a true peak of `peak` dBFS allows; silence stays."""
    loudness = speech_dbfs(pcm)
    if loudness == -math.inf:
        return pcm
    gain = min(target - loudness, peak - true_peak_dbfs(pcm))
    louder = pcm.astype(np.float32) * np.float32(10 ** (gain / 20))
    clipped: Pcm = np.clip(np.rint(louder), -32768, 32767).astype(np.int16)
    return clipped


def _power(pcm: Pcm) -> float:
    if not len(pcm):
        return 0.0
    wide = pcm.astype(np.float64)
    return float(np.dot(wide, wide)) / len(wide)


def _dbfs(amplitude: float) -> float:
    return 20 * math.log10(amplitude / FULL_SCALE) if amplitude > 0 else -math.inf
