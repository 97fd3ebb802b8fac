"""The recogniser around an engine: batching, ordering, giving up, failing, recovering, closing."""

from __future__ import annotations

import asyncio
import gc
import math
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from tests.asr.support import GatedEngine, numbered
from voicebot.asr import keeper, local
from voicebot.asr.engine import Busy, Heard, Piece
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.port import JobKind, Speech, Transcript
from voicebot.asr.queue import Job
from voicebot.dialog.types import Hints
from voicebot.errors import RecognizerError, RecognizerTimeout

ROOT = Path(__file__).parents[2]


class _Clock:
    """Stands still until the test says otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class SaysEngine(GatedEngine):
    """Hears the same thing in everything."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(open_gate=True)
        self._heard = heard

    def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
        return [self._heard] * len(pieces)


async def _begun(engine: GatedEngine) -> None:
    """Wait until the engine has begun one more batch."""
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)


async def _until(true: Callable[[], bool]) -> None:
    """Wait for what another thread brings about."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def _ask(recognizer: LocalRecognizer, speech: Speech) -> asyncio.Task[Transcript]:
    """Ask for `speech` while the worker is busy, and wait until it stands in the queue."""
    before = recognizer.waiting
    task = asyncio.create_task(recognizer.recognize(speech))
    await _until(lambda: recognizer.waiting > before)
    return task


def _with(
    engine: GatedEngine,
    story: Callable[[LocalRecognizer], Awaitable[None]],
    workers: int = 1,
    timeout: float = 20,
    batch: int = 1,
    reload: Callable[[], GatedEngine] | None = None,
) -> None:
    """Play `story` with a recogniser around `engine`, and close it after."""

    async def play() -> None:
        recognizer = LocalRecognizer(engine, workers, timeout, batch, reload)
        try:
            await story(recognizer)
        finally:
            engine.gate.set()
            await recognizer.aclose()

    asyncio.run(play())


def test_turns_overtake_guesses() -> None:
    """While the worker is busy, a finished turn lines up before a guess that came earlier."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        guess = await _ask(recognizer, numbered(2, JobKind.GUESS))
        final = await _ask(recognizer, numbered(3, JobKind.FINAL))
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(first, guess, final)]
        assert texts == ["1", "2", "3"]
        assert engine.order == [1, 3, 2]

    _with(engine, story)


