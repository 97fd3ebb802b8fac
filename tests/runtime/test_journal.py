"""Writes that are not given up."""

from __future__ import annotations

import threading

from voicebot.errors import StoreError
from voicebot.runtime.journal import Journal


def test_writes_happen_in_the_order_given() -> None:
    """What is written first is performed first."""
    done: list[int] = []
    journal = Journal()
    for number in range(100):
        journal.write(lambda number=number: done.append(number))  # type: ignore[misc]
    assert journal.close(5)
    assert done == list(range(100))


def test_a_write_that_fails_is_tried_again_before_the_next() -> None:
    """A database that is away for a moment loses nothing and mixes nothing up."""
    done: list[str] = []
    failures = [StoreError("away"), StoreError("still away")]

    def first() -> None:
        if failures:
            raise failures.pop()
        done.append("first")

    journal = Journal()
    journal.write(first)
    journal.write(lambda: done.append("second"))
    assert journal.close(5)
    assert done == ["first", "second"]


def test_a_write_that_is_wrong_does_not_stop_the_others() -> None:
    """A fault of our own in one write leaves the rest to be written."""
    done: list[str] = []

    def wrong() -> None:
        raise TypeError("ours")

    journal = Journal()
    journal.write(wrong)
    journal.write(lambda: done.append("next"))
    assert journal.close(5)
    assert done == ["next"]


def test_closing_tells_when_something_could_not_be_written() -> None:
    """A close that runs out of time says so instead of pretending."""
    release = threading.Event()
    journal = Journal()
    journal.write(lambda: release.wait(5) and None)  # type: ignore[arg-type]
    assert not journal.close(0.05)
    release.set()
