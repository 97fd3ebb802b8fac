"""Who calls: asks every CRM for the people with the caller's number, while the caller is greeted.

Nobody waits for the answer, so it may be missing: a CRM that is slow, fails, or is left alone is skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Protocol

import structlog

from voicebot.crm import numbers
from voicebot.crm.finder import LOOK_SECONDS, Finder
from voicebot.crm.numbers import Number
from voicebot.errors import CrmError, CrmThrottled, CrmUnauthorized, StoreError
from voicebot.people import People
from voicebot.store.database import utc_now
from voicebot.store.views import Target

BREAK_AFTER = 3
"""Failures in a row after which a CRM is not asked for a while."""

BREAK_SECONDS, REFUSED_SECONDS = 30.0, 300.0
"""That while, and the one after it refused our credential."""

log = structlog.get_logger()


class Targets(Protocol):
    """How the CRMs are, as `voicebot.store.targets.Targets` keeps it."""

    def all(self) -> Sequence[Target]: ...


class Callers:
    """Asks several CRMs at once. Thread-safe.

    finders: by the CRM's name. targets: which CRMs are to be left alone; what fails here does not count there, for
    a delivery can wait longer. region: country (ISO 3166) of numbers without a country code.
    now: the time of day, aware, UTC; clock: seconds.
    """

    def __init__(
        self,
        finders: Mapping[str, Finder],
        targets: Targets,
        region: str,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._targets = targets
        self._region = region
        self._now = now
        # One thread each, so that a slow CRM holds up nobody but itself.
        self._crms = {name: _OneCrm(name, finder, clock) for name, finder in finders.items()}
        self._threads = {name: ThreadPoolExecutor(1, thread_name_prefix=f"callers-{name}") for name in finders}

    def find(self, phone: str) -> People:
        """Who has this number, within `LOOK_SECONDS`; nobody for a number that is withheld or none."""
        asked = self._ask(phone)
        wait(asked.values(), LOOK_SECONDS)
        return _together(asked)

    async def look_up(self, phone: str) -> People:
        """As `find`, without holding up the event loop."""
        asked = self._ask(phone)
        waiting = [asyncio.wrap_future(each) for each in asked.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=LOOK_SECONDS)
        found = _together(asked)
        for each in waiting:
            each.cancel()
        return found

    def close(self) -> None:
        """Ask nobody any more; what is under way ends by itself."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, phone: str) -> Mapping[str, Future[People | None]]:
        number = numbers.parse(phone, self._region)
        if number is None:
            return {}
        try:
            return {name: self._threads[name].submit(self._one, crm, number) for name, crm in self._crms.items()}
        except RuntimeError:
            # Closed: the process is about to end.
            return {}

    def _one(self, crm: _OneCrm, number: Number) -> People | None:
        try:
            if any(target.name == crm.name and target.until > self._now() for target in self._targets.all()):
                return None
        except StoreError as error:
            log.error("callers.store_failed", error=str(error))
        return crm.find(number)


class _OneCrm:
    """One CRM, and whether it is worth asking."""

    def __init__(self, name: str, finder: Finder, clock: Callable[[], float]) -> None:
        self.name = name
        self._finder = finder
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    def find(self, number: Number) -> People | None:
        """Who has the number; None if the CRM does not say."""
        if self._clock() < self._until:
            return None
        try:
            found = self._finder.find(number)
        except CrmError as error:
            self._failures += 1
            pause = self._pause(error)
            self._until = self._clock() + pause
            log.warning("callers.unknown", crm=self.name, error=str(error), paused_seconds=round(pause))
            return None
        except Exception as error:
            # A bug of ours: its text may quote the caller.
            log.error("callers.failed", crm=self.name, error=type(error).__name__)
            return None
        self._failures = 0
        return found

    def _pause(self, error: CrmError) -> float:
        if isinstance(error, CrmUnauthorized):
            return REFUSED_SECONDS
        if isinstance(error, CrmThrottled):
            return error.retry_after or 0.0
        return BREAK_SECONDS if self._failures >= BREAK_AFTER else 0.0


def _together(asked: Mapping[str, Future[People | None]]) -> People:
    """What has been said by now; who has not begun to look is not to."""
    answers = [None if each.cancel() or not each.done() else each.result() for each in asked.values()]
    said = [answer for answer in answers if answer is not None]
    matches = tuple(match for people in said for match in people.matches)
    return People(matches, sum(people.total for people in said), bool(asked) and len(said) == len(asked))
