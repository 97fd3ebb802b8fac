"""Opens the caller's page in the browser of the agent who takes the call, where the agent works in Zendesk.

It needs Talk Partner Edition, which is a licence of its own. Nobody waits for it: the desk shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from voicebot.crm.finder import LOOK_SECONDS
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmError, StoreError
from voicebot.store.records import Records

log = structlog.get_logger()


class ZendeskPop:
    """Pops of one Zendesk account. Thread-safe. agents: their ids at Zendesk, by the name they sign in with."""

    def __init__(self, api: Api, agents: Mapping[str, str], records: Records) -> None:
        self._api = api
        self._agents = agents
        self._records = records
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="zendesk-pop")

    def show(self, agent: str, call_id: str) -> Future[bool] | None:
        """Have the caller's page shown to `agent`, soon; whether it was. None for whom Zendesk does not know."""
        identity = self._agents.get(agent)
        return None if identity is None else self._thread.submit(self._show, identity, call_id)

    def _show(self, agent: str, call_id: str) -> bool:
        try:
            people = self._records.callers.get(call_id)
            found = [each.id for each in people.matches if each.crm == "zendesk" and each.id] if people else []
            if not found:
                return False
            with self._api.within(LOOK_SECONDS):
                self._api.trigger(f"channels/voice/agents/{agent}/users/{found[0]}/display")
        except (CrmError, StoreError) as error:
            log.warning("zendesk.not_shown", call=call_id, error=str(error))
            return False
        return True
