"""Finding out who calls, once a call, while the caller is greeted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from voicebot.crm.callers import Callers
from voicebot.runtime.journal import Journal
from voicebot.store.callers import Callers as KeptCallers
from voicebot.store.sessions import Session

log = structlog.get_logger()


async def who_calls(
    session: Session, callers: Callers, kept: KeptCallers, journal: Journal
) -> Mapping[str, str] | None:
    """The customer who calls, by property; None where none is known. Whatever fails here, the call goes on.

    kept: what was found for a call's first stream holds for those after it.
    """
    try:
        again = session.comeback is not None
        people = await asyncio.to_thread(kept.get, session.call_id) if again else None
        if people is None:
            people = await callers.look_up(session.caller)
            journal.write(partial(kept.put, session.call_id, people))
    except Exception as error:
        log.error("callers.failed", call=session.call_id, error=type(error).__name__)
        return None
    return people.customer()
