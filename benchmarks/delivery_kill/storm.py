"""The storm: callers without a pause, processes killed at random, a HubSpot that loses answers and goes away."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.conftest import quick_dialog
from tests.e2e.server import Installation, Process, hubspot_settings
from tests.e2e.telephone import CALLER, Finished, jambonz, notes_of
from tests.store.conftest import RedisServer
from voicebot.testing.caller import HangUp, Press, Step, Wait
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.jambonz_dial import Agent
from voicebot.testing.vendor import Fault

KINDS = ("web", "media", "worker")

LOST_EVERY = 20
"""One request in so many is carried out by the CRM, and its answer lost: 5 %."""

LEASE = 61.0
"""Seconds after which work of a process that died is taken up by another, and a little."""

SETTLE_SECONDS = 120.0

TURNED_AWAY = 0.25
"""Seconds; a call that is over sooner was not answered: every caller waits longer than that before hanging up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard it blows. callers: at once. outage: seconds for which the CRM answers nothing but errors."""

    calls: int
    kills: int
    callers: int = 5
    outage: float = 20.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was left.

    calls: made. refused: times that nobody answered the first webhook, so that the caller had to ring again.
    unheard: answered by the webhooks, but their media process was dead: they went to the fallback person.
    recorded: calls with a record: those that ended with us. notes: how many calls have how many notes.
    strays: notes about no recorded call. kills: by process. lost: answers the CRM lost.
    attempts: of all deliveries.
    """

    calls: int
    refused: int
    unheard: int
    recorded: int
    notes: Counter[int]
    strays: int
    kills: Counter[str]
    lost: int
    attempts: int
    seconds: float

    @property
    def missing(self) -> int:
        """Calls that ended and left no note."""
        return self.notes[0]

    @property
    def doubled(self) -> int:
        """Calls with more than one note."""
        return sum(many for notes, many in self.notes.items() if notes > 1)

    @property
    def sound(self) -> bool:
        """Whether every call that ended left exactly one note."""
        return not (self.missing or self.doubled or self.strays) and self.notes[1] == self.recorded > 0


@dataclass(slots=True)
class _Storm:
    server: Installation
    hubspot: FakeHubSpot
    redis_url: str
    plan: Plan
    say: Callable[[str], None]
    random: random.Random
    processes: dict[str, Process] = field(default_factory=dict)
    finished: list[Finished] = field(default_factory=list)
    refused: int = 0
    begun: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    ringing: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def blow(self) -> None:
        for kind in KINDS:
            self.processes[kind] = self.server.start(kind, redis_url=self.redis_url)
        await self.server.ready(*self.processes.values())
        blowing = [asyncio.create_task(work) for work in (self._lose_answers(), self._go_away())]
        # Where processes start slowly, the last kills come when all have rung.
        await asyncio.gather(self._kill(), *(self._call() for _ in range(self.plan.callers)))
        for task in blowing:
            task.cancel()
        results = await asyncio.gather(*blowing, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _call(self) -> None:
        """One caller after the other; some ask for a person."""
        while self.begun < self.plan.calls:
            async with self.ringing:
                self.begun += 1
                self.ringing.notify_all()
            pause = self.random.uniform(0.3, 2.5)
            steps: tuple[Step, ...] = (Wait(pause), HangUp())
            if self.random.random() < 0.2:
                steps = (Wait(pause), Press("0"), Wait(4.0), HangUp())
            started = time.monotonic()
            call = await jambonz(self.server, *steps, agent=Agent(talk=0.3))
            if time.monotonic() - started > TURNED_AWAY:
                self.finished.append(call)
                continue
            # Nobody answered the webhook: the caller rings again a little later.
            self.refused += 1
            self.begun -= 1
            await asyncio.sleep(TURNED_AWAY)

    async def _reached(self, calls: float) -> None:
        async with self.ringing:
            await self.ringing.wait_for(lambda: self.begun >= calls)

    async def _kill(self) -> None:
        """Spread over all calls; what was killed is started again at once."""
        for number in range(1, self.plan.kills + 1):
            await self._reached(number * self.plan.calls / (self.plan.kills + 1))
            await asyncio.sleep(self.random.uniform(0, 0.5))
            kind = KINDS[number % len(KINDS)]
            self.processes[kind].kill()
            self.kills[kind] += 1
            self.processes[kind] = self.server.start(kind, redis_url=self.redis_url)
            await self.server.ready(self.processes[kind])
            self.say(f"  kill {number:3} {kind:7} after {self.begun} calls, {len(self.hubspot.notes)} notes")

    async def _lose_answers(self) -> None:
        seen = 0
        while True:
            if len(self.hubspot.requests) - seen >= LOST_EVERY:
                seen = len(self.hubspot.requests)
                self.hubspot.fail(Fault.LOST)
                self.lost += 1
            await asyncio.sleep(0.01)

    async def _go_away(self) -> None:
        await self._reached(self.plan.calls / 3)
        self.hubspot.fail(Fault.BROKEN, times=1_000_000)
        self.say(f"  the CRM is down for {self.plan.outage:g} s")
        try:
            await asyncio.sleep(self.plan.outage)
        finally:
            self.hubspot.heal()


async def storm(folder: Path, plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Let it blow, wait until nothing is left to do, and count. Needs redis-server on PATH."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise FileNotFoundError("redis-server is not on PATH")
    redis = RedisServer(binary, folder)
    redis.start()
    begun = time.monotonic()
    try:
        with FakeHubSpot() as hubspot:
            hubspot.account.add_contact(firstname="Ada", phone=CALLER)
            dialog = str(quick_dialog(folder))
            with Installation(folder, dialog=dialog, **hubspot_settings(hubspot.url)) as server:
                blown = _Storm(server, hubspot, redis.url(), plan, say, random.Random(plan.seed))
                await blown.blow()
                await _settle(server, say)
                return _count(server, blown, time.monotonic() - begun)
    finally:
        redis.kill()


async def _settle(server: Installation, say: Callable[[str], None]) -> None:
    """Wait until no call is live and no note is owed, making the time pass that processes wait for."""
    say("  the last caller is gone; waiting for what is still owed")
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        await asyncio.to_thread(server.time_passes, LEASE)
        await asyncio.sleep(3.0)
        (live,) = _ask(server, "SELECT count(*) FROM calls WHERE state = 'live'")
        (owed,) = _ask(server, "SELECT count(*) FROM deliveries WHERE state = 'pending'")
        if not (live[0] or owed[0]):
            return
    say(f"  after {SETTLE_SECONDS:g} s still {live[0]} calls live and {owed[0]} notes owed")


def _count(server: Installation, blown: _Storm, seconds: float) -> Outcome:
    recorded = [row[0] for row in _ask(server, "SELECT call_id FROM calls")]
    notes = {call_id: len(notes_of(blown.hubspot, call_id)) for call_id in recorded}
    unheard = {call.call_id for call in blown.finished} - set(recorded)
    return Outcome(
        calls=blown.begun,
        refused=blown.refused,
        unheard=len(unheard),
        recorded=len(recorded),
        notes=Counter(notes.values()),
        strays=len(blown.hubspot.notes) - sum(notes.values()),
        kills=blown.kills,
        lost=blown.lost,
        attempts=sum(row[0] for row in _ask(server, "SELECT attempts FROM deliveries")),
        seconds=seconds,
    )


def _ask(server: Installation, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(server.data / "voicebot.db", timeout=10)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()
