"""What `telephone.telephone` does to a sentence, done to audio that comes piece by piece."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from voicebot.audio import SAMPLE_RATE, Pcm, silence
from voicebot.audio.downsample import Downsampler
from voicebot.audio.level import FULL_SCALE, PEAK_DBFS, SPEECH_DBFS
from voicebot.tts.telephone import fade_in, fade_out

_FRAME = SAMPLE_RATE // 100
_MARGIN = 3
_FLOOR = (FULL_SCALE * 10 ** (-50 / 20)) ** 2
_SILENCE = 10 ** (-35 / 10)
_PAUSE = 10 ** (-30 / 10)
_FIRST_FRAMES = 15
"""Voiced frames (150 ms) after which the level of a voice not heard before is taken for known."""
_PRIOR_FRAMES = 50
"""How much the level of earlier sentences counts: as much as half a second of this one."""
_LONGEST_PAUSE = 100
_STEP = 10 ** (0.15 / 20)
"""Change of gain from one frame to the next: 15 dB a second, below what is heard as pumping."""
_RELEASE = 10 ** (1 / 20)
"""Rise from one frame to the next after a peak: short, so that the speech around it does not become quieter."""
_MOST_GAIN = 10 ** (30 / 20)
_CONTEXT = 8


class VoiceLevel:
    """How loud an engine's voice came out so far, so that its next sentence begins at the right level."""

    def __init__(self) -> None:
        self.power: float | None = None

    def heard(self, power: float) -> None:
        """Take in the mean power of the speech of a whole sentence."""
        self.power = power if self.power is None else 0.8 * self.power + 0.2 * power


class TelephoneStream:
    """One sentence from an engine that streams: `feed` what comes, `finish` at its end.

    rate: of the int16 samples fed. level: shared by the sentences of a voice. Silence at the ends is cut to 30 ms.
    Output lags by 2 ms of filter and 10 ms of look-ahead; by 150 ms of speech while the voice is not known yet.
    What comes out does not depend on how the input is cut, given rates that are multiples of 8 kHz.
    """

    def __init__(self, rate: int, level: VoiceLevel) -> None:
        self._resampler = _Resampler(rate)
        self._loose = silence(0)
        self._gate = _Gate()
        self._leveller = _Leveller(level)
        self._begun = False

    def feed(self, samples: npt.NDArray[np.int16]) -> Pcm:
        """What can be said of the audio so far."""
        return self._opened(self._through(self._resampler.push(samples)))

    def finish(self) -> Pcm:
        """The rest."""
        rest = self._through(self._resampler.flush())
        if len(self._loose):
            last = np.zeros(_FRAME, np.int16)
            last[: len(self._loose)] = self._loose
            rest = np.concatenate([rest, *(self._leveller.push(frame) for frame in self._gate.push(last))])
        tail = [self._leveller.push(frame) for frame in self._gate.flush()]
        return fade_out(self._opened(np.concatenate([rest, *tail, self._leveller.flush()])))

    def _opened(self, pcm: Pcm) -> Pcm:
        """`pcm`, faded in if it is the first there is; a frame at least, as everything that comes out."""
        if self._begun or not len(pcm):
            return pcm
        self._begun = True
        return fade_in(pcm)

    def _through(self, pcm: Pcm) -> Pcm:
        line = np.concatenate([self._loose, pcm])
        whole = len(line) // _FRAME * _FRAME
        self._loose = line[whole:]
        out = [silence(0)]
        for start in range(0, whole, _FRAME):
            out += [self._leveller.push(frame) for frame in self._gate.push(line[start : start + _FRAME])]
        return np.concatenate(out)


