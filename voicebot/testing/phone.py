"""The seam between a simulated gateway and who is on the phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voicebot.audio import Pcm

AUDIBLE = 200
"""Amplitude (of 32768, -44 dBFS) from which audio counts as sound and not as line noise."""


def audible(pcm: Pcm) -> bool:
    """Whether there is a sound in `pcm`."""
    return bool(len(pcm)) and int(np.abs(pcm.astype(np.int32)).max()) >= AUDIBLE


@dataclass(frozen=True, slots=True)
class Heard:
    """What the earpiece plays for 20 ms.

    playing: the gateway has audio of the bot to play, silent or not.
    """

    pcm: Pcm
    playing: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the caller does for 20 ms.

    pcm: one frame; None while the caller is silent, when a phone with DTX sends nothing.
    keys: pressed in this tick.
    """

    pcm: Pcm | None = None
    keys: str = ""
    hang_up: bool = False


class Phone(Protocol):
    """Somebody on the line. `now`: seconds of the simulation."""

    def tick(self, heard: Heard | None, now: float) -> Spoken:
        """20 ms pass; `heard` is None while no bot is on the line (it rings elsewhere, or a person talks)."""
        ...

    def arrived(self, pcm: Pcm, now: float) -> None:
        """Audio of the bot reached the gateway; it is heard later."""
        ...
