"""The size of batches after memory ran out."""

from __future__ import annotations

from tests.asr.support import GatedEngine
from voicebot.asr.keeper import EngineKeeper


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
