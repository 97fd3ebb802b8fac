"""Writes that are not given up."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.database import empty
from voicebot.call.record import Speaker, TurnEntry
from voicebot.errors import StoreError
from voicebot.runtime.journal import Journal
from voicebot.store.records import Records


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


def test_a_write_that_can_never_succeed_does_not_stop_the_others(tmp_path: Path) -> None:
    """A call whose row an operator deleted while it was live costs nobody else's record."""
    records = Records.open(empty(tmp_path / "records.db"))
    journal = Journal()
    turn = TurnEntry(0, Speaker.CALLER, "hello", 0.0, 1.0)
    journal.write(lambda: records.add("deleted", turn))
    journal.write(lambda: records.start("call-2", "", "", "jambonz", "shop", "node"))
    assert journal.close(5)
    assert records.call("call-2") is not None
    records.close()


def test_closing_tells_when_something_could_not_be_written() -> None:
    """A close that runs out of time says so instead of pretending."""
    release = threading.Event()
    journal = Journal()
    journal.write(lambda: release.wait(5) and None)  # type: ignore[arg-type]
    assert not journal.close(0.05)
    release.set()
