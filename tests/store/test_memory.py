"""The size of the sessions in memory."""

from __future__ import annotations

from dataclasses import replace

from tests.store.test_sessions import NODE, SESSION
from voicebot.store import MemorySessions
from voicebot.store.memory import Shelf


def test_a_full_shelf_drops_its_oldest() -> None:
    """One entry more than the limit pushes out the one written longest ago."""
    shelf: Shelf[int] = Shelf(lifetime=60, limit=2)
    shelf.put("a", 1, now=0)
    shelf.put("b", 2, now=1)
    shelf.put("a", 3, now=2)
    shelf.put("c", 4, now=3)
    assert [shelf.get(key, now=3) for key in "abc"] == [3, None, 4]


def test_expired_entries_do_not_stay_in_memory() -> None:
    """Writing anything clears what has expired, whether or not it is ever asked for."""
    shelf: Shelf[int] = Shelf(lifetime=60, limit=1000)
    for number in range(100):
        shelf.put(str(number), number, now=0)
    shelf.put("late", 1, now=60)
    assert shelf.values(now=60) == [1]
    assert len(shelf._entries) == 1


def test_no_kind_of_entry_grows_without_limit() -> None:
    """Ten times the limit of sessions, tokens, contexts and nodes leaves the latest ones, as many as the limit."""
    sessions = MemorySessions(session_ttl=600, context_ttl=600, clock=lambda: 0.0, limit=10)
    calls = [f"call-{number}" for number in range(100)]
    for call_id in calls:
        sessions.open(replace(SESSION, call_id=call_id))
        sessions.announce(replace(NODE, name=call_id))
    tokens = [sessions.issue_token(call_id) for call_id in calls]
    contexts = [sessions.issue_context(call_id) for call_id in calls]
    assert [call_id for call_id in calls if sessions.get(call_id)] == calls[-10:]
    assert [found for token in tokens if (found := sessions.redeem_token(token))] == calls[-10:]
    assert [found for context in contexts if (found := sessions.resolve_context(context))] == calls[-10:]
    assert len(sessions.nodes()) == 10