class _Resampler:
    """To 8 kHz; by whole factors without delay, others through soxr, which holds some 60 ms back."""

    def __init__(self, rate: int) -> None:
        self._even = Downsampler(rate) if rate % SAMPLE_RATE == 0 and rate > SAMPLE_RATE else None
        self._other = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16") if rate % SAMPLE_RATE else None
        self._flush = np.zeros(rate // 250, np.int16)

    def push(self, samples: npt.NDArray[np.int16]) -> Pcm:
        if self._even is not None:
            return self._even.push(samples)
        return samples if self._other is None else self._other.resample_chunk(samples)

    def flush(self) -> Pcm:
        if self._even is not None:
            return self._even.push(self._flush)
        return silence(0) if self._other is None else self._other.resample_chunk(self._flush[:0], last=True)


class _Gate:
    """Leaves silence at the ends out, but for 30 ms, and holds pauses until it is known that speech follows.

    A pause of more than a second is let through: who sends in real time must not make it twice as long.
    """

    def __init__(self) -> None:
        self._loudest = 0.0
        self._begun = False
        self._quiet: deque[Pcm] = deque()

    def push(self, frame: Pcm) -> list[Pcm]:
        power = _power(frame)
        self._loudest = max(self._loudest, power)
        self._quiet.append(frame)
        if power > max(_FLOOR, self._loudest * _SILENCE):
            self._begun = True
        elif not self._begun:
            if len(self._quiet) > _MARGIN:
                self._quiet.popleft()
            return []
        elif len(self._quiet) <= _LONGEST_PAUSE:
            return []
        held = list(self._quiet)
        self._quiet.clear()
        return held

    def flush(self) -> list[Pcm]:
        return list(self._quiet)[:_MARGIN] if self._begun else []


class _Leveller:
    """Brings frames to SPEECH_DBFS, with the gain moving slowly and no true peak above PEAK_DBFS."""

    def __init__(self, level: VoiceLevel) -> None:
        self._level = level
        self._sum = 0.0
        self._voiced = 0
        self._loudest = 0.0
        self._early: list[Pcm] = []
        self._gain: float | None = None
        self._before = np.zeros(_FRAME, np.float32)
        self._frame: npt.NDArray[np.float32] | None = None
        self._edge = 0.0
        self._cap = float("inf")

    def push(self, frame: Pcm) -> Pcm:
        self._measure(frame)
        if self._gain is None and self._level.power is None and self._voiced < _FIRST_FRAMES:
            self._early.append(frame)
            return silence(0)
        return np.concatenate([*(self._level_one(early) for early in self._take_early()), self._level_one(frame)])

    def flush(self) -> Pcm:
        out = [silence(0), *(self._level_one(early) for early in self._take_early())]
        if self._frame is not None:
            out.append(self._level_one(np.zeros(_FRAME, np.int16)))
        if self._voiced:
            self._level.heard(self._sum / self._voiced)
        return np.concatenate(out)

    def _take_early(self) -> list[Pcm]:
        early, self._early = self._early, []
        return early

    def _measure(self, frame: Pcm) -> None:
        power = _power(frame)
        self._loudest = max(self._loudest, power)
        if power > max(_FLOOR, self._loudest * _PAUSE):
            self._sum += power
            self._voiced += 1

    def _wanted(self) -> float:
        known = self._level.power
        weight = _PRIOR_FRAMES if known is not None else 0
        power = (self._sum + weight * (known or 0.0)) / max(1, self._voiced + weight)
        target = FULL_SCALE * 10 ** (SPEECH_DBFS / 20)
        gain = min(_MOST_GAIN, target / np.sqrt(max(power, 1.0)))
        if self._gain is not None:
            gain = float(np.clip(gain, self._gain / _STEP, self._gain * _STEP))
        self._gain = float(gain)
        return self._gain

    def _level_one(self, following: Pcm) -> Pcm:
        """The frame before `following`, its gain ramped between edges that keep both neighbours below the peak."""
        after = following.astype(np.float32)
        here, cap_here = self._frame, self._cap
        if here is None:
            # Nothing has come before: only the first edge is to be found.
            self._frame, self._cap = after, _cap(self._before, after, np.zeros(_FRAME, np.float32))
            self._edge = min(self._wanted(), self._cap)
            return silence(0)
        cap_here = min(cap_here, _cap(self._before, here, after))
        cap_after = _cap(here, after, np.zeros(_FRAME, np.float32))
        start = min(self._edge, cap_here)
        end = min(self._wanted(), cap_here, cap_after, start * _RELEASE)
        ramp = np.linspace(start, end, _FRAME, endpoint=False, dtype=np.float32)
        self._before, self._frame, self._cap, self._edge = here, after, cap_after, end
        levelled: Pcm = np.clip(np.rint(here * ramp), -32768, 32767).astype(np.int16)
        return levelled


def _cap(before: npt.NDArray[np.float32], frame: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> float:
    """The gain at which the true peak of `frame` is PEAK_DBFS."""
    line = np.concatenate([before[-_CONTEXT:], frame, after[:_CONTEXT]])
    peak = float(np.abs(line).max())
    for taps in _BETWEEN:
        peak = max(peak, float(np.abs(np.convolve(line, taps, "valid")).max()))
    return FULL_SCALE * 10 ** (PEAK_DBFS / 20) / max(peak, 1.0)


def _power(frame: npt.NDArray[Any]) -> float:
    wide = frame.astype(np.float64)
    return float(np.dot(wide, wide)) / len(wide)


def _between(fraction: float) -> npt.NDArray[np.float32]:
    """Interpolates a quarter, a half or three quarters of the way to the next sample (ITU-R BS.1770 annex 2)."""
    position = np.arange(2 * _CONTEXT) - _CONTEXT + 1 - fraction
    taps = np.sinc(position) * np.kaiser(2 * _CONTEXT, 4.0)
    unit: npt.NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return unit


_BETWEEN = tuple(_between(quarter / 4) for quarter in (1, 2, 3))
