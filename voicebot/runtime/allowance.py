"""How much one stream may send: more than any telephone does, less than would keep other calls waiting."""

from __future__ import annotations


class Allowance:
    """Fills steadily and is used up by what comes.

    rate: per second. burst: how much may come at once after a pause.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = 0.0

    def take(self, amount: float, now: float) -> bool:
        """Use `amount` at `now` (seconds, monotonic); False, and nothing used, when there is not as much left."""
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True
