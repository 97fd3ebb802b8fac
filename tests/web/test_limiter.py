"""The brake for guessed passwords."""

from __future__ import annotations

import pytest

from voicebot.web.limiter import ADDRESS_LIMIT, FailureLimit


def test_blocks_after_the_limit_and_opens_again() -> None:
    """Three failures close the door for the rest of the minute, counted from the first."""
    now = 100.0
    limit = FailureLimit(limit=3, seconds=60, clock=lambda: now)
    for _ in range(3):
        assert limit.wait("a") == 0
        limit.failed("a")
        now += 1
    assert limit.wait("a") == 57
    now = 160.0
    assert limit.wait("a") == 0


def test_addresses_do_not_share_their_failures() -> None:
    """One guesser does not lock out the others."""
    limit = FailureLimit(limit=1, clock=lambda: 0.0)
    limit.failed("a")
    assert limit.wait("a") > 0
    assert limit.wait("b") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_owner_of_many_addresses_has_no_more_guesses(one: str, other: str, same: bool) -> None:
    """Of IPv6 everybody has 2^64 addresses, and they count as one."""
    limit = FailureLimit(limit=1, clock=lambda: 0.0)
    limit.failed(one)
    assert (limit.wait(other) > 0) is same


def test_memory_is_bounded() -> None:
    """A flood from many addresses forgets the oldest."""
    limit = FailureLimit(limit=1, clock=lambda: 0.0)
    for number in range(ADDRESS_LIMIT + 1):
        limit.failed(str(number))
    assert limit.wait("0") == 0
    assert limit.wait("1") > 0
