"""What every open page shows now: read once for all of them, each part rendered once for all that show it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from voicebot.store.floor import Floor
from voicebot.store.records import Records
from voicebot.store.users import User
from voicebot.web.desk.open_page import Page
from voicebot.web.desk.painter import Painter


class Showing:
    """Reads and renders: for a thread beside the event loop. Raises StoreError. hold: as in `WrapUps.begin`."""

    def __init__(self, records: Records, painter: Painter, hold: float) -> None:
        self._records = records
        self._painter = painter
        self._hold = hold

    def now(self, pages: Collection[Page]) -> Mapping[Page, Mapping[str, Any]]:
        """What each page should show now; pages whose user is gone or has another password are left out."""
        present = self._records.desk.present() if any(page.view == "queue" for page in pages) else []
        agents = {page.user.name for page in pages if page.view == "desk"} | {person.name for person in present}
        floor = self._records.floors.look(agents)
        for call_id, agent in floor.unbegun:
            self._records.wrap_ups.begin(call_id, agent, self._hold)
        if floor.unbegun:
            floor = self._records.floors.look(agents)
        pages = [page for page in pages if floor.users.get(page.user.name) == page.mark]
        own = {
            talk.call_id for page in pages if page.view == "desk" for talk in floor.talks.get(page.user.name, ())
        }
        calls = own | {page.call_id for page in pages if page.call_id} | {offer.call_id for offer in floor.offers}
        self._painter.refresh(calls)
        desks: dict[str, Mapping[str, Any]] = {}
        lists: dict[Hashable, str] = {}
        shown: dict[Page, Mapping[str, Any]] = {}
        queue = self._painter.queue(floor, present) if any(page.view == "queue" for page in pages) else ""
        for page in pages:
            if page.view == "queue":
                shown[page] = {"queue": str(queue)}
            elif page.call_id:
                shown[page] = {"call": str(self._painter.call(page.call_id))}
            else:
                name = page.user.name
                desks[name] = desks.get(name) or self._desk(floor, page.user, lists)
                shown[page] = desks[name]
        return shown

    def _desk(self, floor: Floor, user: User, lists: dict[Hashable, str]) -> Mapping[str, Any]:
        """What a desk shows. lists: the offers as desks with the same targets and claims have them."""
        talks = floor.talks.get(user.name, ())
        same = (user.targets, user.name if user.name in floor.claimants else None)
        if same not in lists:
            lists[same] = str(self._painter.offers(floor, user))
        parts: dict[str, Any] = {"offers": lists[same], "talks": [talk.id for talk in talks]}
        for talk in talks:
            claim = floor.claims.get((talk.call_id, user.name))
            parts[f"facts-{talk.id}"] = str(self._painter.facts(talk, claim))
            parts[f"transcript-{talk.id}"] = str(self._painter.transcript(talk.call_id))
        return parts
