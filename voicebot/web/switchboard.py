"""What to do with a call at each of its turning points, as verbs for jambonz.

Knows no HTTP. Every method may be called again for the same event and then answers the same; all but `net` and
`goodbye` raise StoreError. The verbs behind a `listen` or `dial` run only if the hook they name fails, that is,
when nobody of us is there to answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from voicebot.call.record import Disposition, EndEntry, TransferOutcome
from voicebot.dialog.port import Dialog
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import Comeback, HangUp, Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Node, Session, Sessions
from voicebot.web import verbs
from voicebot.web.incoming import NAME, Hook
from voicebot.web.outcome import COMEBACKS, SETTLED, outcome, queued
from voicebot.web.ringing import Place, Ringing, Steps, everybody, place_id, place_of, steps
from voicebot.web.verbs import Verb
from voicebot.web.waiting import Waiting

log = structlog.get_logger()

GATEWAY = "jambonz"
TRANSFER_LIMIT = 5
"""Transfers after which the caller does not come back any more. The dialog offers no further one before; this is
for a dialog that does."""

TARGET_VARIABLE = "TRANSFER_TARGET"
RETURN_SECONDS = 30
ESCALATED = "escalated"
NO_QUEUE = "There is no such queue."


class Switchboard:
    """Answers the hooks of every call. Thread-safe, as far as `sessions` and `records` are."""

    def __init__(
        self,
        settings: Settings,
        dialog: Dialog,
        sessions: Sessions,
        records: Records,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._told = dialog.crm.chosen(settings.delivery_targets)
        self._dialog = dialog
        self._sessions = sessions
        self._records = records
        self._clock = clock
        self._ringing = Ringing(settings, dialog, sessions, records, clock)
        self._waiting = Waiting(settings, dialog, sessions, records, clock)

    @property
    def variables(self) -> Mapping[str, Mapping[str, Any]]:
        """The application variables the jambonz portal offers, by name, in the shape its API server reads."""
        return {
            TARGET_VARIABLE: {
                "type": "string",
                "description": "Who takes the call when the bot cannot",
                "default": self._dialog.fallback.name,
                "enum": sorted({*self._dialog.targets, self._dialog.fallback.name}),
            }
        }

    def answer(self, hook: Hook) -> list[Verb]:
        """A call comes in: put it through to the bot, or to a person when no media node has room."""
        session = self._session(hook)
        node = self._roomiest()
        if node is None:
            log.warning("voice.no_room", call=hook.call_id)
            return self._rescue(session, "no_room")
        if session.plan is not None:
            # The call was elsewhere since: what the last stream planned is done.
            session = replace(session, plan=None, step=0, contexts={}, answered="", answer=None)
            self._sessions.put(session)
        log.info("voice.answered", call=hook.call_id, node=node.name, direction=hook.direction)
        return self._stream(session, node)

    def after_stream(self, hook: Hook) -> list[Verb]:
        """The stream is over: do what the bot planned; without a plan, see that a person takes the call."""
        if hook.over:
            log.info("voice.hung_up", call=hook.call_id)
            self._records.completed(hook.call_id, self._told)
            return []
        session = self._session(hook)
        place = place_of(hook.verb_id)
        if place is not None and place.attempt < session.attempts:
            # A repeat from before the last transfer; jambonz has long moved on and drops what we answer.
            return []
        match session.plan:
            case HangUp():
                log.info("voice.bot_hangs_up", call=hook.call_id)
                return [verbs.hangup()]
            case Transfer():
                return self._hand_over(session)
            case None:
                log.warning("voice.stream_lost", call=hook.call_id)
                return self._rescue(session, "stream_lost")

    def after_dial(self, hook: Hook) -> list[Verb]:
        """Ringing is over, one way or the other: ask whoever is next, or send the caller back to the bot."""
        session = self._present(hook)
        return self._settle(hook, session, outcome(hook, session.answer if session else None))

    def after_queue(self, hook: Hook) -> list[Verb]:
        """Waiting in a queue is over, one way or the other."""
        comeback = Comeback.WAITED if hook.queue_result == "leave" else None
        return self._settle(hook, self._present(hook), queued(hook), comeback)

    def wait(self, hook: Hook, wanted: str) -> list[Verb]:
        """What a caller in the queue `wanted` hears next."""
        target = self._queue(wanted)
        return self._waiting.wait(hook, target) if target else [verbs.leave()]

    def fetch(self, hook: Hook, wanted: str) -> list[Verb]:
        """A person calls to take the next caller of the queue `wanted`."""
        target = self._queue(wanted)
        return self._waiting.fetch(hook, target) if target else [verbs.say(NO_QUEUE), verbs.hangup()]

    def fetched(self, hook: Hook, wanted: str, offer_id: int) -> list[Verb]:
        """What became of connecting them with the caller of that offer."""
        target = self._queue(wanted)
        return self._waiting.fetched(hook, target, offer_id) if target else [verbs.hangup()]

    def whisper(self, hook: Hook) -> list[Verb]:
        """A person has answered: tell them who is coming. `[]` puts the caller through at once."""
        return self._ringing.whisper(hook)

    def accept(self, hook: Hook, prompts: int) -> list[Verb]:
        """The person who answered pressed a key, or none after so many `prompts`."""
        return self._ringing.accept(hook, self._rung(hook), prompts)

    def escalate(self, hook: Hook, wanted: str = "") -> list[Verb]:
        """Hand the call to a person at the wish of any jambonz application, whether or not the bot knows it.

        The target is the first of: `wanted`, the body's `target`, `customerData.target`, the bot's plan, the
        portal's TRANSFER_TARGET, the dialog's fallback. An unknown name leads to the fallback.
        """
        if hook.over:
            return []
        session = self._session(hook)
        plan = session.transfer
        name = wanted or hook.target or hook.customer.get("target", "")
        if name or plan is None:
            target = self._target(name, session.env) if name else self._fallback(session.env)
            whisper = plan.whisper if plan else ""
            plan = Transfer(target.name, TransferReason.RULE, whisper, ESCALATED)
            if session.plan != plan:
                session = replace(session, plan=plan, step=0, contexts={}, answered="", answer=None)
                self._sessions.put(session)
        log.info("voice.escalated", call=hook.call_id, target=plan.target)
        self._keep(session, Disposition.TRANSFERRED, ESCALATED)
        return self._hand_over(session)

    def completed(self, hook: Hook) -> None:
        """jambonz reports a change of status; the end of the caller's leg ends the call. May come before other
        hooks of the call, and more than once."""
        if hook.parent_id or not hook.over:
            log.debug("voice.status", call=hook.call_id, parent_id=hook.parent_id, status=hook.status)
            return
        self._records.completed(hook.call_id, self._told)
        self._sessions.close(hook.call_id)
        log.info("voice.completed", call=hook.call_id, status=hook.status)

    def net(self, hook: Hook) -> list[Verb]:
        """A spoken line and a person, without asking anything that may be broken."""
        return self._net(self._fallback(hook.env), attempt=0)

    def goodbye(self) -> list[Verb]:
        """The end of a call nobody can take."""
        return [verbs.say(self._dialog.apology), verbs.hangup()]

    def _session(self, hook: Hook) -> Session:
        outbound = hook.direction == "outbound"
        return self._sessions.open(
            Session(
                call_id=hook.call_id,
                caller=hook.called if outbound else hook.caller,
                called=hook.caller if outbound else hook.called,
                started_at=self._clock(),
                gateway=GATEWAY,
                env=hook.env,
                customer=hook.customer,
            )
        )

    def _roomiest(self) -> Node | None:
        free = [node for node in self._sessions.nodes() if node.has_room]
        return max(free, key=lambda node: node.capacity - node.calls, default=None)

    def _stream(self, session: Session, node: Node) -> list[Verb]:
        password = self._settings.ws_password
        stream = verbs.listen(
            url=f"{node.url or self._settings.ws_url}/audio/jambonz",
            action_hook=self._hook("/voice/next"),
            token=self._sessions.issue_token(session.call_id),
            identity=_stream_id(session.attempts),
            auth=(self._settings.ws_user, password.get_secret_value()) if password else None,
        )
        return [stream, *self._net(self._fallback(session.env), session.attempts)]

    def _net(self, target: Target, attempt: int) -> list[Verb]:
        identity = place_id(attempt, 0, (target,))
        if target.kind is TargetKind.QUEUE:
            reach = self._ringing.queue(target, identity)
        else:
            # No confirmHook here: jambonz hangs up on the person who answered when that hook fails.
            reach = verbs.dial((target,), self._hook("/voice/dialed"), identity=identity)
        return [verbs.say(self._dialog.apology), reach, *self.goodbye()]

    def _hand_over(self, session: Session) -> list[Verb]:
        return [self._ringing.ring(session, self._asked(session)), *self.goodbye()]

    def _steps(self, session: Session | None) -> Steps:
        """Who is asked for this session, step by step; without a plan the fallback."""
        env = session.env if session else {}
        plan = session.transfer if session else None
        if plan is None:
            return [(self._fallback(env),)]
        return steps(everybody(plan, self._known(plan), self._fallback(env)), plan.in_turn)

    def _asked(self, session: Session | None) -> tuple[Target, ...]:
        """Who is asked in the present step."""
        groups = self._steps(session)
        return groups[min(session.step if session else 0, len(groups) - 1)]

    def _settle(
        self, hook: Hook, session: Session | None, result: TransferOutcome, comeback: Comeback | None = None
    ) -> list[Verb]:
        """Keep what became of the step this hook is about; what follows for the caller."""
        place = self._place(hook, session)
        if session is None:
            self._note(hook, place.names, result)
        elif (place.attempt, place.step) >= (session.attempts, session.step):
            self._note(hook, _taker(session, place.names, result), result)
            more = place.step + 1 < len(self._steps(session))
            if more and not hook.over and result is not TransferOutcome.ACCEPTED:
                session = replace(session, step=place.step + 1, answered="", answer=None)
                self._sessions.put(session)
                return self._hand_over(session)
            session = replace(session, attempts=place.attempt + 1, step=0, answered="", answer=None)
            if result in COMEBACKS:
                session = replace(session, plan=None, contexts={}, comeback=comeback or COMEBACKS[result])
            self._sessions.put(session)
        elif place.attempt == session.attempts and not hook.over:
            # A repeat from before the present step: its answer was to ask whoever is rung now.
            return self._hand_over(session)
        if session is None or hook.over or result is TransferOutcome.ACCEPTED:
            self._records.completed(hook.call_id, self._told)
            return [] if hook.over else [verbs.hangup()]
        return self._come_back(session)

    def _come_back(self, session: Session) -> list[Verb]:
        node = self._roomiest() if session.attempts < TRANSFER_LIMIT else None
        if node is None:
            log.warning("voice.gave_up", call=session.call_id, attempts=session.attempts)
            return self.goodbye()
        return self._stream(session, node)

    def _rescue(self, session: Session, reason: str) -> list[Verb]:
        self._keep(session, Disposition.FAILED, reason)
        return [verbs.say(self._dialog.apology), *self._hand_over(session)]

    def _keep(self, session: Session, disposition: Disposition, reason: str) -> None:
        """Write the record of a call the bot never spoke with; one it did speak with has its own."""
        if self._records.call(session.call_id) is not None:
            return
        self._records.start(
            session.call_id,
            session.caller,
            session.called,
            session.gateway,
            self._dialog.name,
            self._settings.node,
        )
        end = EndEntry(0.0, disposition, reason, intent=None, confidence=0.0, slots={}, summary="")
        hold = float(
            sum(max(target.seconds for target in group) for group in self._steps(session)) + RETURN_SECONDS
        )
        self._records.finish(session.call_id, end, self._told, hold=hold)

    def _note(self, hook: Hook, names: tuple[str, ...], result: TransferOutcome) -> None:
        log.info("voice.transferred", call=hook.call_id, outcome=result.value, sip=hook.dial_sip_status)
        try:
            self._records.offers.settle_call(hook.call_id, SETTLED[result], names[0] if len(names) == 1 else None)
            self._records.transferred(hook.call_id, ", ".join(names), result, hook.dial_sip_status)
        except StoreError as error:
            # The caller on the line comes before the record of the attempt.
            log.error("voice.transfer_not_recorded", call=hook.call_id, error=str(error))

    def _present(self, hook: Hook) -> Session | None:
        """The call's session; a call that is still under way and forgotten gets a new one."""
        session = self._sessions.get(hook.call_id)
        return self._session(hook) if session is None and not hook.over else session

    def _place(self, hook: Hook, session: Session | None) -> Place:
        """Which step of which attempt this was, by the id we gave the verb; jambonz may leave it out."""
        place = place_of(hook.verb_id)
        if place is not None and place.names:
            return place
        attempt, step = (session.attempts, session.step) if session else (0, 0)
        return Place(attempt, step, tuple(target.name for target in self._asked(session)))

    def _rung(self, hook: Hook) -> tuple[Target, ...]:
        """Who is being rung for the call of a dialled leg."""
        return self._asked(self._sessions.get(hook.caller_leg))

    def _queue(self, name: str) -> Target | None:
        target = self._dialog.targets.get(name)
        return target if target is not None and target.kind is TargetKind.QUEUE else None

    def _known(self, plan: Transfer) -> Mapping[str, Target]:
        for name in plan.targets:
            if name not in self._dialog.targets:
                _warn_of(name)
        return self._dialog.targets

    def _target(self, name: str, env: Mapping[str, str]) -> Target:
        target = self._dialog.targets.get(name)
        if target is None:
            _warn_of(name)
            return self._fallback(env)
        return target

    def _fallback(self, env: Mapping[str, str]) -> Target:
        return self._dialog.targets.get(env.get(TARGET_VARIABLE, ""), self._dialog.fallback)

    def _hook(self, path: str) -> str:
        return self._settings.http_url + path


def _stream_id(attempt: int) -> str:
    return f"stream-{attempt}"


def _warn_of(name: str) -> None:
    """Tell of a target the dialog does not have; what is no name may be anything, and is not logged."""
    log.warning("voice.unknown_target", target=name if NAME.fullmatch(name) else "(not a name)")


def _taker(session: Session, names: tuple[str, ...], result: TransferOutcome) -> tuple[str, ...]:
    """Who took the call, where several were asked and one pressed the key; else everybody who was asked."""
    told = result is TransferOutcome.ACCEPTED and session.answer is result and session.answered in names
    return (session.answered,) if told else names
