"""The `dial` verb of a simulated call: the people it rings, the whisper, and how jambonz reports the outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import uuid4

from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_hooks import CallFacts, Hooks
from voicebot.testing.jambonz_log import CallLog, Dialled, Fault
from voicebot.testing.jambonz_validate import Verb

RING_SECONDS = 60.0
"""jambonz rings this long when the verb has no `timeout`."""

SPEAKING_RATE = 0.06
"""Seconds a letter of a `say` verb takes to speak."""

MOST_TARGETS = 10


class Outcome(Enum):
    """What a dialled person does."""

    ANSWER = "answer"
    BUSY = "busy"
    DECLINE = "decline"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    LEAVES_WHISPER = "leaves-whisper"


@dataclass(frozen=True, slots=True)
class Agent:
    """A person at the far end of a `dial`.

    after: seconds until they do what they do. talk: seconds they stay once the caller is through.
    press: the key they press when the whisper asks for one.
    caller_leaves: seconds of ringing after which the caller gives up.
    """

    outcome: Outcome = Outcome.ANSWER
    after: float = 1.0
    talk: float = 2.0
    press: str = ""
    caller_leaves: float | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    call_status: str
    sip_status: int | None
    bridged: bool = False


_REFUSALS: Mapping[Outcome, _Result] = {
    Outcome.BUSY: _Result("busy", 486),
    Outcome.DECLINE: _Result("failed", 603),
    Outcome.UNREACHABLE: _Result("failed", 404),
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

    async def dial(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ring every target at once; the first to accept wins. Returns what the `actionHook` is told."""
        timeout = float(options.get("timeout", RING_SECONDS))
        legs = sorted(
            ((self._agent(target), target) for target in options["target"][:MOST_TARGETS]),
            key=lambda leg: timeout if leg[0].outcome is Outcome.NO_ANSWER else leg[0].after,
        )
        result = _Result("trying", 100)
        leg_sid = str(uuid4())
        rung = 0.0
        for agent, target in legs:
            until = timeout if agent.outcome is Outcome.NO_ANSWER else min(agent.after, timeout)
            leaves = agent.caller_leaves
            if leaves is not None and leaves < until:
                await self._hold(max(0.0, leaves - rung))
                self._leave()
            elif await self._hold(max(0.0, until - rung)):
                leg_sid = str(uuid4())
                result = await self._settle(agent, target, options, leg_sid, timed_out=agent.after > timeout)
                rung = until
                if not result.bridged:
                    continue
                limit = float(options.get("timeLimit", agent.talk))
                await self._hold(min(agent.talk, limit))
                break
            self._dialled(target, options, "abandoned", "")
            result = _Result("ringing", 180)
            break
        told: dict[str, Any] = {"dial_call_status": result.call_status, "dial_call_sid": leg_sid}
        return told if result.sip_status is None else {**told, "dial_sip_status": result.sip_status}

    def _agent(self, target: Mapping[str, Any]) -> Agent:
        return self._agents.get(_address(target), self._other)

    async def _settle(
        self, agent: Agent, target: Mapping[str, Any], options: Mapping[str, Any], leg_sid: str, timed_out: bool
    ) -> _Result:
        whisper: list[str] = []
        if timed_out or agent.outcome is Outcome.NO_ANSWER:
            result, outcome = _RANG_OUT, Outcome.NO_ANSWER
        elif agent.outcome in _REFUSALS:
            result, outcome = _REFUSALS[agent.outcome], agent.outcome
        else:
            await self._status(target, leg_sid, "in-progress", 200)
            hook = target.get("confirmHook") or options.get("confirmHook")
            accepted = await self._confirm(hook, agent, target, leg_sid, whisper) if hook else True
            outcome = agent.outcome
            if outcome is Outcome.LEAVES_WHISPER:
                result = _LEFT
            elif accepted:
                result = _Result("completed", 200, bridged=True)
            else:
                result, outcome = _Result("in-progress", 200), Outcome.DECLINE
        self._dialled(target, options, outcome.value, " ".join(whisper))
        await self._status(
            target, leg_sid, "completed" if result.bridged else result.call_status, result.sip_status
        )
        return result

    async def _confirm(
        self, hook: Any, agent: Agent, target: Mapping[str, Any], leg_sid: str, whisper: list[str]
    ) -> bool:
        """Run the confirmHook's verbs on the answered leg; a hook that fails hangs up on the person."""
        answer = await self._hooks.post(hook, self._leg(target, leg_sid, "in-progress", 200))
        verbs = list(answer.verbs)
        while verbs:
            verb = verbs.pop(0)
            match verb.name:
                case "say":
                    await self._whisper(verb.options, whisper)
                case "gather":
                    await self._whisper(verb.options.get("say") or {}, whisper)
                    verbs = await self._gather(verb, agent, target, leg_sid) or verbs
                case "hangup":
                    return False
                case "play" | "pause" | "config" | "tag":
                    pass
                case _:
                    self._log.write(Fault(self._clock.now(), f"{verb.name} is not allowed in a confirmHook"))
                    return False
        return answer.ok

    async def _gather(self, verb: Verb, agent: Agent, target: Mapping[str, Any], leg_sid: str) -> list[Verb]:
        hook = verb.options.get("actionHook")
        if not hook:
            return []
        result = {"digits": agent.press, "reason": "dtmfDetected"} if agent.press else {"reason": "timeout"}
        body = {**self._leg(target, leg_sid, "in-progress", 200), **result}
        return (await self._hooks.post(hook, body)).verbs

    async def _whisper(self, say: Mapping[str, Any], whisper: list[str]) -> None:
        text = say.get("text", "")
        words = text if isinstance(text, str) else " ".join(str(part) for part in text)
        whisper.append(words)
        await self._hold(SPEAKING_RATE * len(words))

    def _dialled(self, target: Mapping[str, Any], options: Mapping[str, Any], outcome: str, whisper: str) -> None:
        headers = {**(options.get("headers") or {}), **(target.get("headers") or {})}
        self._log.write(Dialled(self._clock.now(), target, headers, outcome, whisper))

    def _leg(
        self, target: Mapping[str, Any], leg_sid: str, call_status: str, sip_status: int | None
    ) -> dict[str, Any]:
        changes = {"call_sid": leg_sid, "parent_call_sid": self._facts.call_sid, "direction": "outbound"}
        statuses = {"call_status": call_status, "sip_status": sip_status, "to": _address(target)}
        return self._facts.later(**changes, **statuses)

    async def _status(self, target: Mapping[str, Any], leg_sid: str, call_status: str, sip: int | None) -> None:
        if self._status_hook:
            await self._hooks.post(self._status_hook, self._leg(target, leg_sid, call_status, sip))


def _address(target: Mapping[str, Any]) -> str:
    return str(target.get("name") or target.get("number") or target.get("sipUri") or "")
