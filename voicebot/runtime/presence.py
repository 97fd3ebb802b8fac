"""Tells the webhooks that this media process is alive, whether it has room, and whether its hearing keeps up."""

from __future__ import annotations

import asyncio
import math

import structlog

from voicebot.asr.port import Recognizer
from voicebot.errors import StoreError
from voicebot.runtime.capacity import Capacity
from voicebot.settings import Asr, Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Node, Sessions

log = structlog.get_logger()

ANNOUNCE_SECONDS = 1.0
HEARTBEAT_EVERY = 10
"""Announcements per heartbeat in the database, which is written to less often."""


LATE_LOOKS = 3
"""Announcements running that find the recogniser behind, from which it counts: a single slow batch is no queue."""


class Presence:
    """Announces the node every second and beats its heart in the database every ten.

    A node whose recogniser is behind announces itself not ready, so that calls go elsewhere, or to a person.

    deaf: set when it has been behind, with no call to blame, for as long as the settings have patience: a model
    that hangs or a GPU whose context is lost cannot be mended inside the process.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        records: Records,
        capacity: Capacity,
        recognizer: Recognizer,
        deaf: asyncio.Event | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._records = records
        self._capacity = capacity
        self._recognizer = recognizer
        self._deaf = deaf
        self._late = 0
        self._idle_late = 0

    async def run(self) -> None:
        """Announce until cancelled; a store that is away is tried again."""
        beats = 0
        while True:
            try:
                await asyncio.to_thread(self._announce, not self._capacity.draining and self._keeps_up())
                if beats % HEARTBEAT_EVERY == 0:
                    await asyncio.to_thread(self._records.heartbeat, self._settings.node)
            except StoreError as error:
                log.error("presence.failed", error=str(error))
            beats += 1
            self._lose_patience()
            await asyncio.sleep(ANNOUNCE_SECONDS)

    async def leave(self) -> None:
        """Say that no calls are taken any more."""
        try:
            await asyncio.to_thread(self._announce, False)
        except StoreError as error:
            log.error("presence.failed", error=str(error))

    def _keeps_up(self) -> bool:
        load = self._recognizer.load
        behind = self._late >= LATE_LOOKS
        if load == math.inf:
            self._late = LATE_LOOKS
        else:
            self._late = min(LATE_LOOKS, self._late + 1) if load > self._settings.asr_max_wait else 0
        if (self._late >= LATE_LOOKS) != behind:
            log.warning("recognizer.caught_up" if behind else "recognizer.behind", wait=round(load, 2))
        return self._late < LATE_LOOKS

    def _lose_patience(self) -> None:
        # A server that hears for us is not mended by starting ourselves anew.
        patience = self._settings.asr_give_up if self._settings.asr is Asr.LOCAL else 0.0
        at_fault = self._late >= LATE_LOOKS and not self._capacity.held
        self._idle_late = self._idle_late + 1 if at_fault else 0
        if self._deaf is not None and patience and self._idle_late * ANNOUNCE_SECONDS >= patience:
            self._deaf.set()

    def _announce(self, ready: bool) -> None:
        self._sessions.announce(
            Node(
                name=self._settings.node,
                url=self._settings.ws_url,
                calls=self._capacity.held,
                capacity=self._capacity.limit,
                ready=ready,
            )
        )
