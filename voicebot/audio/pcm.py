"""The one audio format inside the house."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pcm: TypeAlias = npt.NDArray[np.int16]
"""Mono int16 samples at `SAMPLE_RATE`."""

SAMPLE_RATE = 8000
"""Samples per second on a telephone line (G.711)."""

FRAME_SAMPLES = 160
"""Samples in one frame: 20 ms, the packet time every gateway uses."""

FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE


def seconds(pcm: Pcm) -> float:
    """How long `pcm` plays, in seconds."""
    return len(pcm) / SAMPLE_RATE


def silence(duration: float) -> Pcm:
    """Digital silence of `duration` seconds, rounded down to whole samples."""
    return np.zeros(int(duration * SAMPLE_RATE), np.int16)
