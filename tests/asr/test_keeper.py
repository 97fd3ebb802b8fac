"""The size of batches after memory ran out, and the engine that comes after one that broke."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.asr.support import GatedEngine
from voicebot.asr import keeper as keepers
from voicebot.asr.keeper import EngineKeeper
from voicebot.errors import RecognizerError


def _full_batches_until_larger(keeper: EngineKeeper, engine: GatedEngine) -> int:
    """How many full batches have to go well before a larger one is tried."""
    before = keeper.batch
    for count in range(1, 10_000):
        keeper.proved(engine, keeper.batch)
        if keeper.batch > before:
            return count
    raise AssertionError("batches never grow")


def test_batches_grow_back_to_what_was_asked_and_no_further() -> None:
    """From 32 a shortage leaves 16; by quarters they come back to 32 and stay there."""
    engine = GatedEngine()
    keeper = EngineKeeper(engine, 32)
    assert keeper.short_of_memory(32)
    sizes = [keeper.batch]
    for _ in range(2000):
        keeper.proved(engine, keeper.batch)
        if keeper.batch != sizes[-1]:
            sizes.append(keeper.batch)
    assert sizes == [16, 20, 25, 31, 32]


def test_batches_that_are_not_full_prove_nothing() -> None:
    """A quiet night of single utterances is no reason to try more at once."""
    engine = GatedEngine()
    keeper = EngineKeeper(engine, 8)
    keeper.short_of_memory(8)
    for _ in range(10_000):
        keeper.proved(engine, 1)
    assert keeper.batch == 4


def test_every_further_shortage_doubles_the_patience() -> None:
    """A device that is simply too small is bothered less and less; utterances are retried each time."""
    engine = GatedEngine()
    keeper = EngineKeeper(engine, 4)
    keeper.short_of_memory(4)
    first = _full_batches_until_larger(keeper, engine)
    keeper.short_of_memory(3)
    assert keeper.batch == 1
    assert _full_batches_until_larger(keeper, engine) == 2 * first
    keeper.short_of_memory(2)
    assert _full_batches_until_larger(keeper, engine) == 4 * first


def test_one_utterance_that_does_not_fit_cannot_be_halved() -> None:
    """The keeper says so, and the batch stays what it is."""
    keeper = EngineKeeper(GatedEngine(), 8)
    assert not keeper.short_of_memory(1)
    assert keeper.batch == 8


def _mending() -> threading.Thread | None:
    """The thread that tries to load the model again, if there is one."""
    return next((thread for thread in threading.enumerate() if thread.name == "recognizer-mend"), None)


def _loading(*outcomes: GatedEngine | Exception) -> Callable[[], GatedEngine]:
    """Loads these one after the other; raises what is an error."""
    left = list(outcomes)

    def load() -> GatedEngine:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return load


def test_a_model_that_would_not_load_is_tried_again_though_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that cannot hear is sent no calls, so that nobody's utterance would ever make it try."""
    monkeypatch.setattr(keepers, "_PAUSE", 0.01)
    broken, fresh = GatedEngine(), GatedEngine()
    keeper = EngineKeeper(broken, 8, _loading(OSError("no device"), OSError("no device"), fresh))
    keeper.broke(broken)
    assert keeper.down
    mending = _mending()
    assert mending is not None
    mending.join(10)
    assert not keeper.down
    assert keeper.engine() is fresh


def test_an_engine_that_cannot_even_be_closed_is_replaced() -> None:
    """On a device that is gone its farewell may fail as well."""

    class Stuck(GatedEngine):
        def close(self) -> None:
            raise RuntimeError("device lost")

    broken, fresh = Stuck(), GatedEngine()
    keeper = EngineKeeper(broken, 8, _loading(fresh))
    keeper.broke(broken)
    assert keeper.engine() is fresh


def test_a_model_that_would_not_load_is_not_tried_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a second of a failed try whoever asks is refused at once; after it the next one tries again."""
    now = 100.0
    tries: list[float] = []
    monkeypatch.setattr(keepers, "time", SimpleNamespace(monotonic=lambda: now))

    def load() -> GatedEngine:
        tries.append(now)
        raise OSError("no device")

    broken = GatedEngine()
    keeper = EngineKeeper(broken, 8, load)
    keeper.broke(broken)
    mending = _mending()
    assert mending is not None
    for asked in (100.0, 100.9, 101.0, 101.9):
        now = asked
        with pytest.raises(RecognizerError, match="could not be loaded again"):
            keeper.engine()
    assert tries == [100.0, 101.0]
    keeper.close()
    mending.join(10)


def test_a_closed_keeper_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loads models into a process that is about to end."""
    monkeypatch.setattr(keepers, "_PAUSE", 60.0)
    broken = GatedEngine()
    keeper = EngineKeeper(broken, 8, _loading(OSError("no device"), GatedEngine()))
    keeper.broke(broken)
    mending = _mending()
    assert mending is not None
    # One that hangs while it loads keeps no process from ending.
    assert mending.daemon
    keeper.close()
    mending.join(10)
    assert not mending.is_alive()
    with pytest.raises(RecognizerError):
        keeper.engine()


def test_an_engine_that_arrives_after_the_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing does not wait for a model that takes its time; its memory is given back when it is there."""
    monkeypatch.setattr(keepers, "_FAREWELL", 0.01)
    arrives, loading = threading.Event(), threading.Event()
    broken, late = GatedEngine(), GatedEngine()

    def load() -> GatedEngine:
        loading.set()
        assert arrives.wait(10)
        return late

    keeper = EngineKeeper(broken, 8, load)
    worker = threading.Thread(target=keeper.broke, args=(broken,))
    worker.start()
    assert loading.wait(10)
    keeper.close()
    arrives.set()
    worker.join(10)
    assert late.closed


def test_a_new_engine_that_hears_nobody_is_to_blame_after_all() -> None:
    """One or two failures may be the audio's; three running, with no success before, are the engine's."""
    first, second, third = GatedEngine(), GatedEngine(), GatedEngine()
    keeper = EngineKeeper(first, 8, _loading(second, third))
    keeper.broke(first)
    kept = []
    for _ in range(3):
        kept.append(keeper.engine() is second)
        keeper.broke(second)
    assert kept == [True, True, True]
    assert keeper.engine() is third
    assert second.closed


def test_a_new_engine_that_heard_somebody_is_trusted_as_the_first() -> None:
    """After one success the next failure loads another at once, as it would have done at the start."""
    first, second, third = GatedEngine(), GatedEngine(), GatedEngine()
    keeper = EngineKeeper(first, 8, _loading(second, third))
    keeper.broke(first)
    keeper.broke(second)
    keeper.proved(second, 1)
    assert keeper.engine() is second
    keeper.broke(second)
    assert keeper.engine() is third
