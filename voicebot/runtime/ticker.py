"""One steady beat for all calls of a process: cheaper and steadier than a timer each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil

import structlog

from voicebot.audio import FRAME_SECONDS

log = structlog.get_logger()

Beat = Callable[[float], None]

WAY_IN = 3
"""Rounds of the loop that bytes take from the socket to the call they are for."""

MOST_ROUNDS = 25
"""Rounds a late beat waits at most besides, each for one more message of every call: half a second of audio."""


class Ticker:
    """Calls every joined beat once per 20 ms with the loop's time.

    lateness: how late the last beat came, in seconds; a measure of the event loop's load.
    """

    def __init__(self) -> None:
        self._beats: set[Beat] = set()
        self.lateness = 0.0

    def join(self, beat: Beat) -> None:
        """Call `beat(now)` from the next beat on."""
        self._beats.add(beat)

    async def run(self) -> None:
        """Beat until cancelled. Beats that were missed because the loop was busy are not made up for.

        What reached the sockets while the loop was busy is read before a late beat: unread audio is no silence.
        """
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - clock()))
            now = clock()
            self.lateness = now - due
            if self.lateness > FRAME_SECONDS:
                due = now
                await _read_first(self.lateness)
            for beat in tuple(self._beats):
                try:
                    beat(now)
                except Exception:
                    # One call's fault must not take the time from all the others.
                    log.exception("ticker.beat_failed")


async def _read_first(late: float) -> None:
    """Let the loop read what came in `late` seconds."""
    for _ in range(WAY_IN + min(ceil(late / FRAME_SECONDS), MOST_ROUNDS)):
        await asyncio.sleep(0)
