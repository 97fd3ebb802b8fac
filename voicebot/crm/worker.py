"""Works off the notes owed to CRMs: leases one, delivers it, and says what became of it.

Every outcome is kept in the outbox before the next note is touched, so a worker may be killed at any moment: its
lease expires, and whoever takes the note up next is told that it may have been delivered. A CRM that refuses our
credential, fails again and again or asks for a pause is left alone as a whole; its notes wait unharmed.
"""

from __future__ import annotations

import random as random_module
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from voicebot.crm.compose import Mapped, compose
from voicebot.crm.insight import Insight
from voicebot.crm.port import Attempt, CallNote, Crm
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.errors import (
    CrmError,
    CrmRejected,
    CrmThrottled,
    CrmUnauthorized,
    CrmUnavailable,
    StoreError,
)
from voicebot.store.database import utc_now
from voicebot.store.views import CallView, Delivery

LEASE_SECONDS = 60.0
FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0
PAUSE_SECONDS = 300.0
"""How long a CRM that refuses our credential is left alone."""
GIVE_UP_AFTER = timedelta(hours=24)
GIVE_UP_TRIES = 5
"""Tries a note gets even when it is a day old already, because the worker was off or an operator revived it."""
IDLE_SECONDS = 0.5

log = structlog.get_logger()


class Targets(Protocol):
    """How the CRMs are, as `voicebot.store.targets.Targets` keeps it."""

    def refused(self, name: str, reason: str, seconds: float) -> bool: ...

    def throttled(self, name: str, reason: str, seconds: float) -> None: ...

    def failed(self, name: str, reason: str) -> float: ...

    def restarted(self, name: str) -> None: ...


class Outbox(Protocol):
    """The deliveries owed, as `voicebot.store.outbox.Outbox` keeps them."""

    @property
    def targets(self) -> Targets: ...

    def lease(
        self, owner: str, seconds: float, only: Collection[str] | None = None, skip: Collection[str] = ()
    ) -> Delivery | None: ...

    def extend(self, delivery_id: int, owner: str, seconds: float) -> bool: ...

    def save_progress(self, delivery_id: int, progress: Mapping[str, str]) -> None: ...

    def delivered(self, delivery_id: int, owner: str, external_id: str) -> None: ...

    def retry(self, delivery_id: int, owner: str, after: float, error: str, ambiguous: bool) -> None: ...

    def give_back(self, delivery_id: int, owner: str, error: str) -> None: ...

    def dead(self, delivery_id: int, owner: str, error: str) -> None: ...


class Records(Protocol):
    """The calls, as `voicebot.store.records.Records` keeps them."""

    @property
    def outbox(self) -> Outbox: ...

    def call(self, call_id: str) -> CallView | None: ...


