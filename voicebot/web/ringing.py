"""Asking people to take a call: whom to ring and in which order, what they hear, what they press.

A transfer is worked off in steps: everybody at once, or one after the other, and queues last. Each step is an
offer in the records, so that a desk sees it while the phones ring and of two people who accept one gets the call.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from voicebot.call.record import TransferOutcome
from voicebot.dialog.port import Dialog
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.settings import Settings
from voicebot.store.offers import OfferState
from voicebot.store.records import Records
from voicebot.store.sessions import Session, Sessions
from voicebot.web import verbs
from voicebot.web.handover import context_headers, is_at
from voicebot.web.incoming import Hook
from voicebot.web.verbs import Verb

log = structlog.get_logger()

TAKE, PROMPTS = "1", 2
"""The key that takes a call, and how often it is asked for."""

PROMPT_SECONDS = 8.0
"""Time to press it after the prompt: to read a screen and find the keypad, not more, for the caller waits."""

VERB_ID = re.compile(r"(?:stream|dial)-([0-9]{1,3})(?:\.([0-9]{1,2}))?(?::(.+))?")

TAKEN = "Somebody else has taken the call."

RESCUE = "rescue"
"""The rule of a transfer that no dialog planned."""

Steps = Sequence[tuple[Target, ...]]


def steps(targets: Sequence[Target], in_turn: bool) -> Steps:
    """Who is asked together, step by step: a queue is always a step of its own, after those who are rung."""
    rung = [target for target in targets if target.kind is not TargetKind.QUEUE]
    queues = [(target,) for target in targets if target.kind is TargetKind.QUEUE]
    size = 1 if in_turn else verbs.MOST_TARGETS
    return [*(tuple(rung[first : first + size]) for first in range(0, len(rung), size)), *queues]


class Ringing:
    """The steps of transfers as verbs, and what the people rung answer. Thread-safe, as the stores are.

    clock: seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        dialog: Dialog,
        sessions: Sessions,
        records: Records,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._dialog = dialog
        self._sessions = sessions
        self._records = records
        self._clock = clock

    def ring(self, session: Session, group: tuple[Target, ...]) -> Verb:
        """Ask everybody in `group`, the present step of the session's transfer. Raises StoreError."""
        session = self._with_contexts(session, group)
        self._offer(session, group)
        url = self._settings.http_url
        identity = place_id(session.attempts, session.step, group)
        if group[0].kind is TargetKind.QUEUE:
            return self.queue(group[0], identity)
        return verbs.dial(
            group,
            f"{url}/voice/dialed",
            confirm_hook=f"{url}/voice/whisper",
            headers={
                target.name: context_headers(target, session.contexts.get(target.name, ""), url)
                for target in group
            },
            identity=identity,
        )

    def queue(self, target: Target, identity: str) -> Verb:
        """Have the caller wait in the queue `target`."""
        url = self._settings.http_url
        wait = f"{url}/voice/wait?target={target.name}"
        return verbs.enqueue(target.address, f"{url}/voice/queued", wait, target.priority, identity)

    def whisper(self, hook: Hook, prompts: int = 0) -> list[Verb]:
        """A person has answered: tell them who is coming, and have them take the call if the dialog asks for that.

        `[]` puts the caller through at once. prompts: how often they were asked before.
        """
        session = self._sessions.get(hook.caller_leg)
        about = session.transfer.whisper if session and session.transfer else ""
        if not about:
            view = self._records.call(hook.caller_leg)
            about = view.row.summary if view else ""
        text = self._dialog.whisper(about, self._waited(hook.caller_leg))
        if not self._dialog.accept:
            return [verbs.say(text)] if text else []
        asked = f"{self._settings.http_url}/voice/accept?prompts={prompts + 1}"
        return [verbs.gather(f"{text} {self._dialog.accept}".strip(), asked, PROMPT_SECONDS)]

    def accept(self, hook: Hook, group: tuple[Target, ...], prompts: int) -> list[Verb]:
        """The person who answered pressed a key, or none. `[]` puts the caller through; the first to take wins."""
        session = self._sessions.get(hook.caller_leg)
        target = next((each for each in group if is_at(each, hook.called)), group[0])
        if session is None:
            return [] if hook.digits == TAKE else [verbs.hangup()]
        if hook.digits == TAKE:
            if not self._take(session, target):
                return [verbs.say(TAKEN), verbs.hangup()]
            return []
        if not hook.digits and prompts < PROMPTS:
            return self.whisper(hook, prompts)
        answer = TransferOutcome.DECLINED if hook.digits else _silent(target)
        if session.answer is not TransferOutcome.ACCEPTED:
            self._sessions.put(replace(session, answered=target.name, answer=answer))
        log.info("voice.not_taken", call=session.call_id, target=target.name, answer=answer.value)
        return [verbs.hangup()]

    def _take(self, session: Session, target: Target) -> bool:
        offers = self._records.offers
        won = offers.settle_call(session.call_id, OfferState.ACCEPTED, target.name)
        if not won:
            known = offers.offers_of(session.call_id)
            # Without an offer on record nobody can be asked; a repeated hook finds the offer settled by itself.
            if known and not (known[-1].state is OfferState.ACCEPTED and known[-1].target == target.name):
                return False
        self._sessions.put(replace(session, answered=target.name, answer=TransferOutcome.ACCEPTED))
        log.info("voice.taken", call=session.call_id, target=target.name)
        return True

    def _with_contexts(self, session: Session, group: tuple[Target, ...]) -> Session:
        """Every person asked gets an id of their own; those who have one keep it, for hooks may repeat."""
        contexts: dict[str, str] = dict(session.contexts)
        spare = session.context_id if session.context_id not in contexts.values() else ""
        for target in group:
            if target.name not in contexts and target.kind in (TargetKind.USER, TargetKind.SIP):
                contexts[target.name] = spare or self._sessions.issue_context(session.call_id)
                spare = ""
        if contexts == session.contexts:
            return session
        session = replace(
            session, contexts=contexts, context_id=session.context_id or next(iter(contexts.values()), "")
        )
        self._sessions.put(session)
        return session

    def _offer(self, session: Session, group: tuple[Target, ...]) -> None:
        plan = session.transfer
        state = OfferState.WAITING if group[0].kind is TargetKind.QUEUE else OfferState.RINGING
        reason = plan.reason if plan else TransferReason.FAILURE
        try:
            self._records.offers.offer(
                session.call_id,
                [target.name for target in group],
                plan.rule if plan and plan.rule else RESCUE,
                reason.value,
                state,
            )
        except StoreError as error:
            # The caller on the line comes before the desk.
            log.error("voice.not_offered", call=session.call_id, error=str(error))

    def _waited(self, call_id: str) -> float:
        offers = self._records.offers.offers_of(call_id)
        since = min((offer.offered_at.timestamp() for offer in offers), default=None)
        return max(0.0, self._clock() - since) if since is not None else 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """A step of a transfer: of which attempt of the call, and whom it asked; nobody, if it was a stream."""

    attempt: int
    step: int
    names: tuple[str, ...]


def place_of(identity: str) -> Place | None:
    """The place in the `id` of one of our verbs, or None."""
    found = VERB_ID.fullmatch(identity)
    return (
        Place(int(found[1]), int(found[2] or 0), tuple(found[3].split("+")) if found[3] else ()) if found else None
    )


def place_id(attempt: int, step: int, group: Sequence[Target]) -> str:
    """The `id` of the verb that asks `group`; comes back in its hook."""
    which = f"{attempt}.{step}" if step else f"{attempt}"
    return f"dial-{which}:{'+'.join(target.name for target in group)}"


def _silent(target: Target) -> TransferOutcome:
    """A telephone that answers and presses nothing is taken for a machine, a softphone for nobody there."""
    return TransferOutcome.NO_ANSWER if target.kind is TargetKind.USER else TransferOutcome.MACHINE


def everybody(plan: Transfer, targets: Mapping[str, Target], fallback: Target) -> list[Target]:
    """The targets of `plan` in order; one that is not in the dialog any more is replaced by the fallback."""
    return list(
        {target.name: target for name in plan.targets for target in [targets.get(name, fallback)]}.values()
    )
