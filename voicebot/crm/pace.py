"""How often a vendor may be asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from voicebot.errors import CrmThrottled

_SHORT_WAIT = 3.0
"""Seconds that are waited within a delivery."""


class Pace:
    """At most `requests` in any `seconds`, as an account's limit says. Not for several threads at once."""

    def __init__(
        self,
        requests: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = requests
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._begun: deque[float] = deque()

    def wait(self) -> None:
        """Return when a request may begin. Raises CrmThrottled instead of a wait beyond some seconds."""
        now = self._clock()
        while self._begun and self._begun[0] <= now - self._seconds:
            self._begun.popleft()
        if len(self._begun) >= self._most:
            left = self._begun[0] + self._seconds - now
            if left > _SHORT_WAIT:
                raise CrmThrottled(f"{self._most} requests in {self._seconds:.0f} s are the limit", left)
            self._sleep(left)
            self._begun.popleft()
            now = self._clock()
        self._begun.append(now)
