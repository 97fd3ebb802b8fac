"""What every connector's requests have in common: pace and tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.crm.pace import Pace
from voicebot.crm.tokens import EARLY_SECONDS, AccessToken, Grant
from voicebot.errors import CrmThrottled


class Hand:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    most=st.integers(1, 5),
    seconds=st.floats(0.5, 60),
    gaps=st.lists(st.floats(0, 30), max_size=60),
)
def test_pace_is_never_exceeded(most: int, seconds: float, gaps: list[float]) -> None:
    """Whenever requests come, no window holds more than the account allows."""
    hand = Hand()
    pace = Pace(most, seconds, hand, hand.sleep)
    begun: list[float] = []
    for gap in gaps:
        hand.now += gap
        try:
            pace.wait()
        except CrmThrottled as error:
            hand.now += error.retry_after or 0.0
            pace.wait()
        begun.append(hand.now)
    for first, later in zip(begun, begun[most:], strict=False):
        assert later - first >= seconds - 1e-6


def test_short_waits_are_waited_and_long_ones_told() -> None:
    """A delivery under way is not broken off for a second; a minute is not slept through."""
    hand = Hand()
    pace = Pace(1, 2.0, hand, hand.sleep)
    pace.wait()
    pace.wait()
    assert hand.now == 2.0
    slow = Pace(1, 60.0, hand, hand.sleep)
    slow.wait()
    with pytest.raises(CrmThrottled) as caught:
        slow.wait()
    assert caught.value.retry_after == 60.0


def test_token_is_renewed_before_its_end() -> None:
    """A minute early; one whose life is not said stays until it is refused."""
    hand, given_out = Hand(), iter("abc")
    token = AccessToken(lambda: Grant(next(given_out), 1800.0), hand)
    assert (token.get(), token.get()) == ("a", "a")
    hand.now = 1800.0 - EARLY_SECONDS
    assert token.get() == "b"
    token.forget()
    assert token.get() == "c"
    lasting = AccessToken(lambda: Grant("x"), hand)
    lasting.get()
    hand.now += 1e9
    assert lasting.get() == "x"


def test_token_of_a_minute_is_used_for_half_of_it() -> None:
    """A life shorter than the margin does not mean a new token for every request."""
    hand, given_out = Hand(), iter("ab")
    token = AccessToken(lambda: Grant(next(given_out), 60.0), hand)
    assert token.get() == "a"
    hand.now = 29.0
    assert token.get() == "a"
    hand.now = 30.0
    assert token.get() == "b"


def test_token_is_not_shown() -> None:
    """Neither by repr nor in a traceback's locals."""
    assert "secret" not in repr(Grant("secret-token", 60.0))
