"""The Silero voice detector: a small neural network, good in noise, 2.7 ms of CPU per second of audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from voicebot.audio.framing import Framer
from voicebot.audio.pcm import SAMPLE_RATE, Pcm

MODEL = Path(__file__).parent / "silero_model" / "silero_vad.onnx"

WINDOW = 256
"""Samples the network looks at per step, at 8 kHz: 32 ms."""

_CONTEXT = 32
"""Samples of the window before, which the network at 8 kHz expects in front of each window."""

_STATE = (2, 1, 128)


def load(model: Path = MODEL) -> onnxruntime.InferenceSession:
    """The network, to be shared by all detectors of a process. One thread: a step is too small to divide."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class SileroDetector:
    """Speech probability as the network gives it, renewed every `WINDOW` samples and held in between."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._windows = Framer(WINDOW)
        self._state = np.zeros(_STATE, np.float32)
        self._input = np.zeros((1, _CONTEXT + WINDOW), np.float32)
        self._rate = np.array(SAMPLE_RATE, np.int64)
        self._latest = 0.0

    def probability(self, frame: Pcm) -> float:
        """Probability of speech in the newest complete window; 0 before the first."""
        for window in self._windows.feed(frame):
            self._latest = self._step(window)
        return self._latest

    def _step(self, window: Pcm) -> float:
        self._input[0, :_CONTEXT] = self._input[0, WINDOW:]
        self._input[0, _CONTEXT:] = window
        self._input[0, _CONTEXT:] /= 32768
        feed = {"input": self._input, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, feed)
        return float(probability[0, 0])
