"""Who calls, as CRMs told it, so that they are asked once for each call. It goes with its call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, select

from voicebot.people import People
from voicebot.store.database import insert_unless_there, reader, store_errors
from voicebot.store.schema import callers


class Callers:
    """The people behind every call, safe from any thread and process. Raises StoreError. now: aware, UTC."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._now = now

    def get(self, call_id: str) -> People | None:
        """Who was found, perhaps nobody; None while nobody has asked."""
        query = select(callers.c.document).where(callers.c.call_id == call_id)
        with store_errors(self._engine.url), self._reader.begin() as db:
            found = db.execute(query).scalar_one_or_none()
            return None if found is None else People.of(found)

    def put(self, call_id: str, people: People) -> None:
        """Keep who was found, unless that is kept already."""
        with store_errors(self._engine.url), self._engine.begin() as db:
            insert_unless_there(db, callers, call_id=call_id, document=people.document(), asked_at=self._now())
