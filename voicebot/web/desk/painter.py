"""Keeps what desks show ready as HTML, and makes anew only what has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import structlog
from markupsafe import Markup

from voicebot.crm.people import Match, Matches
from voicebot.errors import CrmError, StoreError
from voicebot.store.desks import Present
from voicebot.store.floor import Floor
from voicebot.store.offers import Offer
from voicebot.store.records import Records
from voicebot.store.sessions import Session, Sessions
from voicebot.store.users import User
from voicebot.store.views import WrapUp
from voicebot.web.desk import fragments
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
    """Makes the parts of desks. Thread-safe."""

    def __init__(self, sessions: Sessions, records: Records, matches: Matches | None = None) -> None:
        self._sessions = sessions
        self._records = records
        self._matches = matches
        self._calls: OrderedDict[str, tuple[Hashable, Known]] = OrderedDict()
        self._parts: OrderedDict[Hashable, Markup] = OrderedDict()
        self._people: OrderedDict[str, Sequence[Match]] = OrderedDict()
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="callers") if matches is not None else None

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
        return fragments.paint_talk(written, found.page, offer, found.over, self._who(found.page))

    def facts(self, written: WrapUp, offer: Offer | None) -> Markup:
        """The head of a talk whose call was refreshed."""
        found = self._known(written.call_id)
        people = self._who(found.page)
        return self._cached(
            ("facts", self._stamp(written.call_id), offer, tuple(people)),
            lambda: fragments.paint_facts(found.page, offer, found.over, people),
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
        key = ("card", offer, mine, self._stamp(offer.call_id), tuple(shown.matches))
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
        return Card(offer, kept[1].page, self._who(kept[1].page))

    def _known(self, call_id: str) -> Known:
        kept = self._calls.get(call_id)
        if kept is None:
            raise StoreError(f"call {call_id} is not recorded")
        return kept[1]

    def _read(self, call_id: str) -> Known | None:
        session = self._session(call_id)
        view = self._records.call(call_id)
        if view is not None:
            return Known(page(view, session), view.row.over)
        return Known(page_of_session(session), over=False) if session else None

    def _session(self, call_id: str) -> Session | None:
        try:
            return self._sessions.get(call_id)
        except StoreError as error:
            # What only the session knows is left out while Redis is away; the records are enough for a desk.
            log.error("desk.session_unknown", call=call_id, error=str(error))
            return None

    def _who(self, call: CallPage) -> Sequence[Match]:
        if self._matches is None or not call.phone:
            return ()
        found = self._people.get(call.call_id)
        if found is None and self._asking is not None and call.call_id not in self._asked:
            # Nobody waits for the CRM: whoever it finds is shown with the next change.
            self._asked.add(call.call_id)
            self._asking.submit(self._ask, self._matches, call.call_id, call.phone)
        return found or ()

    def _ask(self, matches: Matches, call_id: str, phone: str) -> None:
        try:
            found = tuple(matches.find(phone))
        except CrmError as error:
            log.warning("desk.caller_unknown", call=call_id, error=str(error))
            found = ()
        except Exception as error:
            log.error("desk.caller_failed", call=call_id, error=type(error).__name__)
            found = ()
        self._keep(self._people, call_id, found)
        self._asked.discard(call_id)

    def _keep(self, store: OrderedDict[K, T], key: K, value: T) -> None:
        with self._lock:
            store[key] = value
            store.move_to_end(key)
            while len(store) > KEPT:
                store.popitem(last=False)
