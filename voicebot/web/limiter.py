"""A brake for whoever guesses passwords."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

ADDRESS_LIMIT = 4096


class FailureLimit:
    """Counts failures by address; after `limit` of them within `seconds` the address has to wait. Thread-safe.

    Of IPv6 the first 64 bits count: the rest is the choice of whoever has them.
    Remembers the latest 4096 addresses (well under 10 MB), so that a flood from many cannot fill the memory.
    """

    def __init__(
        self, limit: int = 10, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Seconds until `address` may try again; 0 if it may now."""
        with self._lock:
            now = self._clock()
            failures = self._failures.get(_owner(address))
            if failures is None or len(failures) < self._limit:
                return 0.0
            return max(0.0, failures[0] + self._seconds - now)

    def failed(self, address: str) -> None:
        """Count a failure of `address`."""
        with self._lock:
            owner = _owner(address)
            failures = self._failures.setdefault(owner, deque(maxlen=self._limit))
            failures.append(self._clock())
            self._failures.move_to_end(owner)
            if len(self._failures) > ADDRESS_LIMIT:
                self._failures.popitem(last=False)


def _owner(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    return str(ip.ipv4_mapped or ipaddress.IPv6Address(int(ip) >> 64 << 64))
