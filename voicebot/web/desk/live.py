"""The live side of the pages: a WebSocket for each open page, and one task that looks for changes for all of them.

A page shows a single-use token first. From then on it is sent the parts it shows whenever they change, each as
HTML that replaces the element of that id; after a break it gets them all again, so it cannot miss anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voicebot.crm.callers import Callers
from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.web.desk.asking import Asking
from voicebot.web.desk.calls import call_for
from voicebot.web.desk.open_page import Page
from voicebot.web.desk.painter import Painter
from voicebot.web.desk.showing import Showing

log = structlog.get_logger()

LOOK_SECONDS = 0.4
"""How often changes are looked for while a page is open."""

SIGN_SECONDS = 5.0
"""How often open desks are told to the database; they count as open for three times as long."""

TOKEN_SECONDS = 5.0
"""A page has its token when it connects; who takes longer is none of ours."""

PING_SECONDS = 5.0
"""A browser that does not answer for twice as long is gone: a closed laptop says no goodbye."""

BEAT_SECONDS = 15.0
"""How often a page hears of us at least; `desk.js` waits for more than twice as long."""

SEND_SECONDS = 10.0
"""A page that takes nothing for this long is cut off; it comes back when it can."""

LONGEST_SECONDS = 3600.0
"""After this a page has to come again, with a token that only somebody who is still signed in gets."""

MOST_PAGES = 1000
"""Pages one process serves; one more is refused."""

MOST_STRANGERS = 128
"""Connections that have not shown a token yet. One more pushes out the one that has waited longest: pages show
theirs at once, and calls need the sockets."""

AT_ONCE = 8
"""Pages that are told of a change in one go."""

REFUSED, AWAY, FULL = 4401, 1001, 1013
"""Close codes: not (or no longer) signed in; come again; come again later."""


class LivePages:
    """All open pages of a process.

    node: name of the process, under which desks are present. hold: as in `WrapUps.keep`.
    callers: tells who calls, where the bot has not asked.
    """

    def __init__(
        self, sessions: Sessions, records: Records, node: str, hold: float, callers: Callers | None = None
    ) -> None:
        self._sessions = sessions
        self._records = records
        painter = Painter(sessions, records, Asking(callers, records) if callers is not None else None)
        self._showing = Showing(records, painter, hold)
        self._node = node
        self._hold = hold
        self._pages: set[Page] = set()
        self._strangers: dict[ServerConnection, None] = {}
        self._somebody = asyncio.Event()
        self._changed = asyncio.Event()
        self._failed = False

    @property
    def count(self) -> int:
        """Pages open now."""
        return len(self._pages)

    async def serve(self, connection: ServerConnection) -> None:
        """Hold one page's connection until either side ends it."""
        if len(self._pages) >= MOST_PAGES:
            await connection.close(FULL, "too many pages are open here")
            return
        if len(self._strangers) >= MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()
        self._strangers[connection] = None
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                page = await self._admit(connection, await connection.recv())
        except TimeoutError:
            page = None
        except ConnectionClosed:
            return
        except StoreError as error:
            log.error("desk.store_failed", error=str(error))
            await connection.close(FULL, "the records cannot be read now")
            return
        finally:
            self._strangers.pop(connection, None)
        if page is None:
            await connection.close(REFUSED, "sign in first")
            return
        await self._hold_page(page)

    async def run(self) -> None:
        """Look for changes until cancelled; idle while no page is open."""
        signed = 0.0
        while True:
            await self._somebody.wait()
            now = time.monotonic()
            try:
                if now - signed >= SIGN_SECONDS or self._changed.is_set():
                    self._changed.clear()
                    signed = now
                    await asyncio.to_thread(self._sign, self._agents())
                await self._look()
            except StoreError as error:
                if not self._failed:
                    log.error("desk.store_failed", error=str(error))
                self._failed = True
            except Exception:
                # One bad call must not stop the pages of everybody for good.
                log.exception("desk.look_failed")
                self._failed = True
            await self._show_all({page: {"stale": self._failed} for page in self._pages})
            if not self._pages and not self._changed.is_set():
                self._somebody.clear()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()

    async def _admit(self, connection: ServerConnection, first: str | bytes) -> Page | None:
        """The page behind the first message, or None without a valid token or the right to that view."""
        try:
            asked = json.loads(first)
        except (ValueError, RecursionError):
            return None
        token, view = (asked.get("token"), asked.get("view")) if isinstance(asked, dict) else (None, None)
        if not isinstance(token, str) or not isinstance(view, str):
            return None
        return await asyncio.to_thread(self._recognise, connection, token, view)

    def _recognise(self, connection: ServerConnection, token: str, view: str) -> Page | None:
        name = self._records.desk.redeem_token(token)
        user = self._records.users.get(name) if name else None
        if user is None:
            return None
        page = Page(connection, user, user.password_hash, view)
        if view == "desk":
            return page if user.may(Role.AGENT) else None
        if view == "queue":
            return page if user.may(Role.SUPERVISOR) else None
        kind, _, identity = view.partition(":")
        found = call_for(identity, user, self._sessions, self._records) if kind == "call" else None
        if found is None or not user.may(Role.AGENT, Role.SUPERVISOR):
            return None
        page.call_id = found
        return page

    async def _hold_page(self, page: Page) -> None:
        self._pages.add(page)
        self._stir()
        log.info("desk.opened", view=page.view.partition(":")[0], pages=len(self._pages))
        tasks = [asyncio.create_task(each) for each in (self._send(page), self._ping(page), _listen(page))]
        try:
            await asyncio.wait(tasks, timeout=LONGEST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._pages.discard(page)
            self._stir()
            log.info("desk.closed", view=page.view.partition(":")[0], pages=len(self._pages))
        await page.connection.close(AWAY, "come again")

    def _stir(self) -> None:
        """Have the change of who is there noticed at once."""
        self._changed.set()
        self._somebody.set()

    async def _send(self, page: Page) -> None:
        while True:
            await page.ready.wait()
            page.ready.clear()
            due, page.due = page.due, {}
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await page.connection.send(_message(due))
            except TimeoutError:
                page.connection.transport.abort()
                return
            except ConnectionClosed:
                return

    async def _ping(self, page: Page) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            # A script sees no pings, and takes silence for a connection that is gone without a word.
            page.show({"beat": int(time.monotonic() / BEAT_SECONDS)})
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await (await page.connection.ping())
            except TimeoutError:
                page.connection.transport.abort()
                return
            except ConnectionClosed:
                return

    def _agents(self) -> list[str]:
        return sorted({page.user.name for page in self._pages if page.view == "desk"})

    def _sign(self, agents: Collection[str]) -> None:
        self._records.desk.seen(self._node, agents)
        self._records.wrap_ups.keep(agents, self._hold)

    async def _look(self) -> None:
        pages = list(self._pages)
        if not pages:
            return
        found = await asyncio.to_thread(self._showing.now, pages)
        self._failed = False
        await self._show_all(found)
        for page in pages:
            if page not in found:
                await page.connection.close(REFUSED, "sign in again")

    async def _show_all(self, found: Mapping[Page, Mapping[str, Any]]) -> None:
        for number, (page, parts) in enumerate(found.items(), 1):
            page.show(parts)
            if number % AT_ONCE == 0:
                # Calls share this loop, and are to have their turn between the pages.
                await asyncio.sleep(0)


def _message(due: Mapping[str, Any]) -> str:
    """`due` as it travels: `set` for HTML by element id, the rest by its name; and the time, for counting up."""
    html = ",".join(
        f"{json.dumps(name)}:{_encoded(value)}" for name, value in due.items() if isinstance(value, str)
    )
    rest = {name: value for name, value in due.items() if not isinstance(value, str)}
    return f'{{"now":{time.time():.2f},"set":{{{html}}},"rest":{json.dumps(rest)}}}'


@lru_cache(maxsize=1024)
def _encoded(html: str) -> str:
    """`html` in JSON; most of it goes to many pages."""
    return json.dumps(html)


async def _listen(page: Page) -> None:
    """Returns when the page has gone. What it says is not for us: its buttons send requests."""
    with contextlib.suppress(ConnectionClosed):
        async for _ in page.connection:
            pass
