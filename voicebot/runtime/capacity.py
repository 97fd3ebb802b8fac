"""How many calls this process holds, and whether it takes more."""

from __future__ import annotations

import threading


class Capacity:
    """Counts calls from the first byte of their socket to the last; safe from any thread.

    limit: most calls held at once.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._draining = False
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Calls held now."""
        return self._held

    @property
    def draining(self) -> bool:
        """Whether new calls are refused because the process is going away."""
        return self._draining

    @property
    def room(self) -> bool:
        """Whether one more call would be taken."""
        return not self._draining and self._held < self.limit

    def take(self) -> bool:
        """Claim a place for a call; False when there is none."""
        with self._lock:
            if not self.room:
                return False
            self._held += 1
            return True

    def release(self) -> None:
        """Give the place back."""
        with self._lock:
            self._held -= 1

    def drain(self) -> None:
        """Refuse new calls from now on."""
        self._draining = True
