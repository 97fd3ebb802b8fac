"""Samples: the telephone's formats, rates and levels, and whether somebody speaks. Pure arithmetic, no I/O.

Inside the house audio is always `Pcm`: mono int16 at `SAMPLE_RATE`, cut into frames of `FRAME_SAMPLES`.
"""

from voicebot.audio.pcm import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm, seconds, silence

__all__ = ["FRAME_SAMPLES", "FRAME_SECONDS", "SAMPLE_RATE", "Pcm", "seconds", "silence"]
