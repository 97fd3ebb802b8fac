"""Whether somebody speaks: the seam to voice detection, and the choice between detectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from voicebot.audio.pcm import Pcm
from voicebot.settings import Vad


class VoiceDetector(Protocol):
    """Follows the audio of one call. Every call has its own."""

    def probability(self, frame: Pcm) -> float:
        """How likely speech is at the end of `frame`, 0..1.

        Frames are 160 samples at 8 kHz, in order, none left out.
        """
        ...


def detectors(kind: Vad) -> Callable[[], VoiceDetector]:
    """A maker of detectors of this kind; what can be shared between calls is loaded once, here."""
    if kind is Vad.SILERO:
        from voicebot.audio.silero import SileroDetector, load

        session = load()
        return lambda: SileroDetector(session)
    from voicebot.audio.webrtc import WebrtcDetector

    return WebrtcDetector
