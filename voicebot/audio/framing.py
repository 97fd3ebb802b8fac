"""Cutting audio of any length into frames."""

from __future__ import annotations

import numpy as np

from voicebot.audio.pcm import FRAME_SAMPLES, Pcm


class Framer:
    """Cuts a stream into frames of `FRAME_SAMPLES`; what does not fill a frame waits for the next piece."""

    def __init__(self) -> None:
        self._rest: Pcm = np.zeros(0, np.int16)

    def feed(self, pcm: Pcm) -> list[Pcm]:
        """Every frame that `pcm` completes, in order."""
        joined = np.concatenate((self._rest, pcm)) if len(self._rest) else pcm
        whole = len(joined) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = joined[whole:]
        return [joined[at : at + FRAME_SAMPLES] for at in range(0, whole, FRAME_SAMPLES)]
