"""What to do with a call at each of its turning points, as verbs for jambonz.

Knows no HTTP. Every method may be called again for the same event and then answers the same; all but `net` and
`goodbye` raise StoreError. The verbs behind a `listen` or `dial` run only if the hook they name fails, that is,
when nobody of us is there to answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from voicebot.call.record import Disposition, EndEntry, TransferOutcome
from voicebot.dialog.types import Dialog, HangUp, Target, Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Node, Session, Sessions
from voicebot.web import verbs
from voicebot.web.handover import context_headers
from voicebot.web.incoming import NAME, Hook
from voicebot.web.outcome import COMEBACKS, outcome
from voicebot.web.verbs import Verb

log = structlog.get_logger()

GATEWAY = "jambonz"
TRANSFER_LIMIT = 3
TARGET_VARIABLE = "TRANSFER_TARGET"
RETURN_SECONDS = 30
VERB_ID = re.compile(r"(?:stream|dial)-([0-9]{1,3})(?::(.+))?")


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
            session = replace(session, plan=None)
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
        number, _ = _attempt(hook.verb_id)
        if number is not None and number < session.attempts:
            # A repeat from before the last transfer; jambonz has long moved on and drops what we answer.
            return []
        match session.plan:
            case HangUp():
                log.info("voice.bot_hangs_up", call=hook.call_id)
                return [verbs.hangup()]
            case Transfer() as plan:
                return self._hand_over(session, self._target(plan.target, session.env))
            case None:
                log.warning("voice.stream_lost", call=hook.call_id)
                return self._rescue(session, "stream_lost")

    def after_dial(self, hook: Hook) -> list[Verb]:
        """A transfer is over, one way or the other: note it; a caller nobody answered goes back to the bot."""
        result = outcome(hook)
        session = self._sessions.get(hook.call_id)
        if session is None and not hook.over:
            session = self._session(hook)
        number, target = self._dialled(hook, session)
        if session is None:
            self._note(hook, target, result)
        elif number >= session.attempts:
            self._note(hook, target, result)
            session = replace(session, attempts=number + 1)
            if result in COMEBACKS:
                session = replace(session, plan=None, comeback=COMEBACKS[result])
            self._sessions.put(session)
        if session is None or hook.over or result is TransferOutcome.ACCEPTED:
            self._records.completed(hook.call_id, self._told)
            return [] if hook.over else [verbs.hangup()]
        return self._come_back(session)

    def whisper(self, hook: Hook) -> list[Verb]:
        """A person has answered: tell them who is coming. `[]` puts the caller through at once."""
        call_id = hook.parent_id or hook.call_id
        session = self._sessions.get(call_id)
        plan = session.plan if session else None
        text = plan.whisper if isinstance(plan, Transfer) else ""
        if not text:
            view = self._records.call(call_id)
            text = view.row.summary if view else ""
        return [verbs.say(text)] if text else []

    def escalate(self, hook: Hook, wanted: str = "") -> list[Verb]:
        """Hand the call to a person at the wish of any jambonz application, whether or not the bot knows it.

        The target is the first of: `wanted`, the body's `target`, `customerData.target`, the bot's plan, the
        portal's TRANSFER_TARGET, the dialog's fallback. An unknown name leads to the fallback.
        """
        if hook.over:
            return []
        session = self._session(hook)
        plan = session.plan
        name = wanted or hook.target or hook.customer.get("target", "")
        if name or not isinstance(plan, Transfer):
            target = self._target(name, session.env) if name else self._fallback(session.env)
            whisper = plan.whisper if isinstance(plan, Transfer) else ""
            plan = Transfer(target.name, TransferReason.RULE, whisper)
            session = replace(session, plan=plan)
            self._sessions.put(session)
        target = self._target(plan.target, session.env)
        log.info("voice.escalated", call=hook.call_id, target=target.name)
        self._keep(session, Disposition.TRANSFERRED, "escalated", target)
        return self._hand_over(session, target)

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
            )
        )

    def _roomiest(self) -> Node | None:
        free = [node for node in self._sessions.nodes() if node.ready and node.calls < node.capacity]
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
        # No confirmHook here: jambonz hangs up on the person who answered when that hook fails.
        dial = verbs.dial(target, self._hook("/voice/dialed"), identity=_dial_id(attempt, target))
        return [verbs.say(self._dialog.apology), dial, *self.goodbye()]

    def _hand_over(self, session: Session, target: Target) -> list[Verb]:
        if not session.context_id:
            session = replace(session, context_id=self._sessions.issue_context(session.call_id))
            self._sessions.put(session)
        dial = verbs.dial(
            target,
            self._hook("/voice/dialed"),
            confirm_hook=self._hook("/voice/whisper"),
            headers=context_headers(target, session.context_id, self._settings.http_url),
            identity=_dial_id(session.attempts, target),
        )
        return [dial, *self.goodbye()]

    def _come_back(self, session: Session) -> list[Verb]:
        node = self._roomiest() if session.attempts < TRANSFER_LIMIT else None
        if node is None:
            log.warning("voice.gave_up", call=session.call_id, attempts=session.attempts)
            return self.goodbye()
        return self._stream(session, node)

    def _rescue(self, session: Session, reason: str) -> list[Verb]:
        target = self._fallback(session.env)
        self._keep(session, Disposition.FAILED, reason, target)
        return [verbs.say(self._dialog.apology), *self._hand_over(session, target)]

    def _keep(self, session: Session, disposition: Disposition, reason: str, target: Target) -> None:
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
        hold = float(target.ring_seconds + RETURN_SECONDS)
        self._records.finish(session.call_id, end, self._told, hold=hold)

    def _note(self, hook: Hook, target: str, result: TransferOutcome) -> None:
        log.info("voice.transferred", call=hook.call_id, outcome=result.value, sip=hook.dial_sip_status)
        try:
            self._records.transferred(hook.call_id, target, result, hook.dial_sip_status)
        except StoreError as error:
            # The caller on the line comes before the record of the attempt.
            log.error("voice.transfer_not_recorded", call=hook.call_id, error=str(error))

    def _dialled(self, hook: Hook, session: Session | None) -> tuple[int, str]:
        """Which attempt this was and whom it rang, by the id we gave the verb; jambonz may leave it out."""
        number, name = _attempt(hook.verb_id)
        if number is not None and name:
            return number, name
        plan = session.plan if session else None
        env = session.env if session else {}
        name = plan.target if isinstance(plan, Transfer) else self._fallback(env).name
        return session.attempts if session else 0, name

    def _target(self, name: str, env: Mapping[str, str]) -> Target:
        target = self._dialog.targets.get(name)
        if target is None:
            log.warning("voice.unknown_target", target=name if NAME.fullmatch(name) else "(not a name)")
            return self._fallback(env)
        return target

    def _fallback(self, env: Mapping[str, str]) -> Target:
        return self._dialog.targets.get(env.get(TARGET_VARIABLE, ""), self._dialog.fallback)

    def _hook(self, path: str) -> str:
        return self._settings.http_url + path


def _stream_id(attempt: int) -> str:
    return f"stream-{attempt}"


def _dial_id(attempt: int, target: Target) -> str:
    return f"dial-{attempt}:{target.name}"


def _attempt(verb_id: str) -> tuple[int | None, str]:
    """The number of transfers tried before the verb of this id, and the target's name where it was a dial."""
    found = VERB_ID.fullmatch(verb_id)
    return (int(found[1]), found[2] or "") if found else (None, "")