def test_an_engine_that_asks_for_a_while_gets_it() -> None:
    """Who can wait is heard after it, however often it asks; meanwhile nothing reaches the engine."""
    busy = [Busy("later", 0.05)] * 3

    def before(number: int) -> None:
        if busy:
            raise busy.pop()

    engine = GatedEngine(before, open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        begun = time.monotonic()
        assert (await recognizer.recognize(numbered(1))).text == "1"
        assert time.monotonic() - begun >= 0.15
        assert engine.order == [1, 1, 1, 1]
        assert (await recognizer.recognize(numbered(2))).text == "2"

    _with(engine, story)


def test_a_dropped_guess_is_not_asked_for_after_a_rest() -> None:
    """A caller who speaks on while the engine rests costs it nothing more."""
    busy = [Busy("later", 0.2)]

    def before(number: int) -> None:
        if busy:
            raise busy.pop()

    engine = GatedEngine(before, open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        guess = asyncio.create_task(recognizer.recognize(numbered(1, JobKind.GUESS)))
        await _until(lambda: not busy and recognizer.load > 0)
        guess.cancel()
        assert (await recognizer.recognize(numbered(2))).text == "2"
        assert engine.order == [1, 2]

    _with(engine, story)


def test_a_transcript_tells_waiting_from_decoding() -> None:
    """Who stood behind another decode has waited at least as long as that one took once it stood there."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        second = await _ask(recognizer, numbered(2))
        standing = time.monotonic()
        await asyncio.to_thread(list, range(10_000))
        blocked = time.monotonic() - standing
        engine.gate.set()
        early, late = await asyncio.gather(first, second)
        assert late.wait_seconds >= blocked
        assert early.decode_seconds >= blocked

    _with(engine, story)


def test_a_guess_that_became_the_turn_goes_with_the_turns() -> None:
    """Promoted, the second of two guesses overtakes the first, though it came later."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        early = await _ask(recognizer, numbered(2, JobKind.GUESS))
        speech = numbered(3, JobKind.GUESS)
        late = await _ask(recognizer, speech)
        recognizer.promote(speech)
        engine.gate.set()
        await asyncio.gather(first, early, late)
        recognizer.promote(speech)
        assert engine.order == [1, 3, 2]

    _with(engine, story)


def test_all_that_waits_is_heard_together() -> None:
    """Once the worker is free it takes everybody, up to the batch, the turns first; it never waited for them."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        for number, kind in ((2, JobKind.GUESS), (3, JobKind.FINAL), (4, JobKind.GUESS), (5, JobKind.FINAL)):
            tasks.append(await _ask(recognizer, numbered(number, kind)))
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(*tasks)]
        assert texts == ["1", "2", "3", "4", "5"]
        assert engine.batches == [[1], [3, 5, 2], [4]]

    _with(engine, story, batch=3)


def test_only_what_fits_together_is_heard_together() -> None:
    """The best piece decides the shape of the batch; others of that shape join it, the rest wait their turn."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        for number, duration in ((2, 0.5), (3, 1.0), (4, 0.5)):
            tasks.append(await _ask(recognizer, numbered(number, seconds=duration)))
        engine.gate.set()
        await asyncio.gather(*tasks)
        assert engine.batches == [[1], [2, 4], [3]]

    _with(engine, story, batch=8)


def test_a_cancelled_guess_is_never_decoded() -> None:
    """A caller who goes on speaking costs no decode of what he said before."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        guess = await _ask(recognizer, numbered(2, JobKind.GUESS))
        guess.cancel()
        with pytest.raises(asyncio.CancelledError):
            await guess
        assert recognizer.waiting == 0
        engine.gate.set()
        await first
        assert (await recognizer.recognize(numbered(3))).text == "3"
        assert engine.order == [1, 3]

    _with(engine, story, batch=8)


def test_a_guess_that_was_dropped_before_its_features_costs_not_even_those() -> None:
    """While features of others take their time a guess is asked for and dropped; who came after it is heard."""
    blocked, prepared = threading.Event(), list[int]()

    class Slow(GatedEngine):
        def prepare(self, speech: Speech) -> list[Piece]:
            prepared.append(int(speech.pcm[0]))
            assert blocked.wait(20)
            return super().prepare(speech)

    async def story(recognizer: LocalRecognizer) -> None:
        slow = [asyncio.create_task(recognizer.recognize(numbered(number))) for number in (1, 2)]
        await _until(lambda: len(prepared) == 2)
        guess = asyncio.create_task(recognizer.recognize(numbered(3, JobKind.GUESS)))
        last = asyncio.create_task(recognizer.recognize(numbered(4)))
        await asyncio.sleep(0)
        guess.cancel()
        with pytest.raises(asyncio.CancelledError):
            await guess
        blocked.set()
        assert [heard.text for heard in await asyncio.gather(*slow, last)] == ["1", "2", "4"]
        assert sorted(prepared) == [1, 2, 4]

    _with(Slow(open_gate=True), story)


def test_features_that_never_come_are_a_timeout() -> None:
    """A thread that hangs before the model holds nobody up beyond the time-out."""
    never = threading.Event()

    class Stuck(GatedEngine):
        def prepare(self, speech: Speech) -> list[Piece]:
            assert never.wait(20)
            return super().prepare(speech)

    async def story(recognizer: LocalRecognizer) -> None:
        outcomes = await asyncio.gather(
            *map(recognizer.recognize, map(numbered, (1, 2, 3))), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [RecognizerTimeout] * 3
        never.set()

    _with(Stuck(open_gate=True), story, timeout=0.05)


def test_cancelling_a_decode_under_way_spoils_nothing() -> None:
    """The engine cannot be stopped midway; its answer is thrown away and the next caller is served."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        engine.gate.set()
        assert (await recognizer.recognize(numbered(2))).text == "2"

    _with(engine, story)


def test_no_answer_in_time_is_a_timeout() -> None:
    """An engine that hangs costs the caller no more than the timeout, and those in the queue neither."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        waiting = [recognizer.recognize(numbered(number)) for number in (1, 2)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [RecognizerTimeout, RecognizerTimeout]
        assert "0.05 s" in str(outcomes[0])

    _with(engine, story, timeout=0.05)
    assert len(engine.order) <= 1


def test_a_failing_utterance_fails_alone() -> None:
    """What makes a batch fail is tried once more alone, and fails alone; those beside it get their words."""

    def trip(number: int) -> None:
        if number == 3:
            raise ValueError("bad audio")

    engine = GatedEngine(trip)

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        for number in (2, 3, 4):
            tasks.append(await _ask(recognizer, numbered(number)))
        engine.gate.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        texts = [outcome.text if isinstance(outcome, Transcript) else type(outcome) for outcome in outcomes]
        assert texts == ["1", "2", RecognizerError, "4"]
        assert isinstance(outcomes[2], RecognizerError)
        assert isinstance(outcomes[2].__cause__, ValueError)
        assert "bad audio" in str(outcomes[2])
        assert engine.batches == [[1], [2, 3, 4], [2], [3], [4]]

    _with(engine, story, batch=8)


def test_a_broken_engine_is_loaded_again_and_nobody_notices() -> None:
    """The engine dies with three utterances under way: a new one hears them, the dead one is closed."""
    fresh = GatedEngine(open_gate=True)

    def die(number: int) -> None:
        if number == 2:
            raise RuntimeError("device lost")

    engine = GatedEngine(die)

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        tasks += [await _ask(recognizer, numbered(number)) for number in (2, 3, 4)]
        engine.gate.set()
        assert [transcript.text for transcript in await asyncio.gather(*tasks)] == ["1", "2", "3", "4"]
        assert engine.closed
        assert fresh.batches == [[2], [3], [4]]

    _with(engine, story, batch=8, reload=lambda: fresh)


def test_an_utterance_that_breaks_a_new_engine_is_to_blame_itself() -> None:
    """The engine is loaded again once, not for every try of the audio that makes it fail."""
    made: list[GatedEngine] = []

    def trip(number: int) -> None:
        if number == 1:
            raise ValueError("bad audio")

    def another() -> GatedEngine:
        made.append(GatedEngine(trip, open_gate=True))
        return made[-1]

    async def story(recognizer: LocalRecognizer) -> None:
        with pytest.raises(RecognizerError, match="bad audio"):
            await recognizer.recognize(numbered(1))
        assert (await recognizer.recognize(numbered(2))).text == "2"

    _with(GatedEngine(trip, open_gate=True), story, reload=another)
    assert [engine.order for engine in made] == [[1, 2]]


def test_an_engine_that_will_not_load_again_says_so() -> None:
    """Utterances fail at once, and the load is infinite, so that no more calls come here."""

    def die(number: int) -> None:
        raise RuntimeError("device lost")

    def another() -> GatedEngine:
        raise OSError("no device")

    async def story(recognizer: LocalRecognizer) -> None:
        for number in (1, 2):
            with pytest.raises(RecognizerError, match="could not be loaded again"):
                await recognizer.recognize(numbered(number))
        assert recognizer.load == math.inf

    _with(GatedEngine(die, open_gate=True), story, reload=another)


def test_memory_running_out_halves_the_batch() -> None:
    """Too many at once for the device: they are heard in smaller batches from then on, with the same engine."""

    class Small(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            outcomes = super().decode(pieces)
            if len(pieces) > 2:
                raise RuntimeError("CUDA failed with error out of memory")
            return outcomes

    engine = Small()

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        tasks += [await _ask(recognizer, numbered(number)) for number in range(2, 7)]
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(*tasks)]
        assert texts == ["1", "2", "3", "4", "5", "6"]
        assert [len(batch) for batch in engine.batches] == [1, 5, 2, 2, 1]
        assert recognizer.batch == 2

    def another() -> GatedEngine:
        raise AssertionError("the engine is whole")

    _with(engine, story, batch=8, reload=another)


def test_halving_is_no_failure_of_the_model() -> None:
    """Room for one only: eight, four and two fail before one is heard, and no call is sent away for it."""
    loads: list[float] = []

    class Tiny(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            outcomes = super().decode(pieces)
            loads.append(recognizers[0].load)
            if len(pieces) > 1:
                raise RuntimeError("CUDA failed with error out of memory")
            return outcomes

    engine = Tiny()
    recognizers: list[LocalRecognizer] = []

    async def story(recognizer: LocalRecognizer) -> None:
        recognizers.append(recognizer)
        tasks = [asyncio.create_task(recognizer.recognize(numbered(1)))]
        await _begun(engine)
        tasks += [await _ask(recognizer, numbered(number)) for number in range(2, 10)]
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(*tasks)]
        assert texts == [str(number) for number in range(1, 10)]
        assert [len(batch) for batch in engine.batches[:5]] == [1, 8, 4, 2, 1]
        assert math.inf not in loads

    _with(engine, story, batch=8)


def test_memory_that_is_short_for_one_is_given_back_by_loading_the_model_again() -> None:
    """A single utterance that does not fit cannot be halved: the model is closed and loaded, and then it fits."""

    def full(number: int) -> None:
        raise RuntimeError("CUDA out of memory")

    engine, fresh = GatedEngine(full, open_gate=True), GatedEngine(open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        assert (await recognizer.recognize(numbered(1))).text == "1"
        assert engine.closed
        assert recognizer.batch == 8

    _with(engine, story, batch=8, reload=lambda: fresh)


def test_after_a_shortage_that_passed_batches_grow_again() -> None:
    """Memory that was short once is tried again step by step, after full batches that went well."""
    short = threading.Event()
    short.set()

    def die(number: int) -> None:
        if number == 2 and short.is_set():
            short.clear()
            raise MemoryError

    engine = GatedEngine(die)

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        crowd = [await _ask(recognizer, numbered(number)) for number in (2, 3, 4, 5)]
        engine.gate.set()
        assert [heard.text for heard in await asyncio.gather(first, *crowd)] == ["1", "2", "3", "4", "5"]
        assert recognizer.batch == 2
        async with asyncio.timeout(20):
            while recognizer.batch < 4:
                await asyncio.gather(*(recognizer.recognize(numbered(number)) for number in range(10, 20)))
        sizes = [len(batch) for batch in engine.batches]
        assert max(sizes[: sizes.index(3)][2:]) == 2
        assert 3 in sizes

    _with(engine, story, batch=4)


def test_an_answer_in_doubt_is_tried_again_without_holding_up_the_others() -> None:
    """The engine wants another try at one of two: the other has its words before that."""
    again = threading.Event()

    class Doubting(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            if any(piece.attempt for piece in pieces):
                assert again.wait(10)
            outcomes = super().decode(pieces)
            return [
                replace(piece, attempt=1, best=Heard("mumble", -0.9, 0.1))
                if piece.most_tokens == 2 and not piece.attempt
                else heard
                for piece, heard in zip(pieces, outcomes, strict=True)
            ]

    engine = Doubting()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        doubtful = await _ask(recognizer, numbered(2))
        clear = await _ask(recognizer, numbered(3))
        engine.gate.set()
        await first
        assert (await clear).text == "3"
        assert not doubtful.done()
        again.set()
        assert (await doubtful).text == "2"
        assert engine.batches == [[1], [2, 3], [2]]

    _with(engine, story, batch=8)


@pytest.mark.parametrize(("took", "text"), [(5.0, "1"), (8.0, "mumble")])
def test_there_is_no_second_try_that_could_come_too_late(
    monkeypatch: pytest.MonkeyPatch, took: float, text: str
) -> None:
    """Where twice the time of the first is not left of the 20 s, what was heard is the answer."""
    clock = _Clock()
    monkeypatch.setattr(local, "time", clock)

    class Doubting(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            if pieces[0].attempt:
                return super().decode(pieces)
            clock.now += took
            return [replace(piece, attempt=1, best=Heard("mumble", -0.9, 0.1)) for piece in pieces]

    async def story(recognizer: LocalRecognizer) -> None:
        assert (await recognizer.recognize(numbered(1))).text == text

    _with(Doubting(open_gate=True), story, timeout=20)


def test_a_second_try_that_fails_costs_nobody_his_words() -> None:
    """The engine breaks over another try at a doubtful answer: what was heard before is the answer."""

    class Doubting(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            if pieces[0].attempt:
                raise RuntimeError("device lost")
            return [replace(piece, attempt=1, best=Heard("mumble", -0.9, 0.1)) for piece in pieces]

    engine, fresh = Doubting(open_gate=True), GatedEngine(open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        assert (await recognizer.recognize(numbered(1))).text == "mumble"
        assert (await recognizer.recognize(numbered(2))).text == "2"
        assert engine.closed

    _with(engine, story, reload=lambda: fresh)


def test_the_load_reckons_in_batches_and_not_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit together is heard one after the other, however large batches may be."""
    clock = _Clock()
    monkeypatch.setattr(local, "time", clock)
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        clock.now += 1.0
        engine.gate.set()
        await first
        await _until(lambda: recognizer.load == 0.0)
        engine.gate.clear()
        tasks = [asyncio.create_task(recognizer.recognize(numbered(2)))]
        await _begun(engine)
        clock.now += 1.0
        for number in (3, 4, 5):
            tasks.append(await _ask(recognizer, numbered(number, seconds=0.1 * number)))
        assert recognizer.load == pytest.approx(2.0)
        engine.gate.set()
        await asyncio.gather(*tasks)

    _with(engine, story, batch=32)


def test_after_a_burst_the_load_is_nothing_again() -> None:
    """Forty callers at once in front of batches of four: nobody is refused, and then the model waits for work."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(number))) for number in range(1, 41)]
        await _until(lambda: recognizer.waiting >= 36)
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(*tasks)]
        assert texts == [str(number) for number in range(1, 41)]
        await _until(lambda: recognizer.load == 0.0)
        assert recognizer.waiting == 0

    _with(engine, story, batch=4)


def test_a_model_that_would_not_load_hears_again_once_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load is infinite, so nobody comes who could make it try; it is finite again all the same."""
    monkeypatch.setattr(keeper, "_PAUSE", 0.01)
    tries: list[int] = []

    def die(number: int) -> None:
        raise RuntimeError("device lost")

    def another() -> GatedEngine:
        tries.append(len(tries))
        if len(tries) < 4:
            raise OSError("no device")
        return GatedEngine(open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        with pytest.raises(RecognizerError, match="could not be loaded again"):
            await recognizer.recognize(numbered(1))
        await _until(lambda: recognizer.load < math.inf)
        assert (await recognizer.recognize(numbered(2))).text == "2"

    _with(GatedEngine(die, open_gate=True), story, reload=another)


class Unspeakable(Exception):
    """An error whose text cannot be had in the threads that hear."""

    def __str__(self) -> str:
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("no text")
        return "unspeakable"


@pytest.mark.parametrize("where", ["prepare", "decode"])
def test_an_error_that_cannot_even_be_told_stops_no_thread(where: str) -> None:
    """Whatever goes wrong while a failure is dealt with, its utterance fails and the next ones are heard."""

    class Odd(GatedEngine):
        def prepare(self, speech: Speech) -> list[Piece]:
            if where == "prepare" and speech.pcm[0] < 4:
                raise Unspeakable
            return super().prepare(speech)

    def trip(number: int) -> None:
        if number < 4:
            raise Unspeakable

    async def story(recognizer: LocalRecognizer) -> None:
        for number in (1, 2, 3):
            with pytest.raises(RecognizerError, match="no text"):
                await recognizer.recognize(numbered(number))
        assert (await recognizer.recognize(numbered(4))).text == "4"

    _with(Odd(trip, open_gate=True), story)


_HANGING = """
import asyncio, threading
from tests.asr.support import GatedEngine, numbered
from voicebot.asr import local

local._FAREWELL = 0.1

def die(number):
    raise RuntimeError("device lost")

async def play():
    recognizer = local.LocalRecognizer(GatedEngine(die, open_gate=True), 1, 0.2, reload=threading.Event().wait)
    for numbers in ((1, 2), (3,)):
        asked = (recognizer.recognize(numbered(number)) for number in numbers)
        print(await asyncio.gather(*asked, return_exceptions=True))
    await recognizer.aclose()

asyncio.run(play())
"""


def test_a_model_that_hangs_while_it_is_loaded_does_not_keep_the_process_alive() -> None:
    """Utterances time out meanwhile, and the end of the process waits for no thread that waits for the model."""
    done = subprocess.run(
        [sys.executable, "-c", _HANGING], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert done.stdout.count("RecognizerTimeout") == 3


@pytest.mark.parametrize("end", ["heard", "failed", "dropped"])
def test_nothing_is_kept_of_a_thousand_utterances(end: str) -> None:
    """However they end, no more of them are in memory than the threads have in hand."""

    def trip(number: int) -> None:
        if end == "failed":
            raise ValueError("bad audio")

    async def story(recognizer: LocalRecognizer) -> None:
        for _ in range(10):
            tasks = [asyncio.create_task(recognizer.recognize(numbered(1, seconds=0.1))) for _ in range(100)]
            await asyncio.sleep(0)
            if end == "dropped":
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        del tasks
        await asyncio.sleep(0)
        await _until(lambda: recognizer.waiting == 0)
        gc.collect()
        assert sum(isinstance(one, Job) for one in gc.get_objects()) <= 3 * 8

    with structlog.testing.capture_logs():
        _with(GatedEngine(trip, open_gate=True), story, workers=1, batch=8)


def test_the_load_is_nothing_when_idle_and_grows_behind_a_hanging_engine() -> None:
    """An idle recogniser hears at once; one whose batch takes far longer than usual promises nothing."""
    engine = GatedEngine(open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        assert recognizer.load == 0.0
        await recognizer.recognize(numbered(1))
        engine.gate.clear()
        hanging = asyncio.create_task(recognizer.recognize(numbered(2)))
        await _until(lambda: recognizer.load > 0.05)
        engine.gate.set()
        assert (await hanging).text == "2"

    _with(engine, story)


def test_two_workers_decode_at_once() -> None:
    """With two workers the second utterance begins while the first is still under way."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        tasks = [asyncio.create_task(recognizer.recognize(numbered(number))) for number in (1, 2)]
        await _begun(engine)
        await _begun(engine)
        engine.gate.set()
        assert [transcript.text for transcript in await asyncio.gather(*tasks)] == ["1", "2"]

    _with(engine, story, workers=2)


def test_hearing_does_not_hold_up_the_event_loop() -> None:
    """The engine runs in a thread of its own, never in the loop's."""
    threads: list[str] = []
    engine = GatedEngine(lambda number: threads.append(threading.current_thread().name), open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        await recognizer.recognize(numbered(1))

    _with(engine, story)
    assert threads == ["recognizer-0"]


def test_a_click_is_not_worth_decoding() -> None:
    """Less than a tenth of a second is silence without asking the engine."""
    engine = GatedEngine(open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        transcript = await recognizer.recognize(numbered(1, seconds=0.09))
        assert (transcript.text, transcript.confidence, transcript.no_speech) == ("", 0.0, 1.0)

    _with(engine, story)
    assert engine.order == []


def test_closing_answers_everybody() -> None:
    """Those in the queue and those who come later hear that the recogniser is closed."""
    engine = GatedEngine()

    async def play() -> None:
        recognizer = LocalRecognizer(engine, 1, 20)
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        second = await _ask(recognizer, numbered(2))
        closing = asyncio.create_task(recognizer.aclose())
        with pytest.raises(RecognizerError, match="closed"):
            await second
        engine.gate.set()
        assert (await first).text == "1"
        await closing
        assert recognizer.load == math.inf
        with pytest.raises(RecognizerError, match="closed"):
            await recognizer.recognize(numbered(3))

    asyncio.run(play())
    assert engine.order == [1]
    assert engine.closed


def test_closing_leaves_an_engine_that_still_decodes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is not taken from under a decode that outlasts the farewell, and its answer still counts."""
    monkeypatch.setattr(local, "_FAREWELL", 0.01)
    engine = GatedEngine()

    async def play() -> None:
        recognizer = LocalRecognizer(engine, 1, 20)
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        await recognizer.aclose()
        assert not engine.closed
        engine.gate.set()
        assert (await first).text == "1"

    asyncio.run(play())


def _hear(heard: Heard, hints: Hints | None = None) -> tuple[str, str, float, float]:
    async def play() -> tuple[str, str, float, float]:
        recognizer = LocalRecognizer(SaysEngine(heard), 1, 20)
        try:
            speech = numbered(1, seconds=2.0)
            transcript = await recognizer.recognize(Speech(speech.pcm, speech.kind, hints=hints or Hints()))
        finally:
            await recognizer.aclose()
        return transcript.text, transcript.rejected, transcript.confidence, transcript.no_speech

    return asyncio.run(play())


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    """An average log-probability of ln 0.8 is a confidence of 0.8."""
    text, rejected, confidence, no_speech = _hear(Heard("My order, please.", math.log(0.8), 0.02))
    assert (text, rejected, no_speech) == ("My order, please.", "", 0.02)
    assert confidence == pytest.approx(0.8)


def test_invented_text_is_rejected_with_its_reason() -> None:
    """Text the guard does not believe is dropped; the transcript says why and claims no confidence."""
    assert _hear(Heard("Thanks for watching!", -0.2, 0.1)) == ("", "phantom phrase", 0.0, 0.1)


def test_invented_text_is_kept_for_the_record() -> None:
    """What was not believed can be read where the call is looked into, and nowhere else."""

    async def play() -> Transcript:
        recognizer = LocalRecognizer(SaysEngine(Heard("Thanks for watching!", -0.2, 0.1)), 1, 20)
        try:
            return await recognizer.recognize(Speech(numbered(1, seconds=2.0).pcm, JobKind.FINAL))
        finally:
            await recognizer.aclose()

    transcript = asyncio.run(play())
    assert (transcript.text, transcript.doubted) == ("", "Thanks for watching!")


def test_nothing_heard_is_no_confidence() -> None:
    """Silence has an empty text and no confidence, and nothing was rejected."""
    assert _hear(Heard("", 0.0, 0.97)) == ("", "", 0.0, 0.97)