class DeliveryWorker:
    """Delivers notes one after the other.

    crms: the configured CRMs by the name deliveries carry as their target.
    owner: a name no other running worker has.
    only, skip: names of CRMs whose notes are (not) its business, so that a slow CRM has a worker of its own.
    read: asks a language model about a call; None from it, or without it, leaves the dialog's own summary.
    pause: seconds a CRM that refuses our credential is left alone.
    clock: the time of day, aware, UTC.
    random: spreads the retries.
    plans: by the dialog's name, which values become properties at the CRM.
    """

    def __init__(
        self,
        records: Records,
        crms: Mapping[str, Crm],
        owner: str,
        clock: Callable[[], datetime] = utc_now,
        random: random_module.Random | None = None,
        plans: Mapping[str, CrmPlan] | None = None,
        only: Collection[str] | None = None,
        skip: Collection[str] = (),
        pause: float = PAUSE_SECONDS,
        read: Callable[[CallNote], Insight | None] | None = None,
    ) -> None:
        self._records = records
        self._outbox = records.outbox
        self._crms = crms
        self._owner = owner
        self._clock = clock
        self._plans = plans or {}
        self._random = random or random_module.Random()  # noqa: S311
        self._only = only
        self._skip = skip
        self._pause = pause
        self._read = read

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a delivery under way is finished first. Outlives a database that is away.

        A CRM that refused the credential is tried again at once: it may have been mended by this start.
        """
        self._begin()
        while not stop.is_set():
            try:
                busy, wait = self.run_once(), IDLE_SECONDS
            except StoreError as error:
                log.error("crm.store_failed", error=str(error))
                busy, wait = False, FIRST_WAIT
            except Exception as error:
                # The lease of whatever it was runs out; the other notes must not wait for a new worker.
                log.error("crm.worker_failed", error=_where(error))
                busy, wait = False, FIRST_WAIT
            if not busy:
                stop.wait(wait)

    def run_once(self) -> bool:
        """Take up one delivery that is due; False if there is none. Raises StoreError."""
        delivery = self._outbox.lease(self._owner, LEASE_SECONDS, self._only, self._skip)
        if delivery is None:
            return False
        crm = self._crms.get(delivery.target)
        if crm is None:
            error = (
                f"no CRM called {delivery.target} is configured: add it to VOICEBOT_CRM, or run "
                f"`voicebot deliveries drop {delivery.id}`"
            )
            self._outbox.retry(delivery.id, self._owner, PAUSE_SECONDS, error, ambiguous=False)
            return True
        view = self._records.call(delivery.call_id)
        if view is None:
            self._bury(delivery, "the record of the call is gone")
            return True
        insight = self._insight(delivery, view)
        # A model may have taken its time: what follows needs the whole lease again.
        if self._read is None or self._outbox.extend(delivery.id, self._owner, LEASE_SECONDS):
            self._attempt(delivery, crm, view, insight)
        return True

    def _attempt(self, delivery: Delivery, crm: Crm, view: CallView, insight: Insight | None) -> None:
        def save(progress: Mapping[str, str]) -> None:
            self._outbox.save_progress(delivery.id, progress)

        attempt = Attempt(repeat=delivery.ambiguous, progress=delivery.progress, save=save)
        try:
            note = compose(view, self._mapped(delivery, view), delivery.wrap_up, insight)
            external_id = crm.deliver(note, attempt)
        except StoreError:
            raise
        except CrmRejected as error:
            self._bury(delivery, str(error))
        except CrmUnauthorized as error:
            # Nothing is wrong with the note: it waits for the credential, however long that takes.
            self._outbox.give_back(delivery.id, self._owner, str(error))
            self._outbox.targets.refused(delivery.target, str(error), self._pause)
            log.error("crm.unauthorized", crm=delivery.target, error=str(error), paused_seconds=self._pause)
        except CrmThrottled as error:
            wait = error.retry_after or 0.0
            self._again(delivery, error, wait + self._back_off(delivery))
            if error.account and wait:
                self._outbox.targets.throttled(delivery.target, str(error), wait)
        except CrmUnavailable as error:
            self._again(delivery, error, self._back_off(delivery), ambiguous=error.ambiguous)
            if pause := self._outbox.targets.failed(delivery.target, str(error)):
                log.error("crm.down", crm=delivery.target, error=str(error), paused_seconds=round(pause))
        except Exception as error:
            # A bug of ours or of a CRM's: whether the note was written is anybody's guess. Its text may quote the
            # caller, so only its kind is told.
            log.error("crm.failed", crm=delivery.target, call=delivery.call_id, error=_where(error))
            unexpected = CrmUnavailable(f"unexpected {_where(error)}", ambiguous=True)
            self._again(delivery, unexpected, self._back_off(delivery), ambiguous=True)
        else:
            self._outbox.delivered(delivery.id, self._owner, external_id)
            log.info(
                "crm.delivered",
                crm=delivery.target,
                call=delivery.call_id,
                note=external_id,
                attempts=delivery.attempts,
                seconds=round((self._clock() - delivery.created_at).total_seconds(), 1),
            )

    def _begin(self) -> None:
        try:
            for name in self._crms if self._only is None else self._only:
                self._outbox.targets.restarted(name)
        except StoreError as error:
            log.error("crm.store_failed", error=str(error))

    def _insight(self, delivery: Delivery, view: CallView) -> Insight | None:
        if self._read is None or delivery.wrap_up:
            return None
        return self._read(compose(view))

    def _mapped(self, delivery: Delivery, view: CallView) -> Mapped | None:
        plan = self._plans.get(view.row.dialog)
        return plan.fields.get(delivery.target) if plan else None

    def _again(self, delivery: Delivery, error: CrmError, after: float, ambiguous: bool = False) -> None:
        old = self._clock() - delivery.created_at >= GIVE_UP_AFTER
        if old and delivery.attempts >= GIVE_UP_TRIES:
            self._bury(delivery, f"given up after {delivery.attempts} tries: {error}")
            return
        self._outbox.retry(delivery.id, self._owner, after, str(error), ambiguous)
        log.warning(
            "crm.retry",
            crm=delivery.target,
            call=delivery.call_id,
            error=str(error),
            attempts=delivery.attempts,
            after_seconds=round(after, 1),
            ambiguous=ambiguous,
        )

    def _bury(self, delivery: Delivery, error: str) -> None:
        self._outbox.dead(delivery.id, self._owner, error)
        log.error("crm.dead", crm=delivery.target, call=delivery.call_id, delivery=delivery.id, error=error)

    def _back_off(self, delivery: Delivery) -> float:
        """Exponential with full jitter: anywhere between `FIRST_WAIT` and a ceiling that doubles with each try."""
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(delivery.attempts, 32))
        return self._random.uniform(FIRST_WAIT, ceiling)


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} in {trace.tb_frame.f_globals.get('__name__', '?')} line {trace.tb_lineno}"
