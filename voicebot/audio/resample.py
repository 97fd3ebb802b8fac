"""From one sampling rate to another: whole utterances at once, or a live line sample by sample."""

from __future__ import annotations

import numpy as np
import soxr

from voicebot.audio.pcm import Pcm

_TAPS = 32
"""Filter taps per computed sample: 2 ms of delay, better than 60 dB up to 3.4 kHz."""

_KAISER_BETA = 7.2
"""Kaiser's formula for a stop band that begins at 4.6 kHz, the image of the telephone band's 3.4 kHz edge."""


def resample(pcm: Pcm, from_rate: int, to_rate: int) -> Pcm:
    """A whole utterance of int16 samples at `to_rate`; peaks beyond full scale are clipped.

    Do not feed it a live stream in pieces: each call starts and ends with its own filter edges.
    """
    if from_rate == to_rate or not len(pcm):
        return pcm
    return _to_int16(soxr.resample(pcm.astype(np.float32), from_rate, to_rate))


class Doubler:
    """Doubles the rate of a live stream: 8 kHz frames in, 16 kHz frames out, `DELAY` input samples late.

    A half-band filter: every second output is an input sample as it came, the ones between are computed.
    Streaming soxr holds 60 ms and more back, which a caller hears as a slow answer.
    """

    DELAY = _TAPS // 2

    def __init__(self) -> None:
        self._past = np.zeros(_TAPS - 1, np.float32)

    def feed(self, pcm: Pcm) -> Pcm:
        """Twice as many samples as `pcm` has; any length, also none."""
        line = np.concatenate((self._past, pcm), dtype=np.float32, casting="unsafe")
        self._past = line[len(line) - (_TAPS - 1) :]
        out = np.empty(2 * len(pcm), np.float32)
        if len(pcm):
            out[0::2] = line[self.DELAY - 1 : self.DELAY - 1 + len(pcm)]
            out[1::2] = np.convolve(line, _HALF_BAND, "valid")
        return _to_int16(out)


def _to_int16(samples: np.typing.NDArray[np.float32]) -> Pcm:
    rounded: Pcm = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return rounded


def _half_band() -> np.typing.NDArray[np.float32]:
    """The odd phase of a windowed sinc with its cut-off at half the input rate, with unit gain."""
    position = np.arange(_TAPS) - (_TAPS - 1) / 2
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (position / (_TAPS / 2)) ** 2)) / np.i0(_KAISER_BETA)
    taps = np.sinc(position) * window
    unit: np.typing.NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return unit


_HALF_BAND = _half_band()
