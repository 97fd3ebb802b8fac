"""Whether somebody speaks: the seam to voice detection, and the choice between detectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from voicebot.audio.pcm import Pcm
from voicebot.settings import Vad


class VoiceDetection(Protocol):
    """Follows the voices of all calls of a process: a network costs far less when it is asked for many at once."""

    def begin(self) -> int:
        """Follow one more voice; its number until `end`."""
        ...

    def end(self, voice: int) -> None:
        """Follow `voice` no longer."""
        ...

    def probabilities(self, voices: Sequence[int], frames: Sequence[Pcm]) -> list[float]:
        """How likely speech is at the end of the next frame of each of `voices`, 0..1.

        Frames are 160 samples at 8 kHz; those of one voice come in order, none left out. No voice is named twice.
        """
        ...


class VoiceDetector(Protocol):
    """Follows one voice."""

    def probability(self, frame: Pcm) -> float:
        """How likely speech is at the end of `frame`, as in `VoiceDetection`."""
        ...


class EachByItself:
    """Detection by a detector for each voice, for those that gain nothing from company."""

    def __init__(self, make: Callable[[], VoiceDetector]) -> None:
        self._make = make
        self._numbers = count()
        self._detectors: dict[int, VoiceDetector] = {}

    def begin(self) -> int:
        """As `VoiceDetection.begin`."""
        voice = next(self._numbers)
        self._detectors[voice] = self._make()
        return voice

    def end(self, voice: int) -> None:
        """As `VoiceDetection.end`."""
        del self._detectors[voice]

    def probabilities(self, voices: Sequence[int], frames: Sequence[Pcm]) -> list[float]:
        """As `VoiceDetection.probabilities`."""
        detectors = self._detectors
        return [detectors[voice].probability(frame) for voice, frame in zip(voices, frames, strict=True)]


def detection(kind: Vad) -> VoiceDetection:
    """Voice detection of this kind; its network, if it has one, is loaded here."""
    if kind is Vad.SILERO:
        from voicebot.audio.silero import SileroDetection, load

        return SileroDetection(load())
    from voicebot.audio.webrtc import WebrtcDetector

    return EachByItself(WebrtcDetector)
