"""From the wide rates a gateway may send down to the telephone's 8 kHz, piece by piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicebot.audio.pcm import SAMPLE_RATE, Pcm

_TAPS_PER_FACTOR = 32
_CUTOFF = 3600 / SAMPLE_RATE
"""Half-amplitude frequency as a part of the outgoing rate: just above a telephone line's 3.4 kHz."""

_FIXED = 1 << 15
"""One, in the filter's fixed-point numbers: integer sums make the result independent of how the input was cut."""


class Downsampler:
    """Low-pass and decimation by a whole factor, with carried state.

    The same samples come out however the input is cut. Delay: 2 ms.

    rate: samples per second that go in; a multiple of 8000.
    """

    def __init__(self, rate: int) -> None:
        if rate <= 0 or rate % SAMPLE_RATE:
            raise ValueError(f"cannot bring {rate} Hz to {SAMPLE_RATE} Hz: not a multiple")
        self._factor = rate // SAMPLE_RATE
        self._taps = _low_pass(self._factor)
        self._held: npt.NDArray[np.int64] = np.zeros(len(self._taps) - 1, np.int64)

    def push(self, pcm: npt.NDArray[np.int16]) -> Pcm:
        """Take samples at the wide rate; return those at 8 kHz that are complete."""
        samples = np.concatenate((self._held, pcm.astype(np.int64)))
        width = len(self._taps)
        if len(samples) < width:
            self._held = samples
            return np.zeros(0, np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(samples, width)[:: self._factor]
        self._held = samples[len(windows) * self._factor :]
        sums = (windows @ self._taps + _FIXED // 2) // _FIXED
        narrow: Pcm = np.clip(sums, -32768, 32767).astype(np.int16)
        return narrow


def _low_pass(factor: int) -> npt.NDArray[np.int64]:
    length = _TAPS_PER_FACTOR * factor + 1
    offset = np.arange(length) - length // 2
    cutoff = _CUTOFF / factor
    shape = 2 * cutoff * np.sinc(2 * cutoff * offset) * np.kaiser(length, 6.0)
    taps: npt.NDArray[np.int64] = np.rint(shape / shape.sum() * _FIXED).astype(np.int64)
    taps[length // 2] += _FIXED - taps.sum()
    return taps
