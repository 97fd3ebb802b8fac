"""Audio of any length, cut into the frames the rest of the house expects."""

from __future__ import annotations

import numpy as np

from voicebot.audio.pcm import FRAME_SAMPLES, Pcm


class Framer:
    """Cuts a stream of arbitrary chunks into frames of `size` samples and keeps the rest for the next chunk."""

    def __init__(self, size: int = FRAME_SAMPLES) -> None:
        self._size = size
        self._rest: Pcm = np.zeros(0, np.int16)

    def feed(self, pcm: Pcm) -> list[Pcm]:
        """The frames that `pcm` completes, oldest first; often one, sometimes none."""
        if len(pcm) == self._size and not len(self._rest):
            return [pcm]
        joined = np.concatenate((self._rest, pcm)) if len(self._rest) else pcm
        whole = len(joined) - len(joined) % self._size
        self._rest = joined[whole:].copy()
        return [joined[start : start + self._size] for start in range(0, whole, self._size)]
