"""The `enqueue` verb of a simulated call: waiting, what the caller hears meanwhile, and who fetches them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_dial import SPEAKING_RATE, Agent, Outcome
from voicebot.testing.jambonz_hooks import CallFacts, Hooks
from voicebot.testing.jambonz_log import CallLog, Fault, Queued
from voicebot.testing.jambonz_validate import Verb

BEAT_SECONDS = 0.1
"""A caller in silence is looked after this often."""

_ALLOWED = ("play", "say", "pause", "tag", "leave")


class Queue:
    """A queue with one caller.

    agent: fetches the caller after `agent.after` seconds, if they answer calls at all.
    hold: lets the call wait for so many seconds; False when the caller hung up meanwhile.
    """

    def __init__(
        self,
        facts: CallFacts,
        hooks: Hooks,
        log: CallLog,
        clock: Clock,
        agent: Agent,
        hold: Callable[[float], Awaitable[bool]],
    ) -> None:
        self._facts = facts
        self._hooks = hooks
        self._log = log
        self._clock = clock
        self._agent = agent
        self._hold = hold
        self._heard: list[str] = []
        self._began = clock.now()
        self._fetched = self._began + (agent.after if agent.outcome is Outcome.ANSWER else math.inf)

    async def wait(self, name: str, wait_hook: Any) -> dict[str, Any]:
        """Wait until fetched, told to leave, or gone. Returns what the `actionHook` is told."""
        sid = f"queue:{self._facts.account_sid}:{name}"
        result = await self._programme(sid, wait_hook) if wait_hook else await self._silence()
        waited = self._waited
        if result == "bridged":
            result = "bridged" if await self._hold(self._agent.talk) else "hangup"
        self._log.write(Queued(self._clock.now(), name, tuple(self._heard), result))
        return {"queue_sid": sid, "queue_time": waited, "queue_result": result}

    @property
    def _waited(self) -> int:
        return int(self._clock.now() - self._began)

    async def _programme(self, sid: str, wait_hook: Any) -> str:
        while True:
            place = {"queue_size": 1, "queue_position": 0, "call_sid": self._facts.call_sid}
            told = {"queue_sid": sid, "queue_time": self._waited, "call_id": self._facts.call_sid}
            answer = await self._hooks.post(wait_hook, {**told, **place})
            refused = [verb.name for verb in answer.verbs if verb.name not in _ALLOWED]
            if refused or not answer.verbs:
                why = f"{refused[0]} is not allowed" if refused else "it answered nothing"
                self._log.write(Fault(self._clock.now(), f"waitHook: {why}; the caller waits in silence"))
                return await self._silence()
            for verb in answer.verbs:
                if verb.name == "leave":
                    return "leave"
                if (result := await self._pass(self._seconds(verb))) is not None:
                    return result

    async def _silence(self) -> str:
        while (result := await self._pass(BEAT_SECONDS)) is None:
            pass
        return result

    async def _pass(self, seconds: float) -> str | None:
        left = self._fetched - self._clock.now()
        if not await self._hold(max(0.0, min(seconds, left))):
            return "hangup"
        return "bridged" if left <= seconds else None

    def _seconds(self, verb: Verb) -> float:
        match verb.name:
            case "say":
                words = str(verb.options.get("text", ""))
                self._heard.append(words)
                return SPEAKING_RATE * len(words)
            case "pause":
                return float(verb.options["length"])
            case "play":
                return float(verb.options.get("timeoutSecs", 1.0))
            case _:
                return 0.0
