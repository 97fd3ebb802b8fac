"""A voice detector that takes loudness for voice: deterministic, and cheap enough for load tests."""

from __future__ import annotations

import numpy as np

from voicebot.audio import Pcm


class LoudnessDetector:
    """Calls a frame voice when its loudest sample reaches `threshold`."""

    def __init__(self, threshold: int = 500) -> None:
        self._threshold = threshold

    def probability(self, frame: Pcm) -> float:
        """1.0 for a loud frame, 0.0 for a quiet one."""
        return 1.0 if int(np.abs(frame.astype(np.int32)).max()) >= self._threshold else 0.0
