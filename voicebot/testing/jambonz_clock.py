"""The simulated gateway's time."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds since it was made.

    speed: how many of them pass in one second of the wall clock. More than 1 suits bots that keep no time of their
    own, as the scripted ones in tests.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._start) * self._speed

    async def until(self, moment: float) -> None:
        """Wait; a moment that has passed only lets others run."""
        await asyncio.sleep(max(0.0, (moment - self.now()) / self._speed))
