"""The `dial` verb of a simulated call: the people it rings, the whisper, and how jambonz reports the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

from voicebot.audio import FRAME_SECONDS
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_hooks import CallFacts, Hooks
from voicebot.testing.jambonz_log import CallLog, Dialled, Fault
from voicebot.testing.jambonz_validate import Verb

RING_SECONDS = 60.0
"""jambonz rings this long when the verb has no `timeout`."""

SPEAKING_RATE = 0.06
"""Seconds a letter of a `say` verb takes to speak."""

GATHER_SECONDS = 5.0
"""How long a `gather` without a `timeout` waits for a key."""

MOST_TARGETS = 10


class Outcome(Enum):
    """What a dialled person does.

    REFUSE: answers, and presses another key than the one that takes the call. MACHINE: answers, and presses none.
    VANISH: closes the laptop while it rings.
    """

    ANSWER = "answer"
    BUSY = "busy"
    DECLINE = "decline"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    LEAVES_WHISPER = "leaves-whisper"
    REFUSE = "refuse"
    MACHINE = "machine"
    VANISH = "vanish"


@dataclass(frozen=True, slots=True)
class Agent:
    """A person at the far end of a `dial`.

    after: seconds until they do what they do. talk: seconds they stay once the caller is through.
    press: the key they press when the whisper asks for one; none if "".
    caller_leaves: seconds of ringing after which the caller gives up.
    """

    outcome: Outcome = Outcome.ANSWER
    after: float = 1.0
    talk: float = 2.0
    press: str = "1"
    caller_leaves: float | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    call_status: str
    sip_status: int | None
    bridged: bool = False


@dataclass(frozen=True, slots=True)
class _Leg:
    """One phone that rings. whisper: what was said to the person so far."""

    agent: Agent
    target: Mapping[str, Any]
    sid: str
    whisper: list[str] = field(default_factory=list)

    def until(self, timeout: float) -> float:
        """Seconds of ringing after which it is settled, or answered."""
        return timeout if self.agent.outcome is Outcome.NO_ANSWER else min(self.agent.after, timeout)

    @property
    def pressed(self) -> str:
        """The key the person presses when asked, or ""."""
        return {Outcome.REFUSE: "2", Outcome.MACHINE: ""}.get(self.agent.outcome, self.agent.press)


_REFUSALS: Mapping[Outcome, _Result] = {
    Outcome.BUSY: _Result("busy", 486),
    Outcome.DECLINE: _Result("failed", 603),
    Outcome.UNREACHABLE: _Result("failed", 404),
    Outcome.VANISH: _Result("failed", 480),
}

_RANG_OUT = _Result("ringing", 180)
"""On a ring timeout jambonz 0.9.8 reports the last provisional status, not its `no-answer`."""

_LEFT = _Result("completed", None)
"""A person who hangs up during the whisper ends an answered leg: `completed`, but without a SIP status."""


class Dialler:
    """Rings people for a call.

    agents: who answers, by the target's name, number or SIP URI; `other` for everybody else.
    hold: lets the call wait for so many seconds; False when the caller hung up meanwhile.
    """

    def __init__(
        self,
        facts: CallFacts,
        hooks: Hooks,
        log: CallLog,
        clock: Clock,
        agents: Mapping[str, Agent],
        other: Agent,
        hold: Callable[[float], Awaitable[bool]],
        leave: Callable[[], None],
        status_hook: str,
    ) -> None:
        self._facts = facts
        self._hooks = hooks
        self._log = log
        self._clock = clock
        self._agents = agents
        self._other = other
        self._hold = hold
        self._leave = leave
        self._status_hook = status_hook
        self._winner: _Leg | None = None

    async def dial(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ring every target at once; the first to accept wins. Returns what the `actionHook` is told."""
        timeout = float(options.get("timeout", RING_SECONDS))
        began = self._clock.now()
        legs = [_Leg(self._agent(target), target, str(uuid4())) for target in options["target"][:MOST_TARGETS]]
        legs.sort(key=lambda leg: leg.until(timeout))
        running = {asyncio.create_task(self._ring(leg, options, began, timeout)): leg for leg in legs}
        last = legs[-1] if legs else None
        result = _Result("trying", 100)
        leaves = min(
            (leg.agent.caller_leaves for leg in legs if leg.agent.caller_leaves is not None), default=None
        )
        try:
            while running and not result.bridged:
                if leaves is not None and self._clock.now() - began >= leaves:
                    self._leave()
                if not await self._hold(FRAME_SECONDS):
                    self._end(running, options, "abandoned")
                    result = _RANG_OUT
                    break
                for task in [task for task in running if task.done()]:
                    if not result.bridged:
                        last = running.pop(task)
                        result = task.result()
        finally:
            self._end(running, options, "cancelled")
        if result.bridged and last is not None:
            await self._hold(min(last.agent.talk, float(options.get("timeLimit", last.agent.talk))))
        told: dict[str, Any] = {"dial_call_status": result.call_status}
        told |= {} if last is None else {"dial_call_sid": last.sid}
        return told if result.sip_status is None else {**told, "dial_sip_status": result.sip_status}

    def _end(self, running: dict[asyncio.Task[_Result], _Leg], options: Mapping[str, Any], outcome: str) -> None:
        """Stop ringing everybody who is left."""
        for task, leg in running.items():
            task.cancel()
            self._dialled(leg.target, options, outcome, " ".join(leg.whisper))
        running.clear()

    async def _ring(self, leg: _Leg, options: Mapping[str, Any], began: float, longest: float) -> _Result:
        await self._clock.until(began + leg.until(longest))
        return await self._settle(leg, options, timed_out=leg.agent.after > longest)

    def _agent(self, target: Mapping[str, Any]) -> Agent:
        return self._agents.get(_address(target), self._other)

    async def _settle(self, leg: _Leg, options: Mapping[str, Any], timed_out: bool) -> _Result:
        agent, target = leg.agent, leg.target
        outcome = agent.outcome
        if timed_out or outcome is Outcome.NO_ANSWER:
            result, outcome = _RANG_OUT, Outcome.NO_ANSWER
        elif outcome in _REFUSALS:
            result = _REFUSALS[outcome]
        else:
            await self._status(leg, "in-progress", 200)
            hook = target.get("confirmHook") or options.get("confirmHook")
            accepted = await self._confirm(hook, leg) if hook else True
            if outcome is Outcome.LEAVES_WHISPER:
                result = _LEFT
            elif accepted:
                result = _Result("completed", 200, bridged=True)
            else:
                result = _Result("in-progress", 200)
                outcome = Outcome.DECLINE if outcome is Outcome.ANSWER else outcome
            if result.bridged and self._winner is not None:
                # Somebody else was through a moment earlier, and this leg is about to be cancelled.
                await asyncio.Event().wait()
            self._winner = leg if result.bridged else self._winner
        self._dialled(target, options, outcome.value, " ".join(leg.whisper))
        await self._status(leg, "completed" if result.bridged else result.call_status, result.sip_status)
        return result

    async def _confirm(self, hook: Any, leg: _Leg) -> bool:
        """Run the confirmHook's verbs on the answered leg; a hook that fails hangs up on the person."""
        answer = await self._hooks.post(hook, self._body(leg, "in-progress", 200))
        verbs = list(answer.verbs)
        while verbs:
            verb = verbs.pop(0)
            match verb.name:
                case "say":
                    await self._whisper(verb.options, leg)
                case "gather":
                    await self._whisper(verb.options.get("say") or {}, leg)
                    if leg.agent.outcome is Outcome.LEAVES_WHISPER:
                        return False
                    verbs = await self._gather(verb, leg) or verbs
                case "hangup":
                    return False
                case "play" | "pause" | "config" | "tag":
                    pass
                case _:
                    self._log.write(Fault(self._clock.now(), f"{verb.name} is not allowed in a confirmHook"))
                    return False
        return answer.ok

    async def _gather(self, verb: Verb, leg: _Leg) -> list[Verb]:
        hook = verb.options.get("actionHook")
        if not hook:
            return []
        pressed = leg.pressed
        if not pressed:
            await self._clock.until(self._clock.now() + float(verb.options.get("timeout", GATHER_SECONDS)))
        result = {"digits": pressed, "reason": "dtmfDetected"} if pressed else {"reason": "timeout"}
        return (await self._hooks.post(hook, {**self._body(leg, "in-progress", 200), **result})).verbs

    async def _whisper(self, say: Mapping[str, Any], leg: _Leg) -> None:
        text = say.get("text", "")
        words = text if isinstance(text, str) else " ".join(str(part) for part in text)
        leg.whisper.append(words)
        await self._clock.until(self._clock.now() + SPEAKING_RATE * len(words))

    def _dialled(self, target: Mapping[str, Any], options: Mapping[str, Any], outcome: str, whisper: str) -> None:
        headers = {**(options.get("headers") or {}), **(target.get("headers") or {})}
        self._log.write(Dialled(self._clock.now(), target, headers, outcome, whisper))

    def _body(self, leg: _Leg, call_status: str, sip_status: int | None) -> dict[str, Any]:
        changes = {"call_sid": leg.sid, "parent_call_sid": self._facts.call_sid, "direction": "outbound"}
        statuses = {"call_status": call_status, "sip_status": sip_status, "to": _address(leg.target)}
        return self._facts.later(**changes, **statuses)

    async def _status(self, leg: _Leg, call_status: str, sip: int | None) -> None:
        if self._status_hook:
            await self._hooks.post(self._status_hook, self._body(leg, call_status, sip))


def _address(target: Mapping[str, Any]) -> str:
    return str(target.get("name") or target.get("number") or target.get("sipUri") or "")
