"""A simulated jambonz: one call, its webhooks, its verbs and its audio, against a running server.

It refuses what the real one refuses, buffers audio as the real one does, and keeps a log of everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voicebot.audio import FRAME_SECONDS
from voicebot.testing.exchange import Limits, Side, Stream, exchange
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_dial import SPEAKING_RATE, Agent, Dialler
from voicebot.testing.jambonz_hooks import CallFacts, Hooks
from voicebot.testing.jambonz_log import (
    CallEnded,
    CallLog,
    EndedBy,
    Entry,
    Fault,
    VerbRun,
)
from voicebot.testing.jambonz_queue import Queue
from voicebot.testing.jambonz_stream import JambonzStream, MediaServer, StreamRefused
from voicebot.testing.jambonz_validate import Verb
from voicebot.testing.phone import Phone


@dataclass(frozen=True, slots=True)
class Account:
    """How the application is set up in the jambonz portal, and who else is on the network.

    call_hook, status_hook: URLs; without a status hook none is called.
    secret: signs webhooks. basic: user and password for them.
    agents: who answers a `dial`, by user name, number or SIP URI, and who fetches from a queue, by its name;
        `agent` is everybody else.
    lost: by path, how many answers of webhooks get lost on the way.
    hurried_status: the last status hook overtakes the action hook, as it may.
    """

    call_hook: str
    status_hook: str = ""
    secret: str = ""
    basic: tuple[str, str] | None = None
    media: MediaServer = field(default_factory=MediaServer)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    agent: Agent = field(default_factory=Agent)
    hurried_status: bool = False
    env_vars: Mapping[str, Any] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)


class JambonzCall:
    """An inbound call. `run` it once.

    longest: seconds after which the caller gives up, so that a test cannot hang.
    """

    def __init__(
        self,
        account: Account,
        phone: Phone,
        caller: str = "+15550100",
        called: str = "+15550199",
        clock: Clock | None = None,
        observer: Callable[[Entry], None] | None = None,
        longest: float = 600.0,
    ) -> None:
        self.log = CallLog(observer)
        self.facts = CallFacts(caller, called, env_vars=account.env_vars)
        self._account = account
        self._phone = phone
        self._clock = clock or Clock()
        self._longest = longest
        self._hooks = Hooks(account.call_hook, self.log, self._clock, account.secret, account.basic, account.lost)
        self._status_hook = account.status_hook
        self._alive = True
        self._completed_told = False
        self._beat: float | None = None
        self._redirect: str | None = None

    def redirect(self, call_hook: str) -> None:
        """Take the call elsewhere as the REST API does: the running `listen` ends and its hook is called first."""
        self._redirect = call_hook

    async def run(self) -> CallLog:
        """The whole call, from the call hook to the last status."""
        try:
            await self._run()
        finally:
            self._hooks.close()
        return self.log

    async def _run(self) -> None:
        answer = await self._hooks.post(self._account.call_hook, self.facts.first())
        if not answer.verbs:
            # Without a usable reply the call is refused, and no status hook follows.
            self.log.write(CallEnded(self._clock.now(), EndedBy.GATEWAY, 480))
            return
        await self._status("trying", 100, "Trying")
        await self._status("in-progress", 200, "OK")
        stack = list(answer.verbs)
        while stack and self._alive:
            verb = stack.pop(0)
            self.log.write(VerbRun(self._clock.now(), verb))
            if verb.name == "hangup":
                break
            replacement = await self._run_verb(verb)
            if self._redirect and not replacement:
                hook, self._redirect = self._redirect, None
                replacement = (await self._hooks.post(hook, self.facts.later())).verbs
            self._redirect = None
            if replacement and self._alive:
                stack = replacement
        by = EndedBy.GATEWAY if self._alive else EndedBy.CALLER
        self._alive = False
        await self._complete(by)
        self.log.write(CallEnded(self._clock.now(), by, 200))

    async def _run_verb(self, verb: Verb) -> list[Verb]:
        """Run a verb; the verbs that replace the rest of the stack, if any."""
        options = verb.options
        match verb.name:
            case "listen":
                return await self._listen(verb)
            case "dial":
                return await self._dial(verb)
            case "enqueue":
                return await self._enqueue(verb)
            case "redirect":
                self._status_hook = _url(options.get("statusHook")) or self._status_hook
                return (await self._hooks.post(options["actionHook"], self.facts.later())).verbs
            case "say":
                await self._pass(SPEAKING_RATE * len(str(options.get("text", ""))))
            case "play":
                await self._pass(1.0)
                return await self._action(verb, {"reason": "playCompleted"})
            case "pause":
                await self._pass(float(options["length"]))
            case "tag":
                self.facts.customer_data = dict(options["data"])
            case "config" | "answer":
                pass
            case _:
                self._fault(f"{verb.name} is not simulated")
        return []

    async def _listen(self, verb: Verb) -> list[Verb]:
        try:
            stream = await self._open(verb.options)
        except StreamRefused as error:
            self._fault(f"listen: {error}")
            return await self._action(verb, {})
        began = self._clock.now()
        self._beat = None
        limits = Limits(
            float(verb.options.get("maxLength") or math.inf),
            self._longest,
            str(verb.options.get("finishOnKey", "")),
        )
        ended = await exchange(
            stream, self._phone, self.log, self._clock, limits, lambda: self._redirect is not None
        )
        if ended.by is Side.CALLER:
            self._hang_up()
            if self._account.hurried_status:
                await self._complete(EndedBy.CALLER)
        results: dict[str, Any] = {"dial_call_duration": round(self._clock.now() - began)}
        return await self._action(verb, {**results, "digits": ended.key} if ended.key else results)

    async def _open(self, options: Mapping[str, Any]) -> Stream:
        url = self._hooks.websocket(options["url"])
        parameters = dict(options.get("metadata") or {})
        metadata = self.facts.metadata(
            options.get("sampleRate", 8000), str(options.get("mixType", "mono")), parameters
        )
        return await JambonzStream.open(
            url, options, metadata, self._account.media, self._phone, self.log, self._clock
        )

    async def _dial(self, verb: Verb) -> list[Verb]:
        dialler = Dialler(
            self.facts,
            self._hooks,
            self.log,
            self._clock,
            self._account.agents,
            self._account.agent,
            self._pass,
            self._hang_up,
            self._status_hook,
        )
        return await self._action(verb, await dialler.dial(verb.options))

    async def _enqueue(self, verb: Verb) -> list[Verb]:
        name = str(verb.options["name"])
        agent = self._account.agents.get(name, self._account.agent)
        queue = Queue(self.facts, self._hooks, self.log, self._clock, agent, self._pass)
        return await self._action(verb, await queue.wait(name, verb.options.get("waitHook")))

    async def _action(self, verb: Verb, results: Mapping[str, Any]) -> list[Verb]:
        hook = verb.options.get("actionHook")
        if not hook:
            return []
        named = {"verb_id": verb.options["id"]} if "id" in verb.options else {}
        answer = await self._hooks.post(hook, self.facts.later(**named, **results))
        # Once the caller is gone the hook is still called, and its reply has no effect.
        return answer.verbs if self._alive else []

    async def _pass(self, seconds: float) -> bool:
        """Time without the bot on the line; False when the caller hung up meanwhile."""
        now = self._clock.now()
        end = now + seconds
        # Many short passes are one long one: none begins a beat of its own, and what was missed is made up for.
        beat = now if self._beat is None else self._beat
        while self._alive and beat < end:
            spoken = self._phone.tick(None, self._clock.now())
            self.log.hear(spoken.pcm, None)
            if spoken.hang_up:
                self._hang_up()
            beat += FRAME_SECONDS
            await self._clock.until(beat)
        self._beat = beat
        return self._alive

    def _hang_up(self) -> None:
        self._alive = False
        self.facts.call_status = "completed"

    async def _complete(self, by: EndedBy) -> None:
        if not self._completed_told:
            self._completed_told = True
            duration = round(self._clock.now())
            await self._status("completed", 200, "OK", duration=duration, call_termination_by=by.value)

    async def _status(self, call_status: str, sip_status: int, reason: str, **results: Any) -> None:
        self.facts.call_status, self.facts.sip_status, self.facts.sip_reason = call_status, sip_status, reason
        if self._status_hook:
            await self._hooks.post(self._status_hook, self.facts.later(**results))

    def _fault(self, text: str) -> None:
        self.log.write(Fault(self._clock.now(), text))


def _url(hook: object) -> str:
    return hook if isinstance(hook, str) else str(hook.get("url", "")) if isinstance(hook, dict) else ""
