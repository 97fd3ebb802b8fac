"""Queues: what callers hear while they wait, and how people fetch the next of them by calling a service number."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from voicebot.dialog.port import Dialog
from voicebot.dialog.targets import Target
from voicebot.settings import Settings
from voicebot.store.offers import Offer, OfferState
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.web import verbs
from voicebot.web.incoming import Hook
from voicebot.web.verbs import Verb

log = structlog.get_logger()

FETCH_SECONDS = 15
"""jambonz looks for the caller every 5 s; whoever is not found by then has hung up."""

PAUSE_SECONDS = 5.0
"""Between two looks into an empty queue."""

NOBODY = "Nobody is waiting."


class Waiting:
    """The queues among the dialog's targets. Thread-safe, as the stores are. clock: seconds since the epoch."""

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

    def wait(self, hook: Hook, target: Target) -> list[Verb]:
        """What a caller in the queue hears next: their place, then music; when it took too long, they leave."""
        left = target.wait_seconds - hook.queue_time
        if left <= 0:
            log.info("voice.waited", call=hook.call_id, target=target.name, seconds=hook.queue_time)
            return [verbs.leave()]
        seconds = max(1.0, min(float(target.say_seconds), left))
        place = verbs.say(self._dialog.in_line(hook.queue_position, hook.queue_time))
        return [place, verbs.play(target.music, seconds) if target.music else verbs.pause(seconds)]

    def fetch(self, hook: Hook, target: Target) -> list[Verb]:
        """A person calls to take the next caller: they hear about the call and are connected, or wait for one."""
        if hook.over:
            return []
        offer = self._claim(target, self._records.users.calling(hook.caller))
        url = f"{self._settings.http_url}/queue/{target.name}"
        if offer is None:
            return [verbs.say(NOBODY), verbs.pause(PAUSE_SECONDS), verbs.redirect(url)]
        log.info("voice.fetched", call=offer.call_id, target=target.name)
        done = f"{url}/done?offer={offer.id}"
        fetched = verbs.dequeue(target.address, done, offer.call_id, FETCH_SECONDS)
        text = self._about(offer)
        return [verbs.say(text), fetched] if text else [fetched]

    def fetched(self, hook: Hook, target: Target, offer_id: int) -> list[Verb]:
        """What became of connecting the two: after their talk, or when the caller was gone, the next may come."""
        offers = self._records.offers
        if hook.dequeue_result == "complete":
            offers.settle(offer_id, OfferState.ACCEPTED, target.name)
        else:
            offers.release(offer_id, self._records.users.calling(hook.caller))
        if hook.over:
            return []
        return [verbs.redirect(f"{self._settings.http_url}/queue/{target.name}")]

    def _claim(self, target: Target, agent: str) -> Offer | None:
        """The caller who waits longest and whom nobody else fetches."""
        for offer in self._records.offers.open_offers([target.name]):
            unclaimed = offer.agent in (None, agent) and offer.state is OfferState.WAITING
            if unclaimed and self._sessions.get(offer.call_id) and self._records.offers.claim(offer.id, agent):
                return offer
        return None

    def _about(self, offer: Offer) -> str:
        session = self._sessions.get(offer.call_id)
        about = session.transfer.whisper if session and session.transfer else ""
        return self._dialog.whisper(about, max(0.0, self._clock() - offer.offered_at.timestamp()))
