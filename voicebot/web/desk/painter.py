"""Keeps what desks show ready as HTML, and makes anew only what has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from markupsafe import Markup

from voicebot.errors import StoreError
from voicebot.store.desks import Present
from voicebot.store.floor import Floor
from voicebot.store.offers import Offer
from voicebot.store.records import Records
from voicebot.store.sessions import Session, Sessions
from voicebot.store.users import User
from voicebot.store.views import WrapUp
from voicebot.web.desk import fragments
from voicebot.web.desk.asking import Asking
from voicebot.web.desk.call_page import CallPage, page, page_of_session
from voicebot.web.desk.fragments import Card

log = structlog.get_logger()

KEPT = 2048
"""Calls and cards kept ready; more than people can look at."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """A call as it was when its stamp was taken."""

    page: CallPage
    over: bool


class Painter:
    """Makes the parts of desks. Thread-safe. asking: asks who calls, where the bot has not."""

    def __init__(self, sessions: Sessions, records: Records, asking: Asking | None = None) -> None:
        self._sessions = sessions
        self._records = records
        self._asking = asking
        self._calls: OrderedDict[str, tuple[Hashable, Known]] = OrderedDict()
        self._parts: OrderedDict[Hashable, Markup] = OrderedDict()
        self._lock = threading.Lock()

    def refresh(self, call_ids: Collection[str]) -> None:
        """Read again those of these calls that have changed. Raises StoreError."""
        stamps = self._records.floors.stamps(call_ids)
        for call_id in call_ids:
            stamp = stamps.get(call_id)
            kept = self._calls.get(call_id)
            if kept is not None and stamp is not None and kept[0] == stamp:
                continue
            found = self._read(call_id)
            if found is not None:
                self._keep(self._calls, call_id, (stamp, found))

    def offers(self, floor: Floor, user: User) -> Markup:
        """The calls offered to `user`, out of those that were refreshed."""
        shown = fragments.visible(floor.offers, user)
        cards = tuple(self._card(offer, offer.agent == user.name) for offer in shown)
        return self._cached(cards, lambda: fragments.paint_offers(cards))

    def queue(self, floor: Floor, present: Sequence[Present]) -> Markup:
        """Everybody who waits, of calls that were refreshed, and who is there."""
        cards = [found for offer in floor.offers if (found := self._shown(offer)) is not None]
        talking = {agent: len(talks) for agent, talks in floor.talks.items()}
        return fragments.paint_queue(cards, present, talking)

    def talk(self, written: WrapUp) -> Markup:
        """A call with its notes, as a page begins with it. Raises StoreError."""
        self.refresh([written.call_id])
        found = self._known(written.call_id)
        claimed = [
            offer for offer in self._records.offers.offers_of(written.call_id) if offer.agent == written.agent
        ]
        offer = claimed[-1] if claimed else None
        return fragments.paint_talk(written, found.page, offer, found.over)

    def facts(self, written: WrapUp, offer: Offer | None) -> Markup:
        """The head of a talk whose call was refreshed."""
        found = self._known(written.call_id)
        return self._cached(
            ("facts", self._stamp(written.call_id), offer),
            lambda: fragments.paint_facts(found.page, offer, found.over),
        )

    def transcript(self, call_id: str) -> Markup:
        """What was said in a call that was refreshed."""
        found = self._known(call_id)
        return self._cached(("said", self._stamp(call_id)), lambda: fragments.paint_transcript(found.page))

    def call(self, call_id: str) -> Markup:
        """The whole of a call that was refreshed."""
        found = self._known(call_id)
        return self._cached(("call", self._stamp(call_id)), lambda: fragments.paint_call(found.page))

    def _card(self, offer: Offer, mine: bool) -> Markup:
        shown = self._shown(offer)
        if shown is None:
            return Markup()
        key = ("card", offer, mine, self._stamp(offer.call_id))
        return self._cached(key, lambda: fragments.paint_card(shown, mine))

    def _stamp(self, call_id: str) -> Hashable:
        kept = self._calls.get(call_id)
        return (call_id, kept[0] if kept else None)

    def _cached(self, key: Hashable, make: Callable[[], Markup]) -> Markup:
        found = self._parts.get(key)
        if found is None:
            found = make()
            self._keep(self._parts, key, found)
        return found

    def _shown(self, offer: Offer) -> Card | None:
        kept = self._calls.get(offer.call_id)
        if kept is None:
            return None
        return Card(offer, kept[1].page)

    def _known(self, call_id: str) -> Known:
        kept = self._calls.get(call_id)
        if kept is None:
            raise StoreError(f"call {call_id} is not recorded")
        return kept[1]

    def _read(self, call_id: str) -> Known | None:
        session = self._session(call_id)
        view = self._records.call(call_id)
        if view is not None:
            if self._asking is not None and view.people is None and not view.turns and view.row.caller:
                self._asking.about(call_id, view.row.caller)
            return Known(page(view, session), view.row.over)
        return Known(page_of_session(session), over=False) if session else None

    def _session(self, call_id: str) -> Session | None:
        try:
            return self._sessions.get(call_id)
        except StoreError as error:
            # What only the session knows is left out while Redis is away; the records are enough for a desk.
            log.error("desk.session_unknown", call=call_id, error=str(error))
            return None

    def _keep(self, store: OrderedDict[K, T], key: K, value: T) -> None:
        with self._lock:
            store[key] = value
            store.move_to_end(key)
            while len(store) > KEPT:
                store.popitem(last=False)
