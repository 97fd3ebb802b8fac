"""The Silero voice detector: a small neural network, good in noise.

A step of the network takes about 0.1 ms of CPU for one call and 0.035 ms a call for 32 calls or more at once, with
the same result; with everything around it 4.6 ms of CPU per second of audio alone and 1.2 ms in company (AMD EPYC,
onnxruntime 1.31).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from voicebot.audio.pcm import FRAME_SAMPLES, SAMPLE_RATE, Pcm

MODEL = Path(__file__).parent / "silero_model" / "silero_vad.onnx"

WINDOW = 256
"""Samples the network looks at per step, at 8 kHz: 32 ms."""

_CONTEXT = 32
"""Samples of the window before, which the network at 8 kHz expects in front of each window."""

STILL = 0.35
"""Probability under which nobody speaks."""

FORGETS = 94
"""Steps without speech (3 s) after which half of what the network remembers is forgotten, and so on.

In steady babble it grows deaf otherwise: of 22 sentences 8 s apart and 10 dB above a dozen voices it noticed 7,
and so all 22; in three minutes one voice of the babble was taken for a caller's."""

_FORGOTTEN = 0.5

_INPUT = _CONTEXT + WINDOW
_STATE = 128


def load(model: Path = MODEL) -> onnxruntime.InferenceSession:
    """The network, to be shared by all calls of a process. One thread: a step is too small to divide."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class SileroDetection:
    """Speech probability as the network gives it, renewed every `WINDOW` samples and held in between.

    Each voice has a row in arrays that grow when there are more voices than ever before. A row of audio is the
    context, the window, and what a frame brings beyond it.
    """

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._rate = np.array(SAMPLE_RATE, np.int64)
        self._audio = np.zeros((0, _INPUT + FRAME_SAMPLES), np.float32)
        self._state = np.zeros((2, 0, _STATE), np.float32)
        self._latest: list[float] = []
        self._filled: list[int] = []
        self._still: list[int] = []
        self._free: list[int] = []

    def begin(self) -> int:
        """As `VoiceDetection.begin`."""
        if not self._free:
            self._grow(max(8, len(self._filled)))
        voice = self._free.pop()
        self._audio[voice] = 0.0
        self._state[:, voice] = 0.0
        self._latest[voice] = 0.0
        self._still[voice] = 0
        self._filled[voice] = _CONTEXT
        return voice

    def end(self, voice: int) -> None:
        """As `VoiceDetection.end`."""
        self._free.append(voice)

    def probabilities(self, voices: Sequence[int], frames: Sequence[Pcm]) -> list[float]:
        """Probability of speech in the newest complete window of each voice; 0 before the first."""
        audio, filled = self._audio, self._filled
        due = []
        for voice, frame in zip(voices, frames, strict=True):
            start = filled[voice]
            filled[voice] = end = start + FRAME_SAMPLES
            audio[voice, start:end] = frame
            if end >= _INPUT:
                due.append(voice)
        if due:
            self._step(due)
        latest = self._latest
        return [latest[voice] for voice in voices]

    def _step(self, due: list[int]) -> None:
        held = self._audio[due]
        feed = {"input": held[:, :_INPUT] / 32768, "state": self._state[:, due], "sr": self._rate}
        probabilities, self._state[:, due] = self._session.run(None, feed)
        self._audio[due, : _CONTEXT + FRAME_SAMPLES] = held[:, WINDOW:]
        for voice, probability in zip(due, probabilities[:, 0].tolist(), strict=True):
            self._latest[voice] = probability
            self._filled[voice] -= WINDOW
            self._still[voice] = self._still[voice] + 1 if probability < STILL else 0
            if self._still[voice] == FORGETS:
                self._still[voice] = 0
                self._state[:, voice] *= _FORGOTTEN

    def _grow(self, more: int) -> None:
        known = len(self._filled)
        self._audio = np.pad(self._audio, ((0, more), (0, 0)))
        self._state = np.pad(self._state, ((0, 0), (0, more), (0, 0)))
        self._latest += [0.0] * more
        self._filled += [_CONTEXT] * more
        self._still += [0] * more
        self._free += range(known + more - 1, known - 1, -1)
