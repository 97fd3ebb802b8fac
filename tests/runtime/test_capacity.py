"""How many calls a process takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from voicebot.runtime.capacity import Capacity


def test_takes_calls_up_to_the_limit() -> None:
    """The call after the last place is refused, and a released place is taken again."""
    capacity = Capacity(2)
    assert [capacity.take() for _ in range(3)] == [True, True, False]
    assert not capacity.room
    capacity.release()
    assert capacity.take()


def test_draining_refuses_new_calls_and_keeps_old_ones() -> None:
    """A process that goes away holds the calls it has and takes no other."""
    capacity = Capacity(5)
    assert capacity.take()
    capacity.drain()
    assert not capacity.take()
    assert capacity.held == 1


def test_threads_never_take_more_than_the_limit() -> None:
    """Places are counted right when many threads take them at once."""
    capacity = Capacity(50)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: capacity.take(), range(400)))
    assert sum(taken) == 50
