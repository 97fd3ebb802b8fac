"""The recogniser around an engine: ordering, giving up, failing, closing."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable

import pytest

from tests.asr.support import GatedEngine, numbered
from voicebot.asr.engine import Heard
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.port import JobKind, Speech
from voicebot.dialog.types import Hints
from voicebot.errors import RecognizerError, RecognizerTimeout


class SaysEngine:
    """Hears the same thing in everything."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    @property
    def description(self) -> str:
        return "says"

    def hear(self, speech: Speech) -> Heard:
        return self._heard


async def _begun(engine: GatedEngine) -> None:
    """Wait until the engine has begun one more decode."""
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)


def _with(
    engine: GatedEngine, story: Callable[[LocalRecognizer], Awaitable[None]], workers: int = 1, timeout: float = 20
) -> None:
    """Play `story` with a recogniser around `engine`, and close it after."""

    async def play() -> None:
        recognizer = LocalRecognizer(engine, workers, timeout)
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
        guess = asyncio.create_task(recognizer.recognize(numbered(2, JobKind.GUESS)))
        await asyncio.sleep(0)
        final = asyncio.create_task(recognizer.recognize(numbered(3, JobKind.FINAL)))
        await asyncio.sleep(0)
        engine.gate.set()
        texts = [transcript.text for transcript in await asyncio.gather(first, guess, final)]
        assert texts == ["1", "2", "3"]
        assert engine.order == [1, 3, 2]

    _with(engine, story)


def test_a_cancelled_guess_is_never_decoded() -> None:
    """A caller who goes on speaking costs no decode of what he said before."""
    engine = GatedEngine()

    async def story(recognizer: LocalRecognizer) -> None:
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await _begun(engine)
        guess = asyncio.create_task(recognizer.recognize(numbered(2, JobKind.GUESS)))
        await asyncio.sleep(0)
        guess.cancel()
        with pytest.raises(asyncio.CancelledError):
            await guess
        engine.gate.set()
        await first
        assert (await recognizer.recognize(numbered(3))).text == "3"
        assert engine.order == [1, 3]

    _with(engine, story)


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
    assert engine.order == [1]


def test_a_failing_engine_fails_one_utterance_only() -> None:
    """Whatever the engine raises becomes a RecognizerError, and the worker lives on."""

    def trip(number: int) -> None:
        if number == 1:
            raise MemoryError("out of memory")

    engine = GatedEngine(trip, open_gate=True)

    async def story(recognizer: LocalRecognizer) -> None:
        with pytest.raises(RecognizerError, match="out of memory") as caught:
            await recognizer.recognize(numbered(1))
        assert isinstance(caught.value.__cause__, MemoryError)
        assert (await recognizer.recognize(numbered(2))).text == "2"

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
        second = asyncio.create_task(recognizer.recognize(numbered(2)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(recognizer.aclose())
        with pytest.raises(RecognizerError, match="closed"):
            await second
        engine.gate.set()
        assert (await first).text == "1"
        await closing
        with pytest.raises(RecognizerError, match="closed"):
            await recognizer.recognize(numbered(3))

    asyncio.run(play())
    assert engine.order == [1]


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


def test_nothing_heard_is_no_confidence() -> None:
    """Silence has an empty text and no confidence, and nothing was rejected."""
    assert _hear(Heard("", 0.0, 0.97)) == ("", "", 0.0, 0.97)
