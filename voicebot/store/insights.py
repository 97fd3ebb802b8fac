"""What a language model made of calls, so that it is asked once for each. It goes with its call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import insights


class Insights(Part):
    """The insights into every call, safe from any thread and process. Raises StoreError."""

    def get(self, call_id: str, turns: int) -> Mapping[str, Any] | None:
        """What was made of the call when it had so many turns, or None."""
        query = select(insights.c.document).where(insights.c.call_id == call_id, insights.c.turns == turns)
        with self._read() as db:
            found: Mapping[str, Any] | None = db.execute(query).scalar_one_or_none()
            return found

    def put(self, call_id: str, turns: int, document: Mapping[str, Any]) -> None:
        """Keep this, in place of what was made of fewer turns."""
        values = {"turns": turns, "document": dict(document)}
        with self._write() as db:
            if not insert_unless_there(db, insights, call_id=call_id, **values):
                db.execute(update(insights).where(insights.c.call_id == call_id).values(**values))
