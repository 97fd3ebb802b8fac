"""Asks the CRMs who calls, for calls that came to people without the bot, which asks otherwise."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import structlog

from voicebot.crm.callers import Callers
from voicebot.errors import StoreError
from voicebot.store.records import Records

REMEMBERED = 2048
"""Calls of which is known that they have been asked about."""

log = structlog.get_logger()


class Asking:
    """Asks in the background, once for each call, and keeps the answer with the call."""

    def __init__(self, callers: Callers, records: Records) -> None:
        self._callers = callers
        self._records = records
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="callers")

    def about(self, call_id: str, phone: str) -> None:
        """Have it asked who calls from `phone`; used by one thread."""
        if call_id in self._asked:
            return
        self._asked[call_id] = None
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        self._thread.submit(self._ask, call_id, phone)

    def _ask(self, call_id: str, phone: str) -> None:
        try:
            self._records.callers.put(call_id, self._callers.find(phone))
        except StoreError as error:
            log.error("callers.not_kept", call=call_id, error=str(error))
