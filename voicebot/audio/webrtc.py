"""The WebRTC voice detector: next to no CPU, but easily fooled by noise."""

from __future__ import annotations

from collections import deque

import webrtcvad

from voicebot.audio.framing import Framer
from voicebot.audio.pcm import SAMPLE_RATE, Pcm

_MODE = 3
"""The least trusting of its four modes; the others take line noise at 10 dB for speech."""

_VOTES = 3
"""Frames over which yes and no are averaged: a click does not begin a turn, a stop consonant does not end it."""


class WebrtcDetector:
    """Share of the last three frames that sounded like speech: 0, 1/3, 2/3 or 1."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(_MODE)
        self._frames = Framer()
        self._votes = deque([False] * _VOTES, _VOTES)

    def probability(self, frame: Pcm) -> float:
        """The vote after the newest complete frame of 20 ms."""
        for whole in self._frames.feed(frame):
            self._votes.append(self._vad.is_speech(whole.tobytes(), SAMPLE_RATE))
        return sum(self._votes) / _VOTES
