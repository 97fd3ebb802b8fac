"""How much may come at once, and how much for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.runtime.allowance import Allowance


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_more_passes_than_the_burst_and_the_rate_allow(pauses: list[float]) -> None:
    """However it is spaced, what passed is at most the burst plus the rate times the time since."""
    allowance = Allowance(rate=3.0, burst=5.0)
    now, passed = 100.0, 0
    for pause in pauses:
        now += pause
        passed += sum(allowance.take(1, now) for _ in range(4))
        assert passed <= 5 + 3 * (now - 100) + 1e-6


def test_what_keeps_to_the_rate_always_passes() -> None:
    """A steady stream at the rate is never held up."""
    allowance = Allowance(rate=50.0, burst=10.0)
    assert all(allowance.take(1, 7.0 + number / 50) for number in range(5000))
