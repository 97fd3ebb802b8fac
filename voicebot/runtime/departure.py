"""How a call leaves the bot: the plan is stored first, then the gateway is told, then the socket is closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from voicebot.call.record import Disposition, EndEntry
from voicebot.dialog.port import Dialog
from voicebot.dialog.types import HangUp, Transfer
from voicebot.errors import StoreError
from voicebot.gateways.port import Wire
from voicebot.runtime.socket import Connection, Outlet
from voicebot.store.sessions import Session, Sessions

log = structlog.get_logger()

CLOSE_SECONDS = 2.0
"""How long the gateway may take to close the stream we ended."""

RETURN_MARGIN_SECONDS = 30.0
"""Time beyond the ringing after which a caller will not come back from a transfer nobody answered."""

MOST_SECONDS_AWAY = 900.0
"""A note that is held waits no longer than this for a gateway that does not tell of the call's end."""


class Departure:
    """The end of one stream. `begin` may be called more than once; the first plan counts."""

    def __init__(
        self,
        session: Session,
        wire: Wire,
        outlet: Outlet,
        connection: Connection,
        sessions: Sessions,
        dialog: Dialog,
    ) -> None:
        self._session = session
        self._wire = wire
        self._outlet = outlet
        self._connection = connection
        self._sessions = sessions
        self._dialog = dialog
        self._task: asyncio.Task[None] | None = None

    def begin(self, plan: Transfer | HangUp) -> None:
        """Leave the call to `plan`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._leave(plan))

    def hold(self, entry: EndEntry) -> float:
        """Seconds during which the caller may still come back to the bot."""
        if entry.disposition is not Disposition.TRANSFERRED:
            return 0.0
        every = sum(target.seconds for target in self._dialog.targets.values())
        return min(every, MOST_SECONDS_AWAY) + RETURN_MARGIN_SECONDS

    async def finished(self) -> None:
        """Returns when a departure that was begun is over."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _leave(self, plan: Transfer | HangUp) -> None:
        try:
            await asyncio.to_thread(self._store, plan)
        except StoreError as error:
            log.error("plan.not_stored", call=self._session.call_id, error=str(error))
        except Exception:
            # Whatever it was, the stream has to end: without a plan the caller is put through to the fallback.
            log.exception("plan.not_stored", call=self._session.call_id)
        self._outlet.put(self._wire.end())
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connection.wait_closed()
        except TimeoutError:
            pass
        await self._connection.close()

    def _store(self, plan: Transfer | HangUp) -> None:
        session = self._sessions.get(self._session.call_id) or self._session
        if isinstance(plan, Transfer):
            context_id = self._sessions.issue_context(session.call_id)
            session = replace(session, context_id=context_id, contexts={}, step=0, answered="", answer=None)
        self._sessions.put(replace(session, plan=plan))
