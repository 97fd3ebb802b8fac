"""Who calls, as CRMs told it, so that they are asked once for each call. It goes with its call."""

from __future__ import annotations

from sqlalchemy import select

from voicebot.people import People
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import callers


class Callers(Part):
    """The people behind every call, safe from any thread and process. Raises StoreError. now: aware, UTC."""

    def get(self, call_id: str) -> People | None:
        """Who was found, perhaps nobody; None while nobody has asked."""
        query = select(callers.c.document).where(callers.c.call_id == call_id)
        with self._read() as db:
            found = db.execute(query).scalar_one_or_none()
            return None if found is None else People.of(found)

    def put(self, call_id: str, people: People) -> None:
        """Keep who was found, unless that is kept already."""
        with self._write() as db:
            insert_unless_there(db, callers, call_id=call_id, document=people.document(), asked_at=self._now())
