"""Samples: the telephone's formats, rates and levels, and whether somebody speaks. Pure arithmetic, no I/O.

Inside the house audio is always `Pcm`: mono int16 at `SAMPLE_RATE`, cut into frames of `FRAME_SAMPLES`.
`vad.detectors` makes voice detectors; it is not re-exported, so that codecs need not load a neural network.
"""

from voicebot.audio.framing import Framer
from voicebot.audio.level import at_level, rms_dbfs
from voicebot.audio.pcm import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm, seconds, silence
from voicebot.audio.resample import Doubler, resample

__all__ = [
    "FRAME_SAMPLES",
    "FRAME_SECONDS",
    "SAMPLE_RATE",
    "Doubler",
    "Framer",
    "Pcm",
    "at_level",
    "resample",
    "rms_dbfs",
    "seconds",
    "silence",
]
