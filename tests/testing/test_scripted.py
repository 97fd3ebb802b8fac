"""The recogniser that hears what it is told to."""

from __future__ import annotations

import asyncio

import pytest

from voicebot.asr import JobKind, Recognizer, Speech, Transcript
from voicebot.audio import seconds, silence
from voicebot.errors import RecognizerError, RecognizerTimeout
from voicebot.testing.scripted import Failing, Hanging, ScriptedRecognizer

SPEECH = Speech(silence(1.0), JobKind.FINAL)


def test_replies_come_in_order_and_then_silence() -> None:
    """Texts are heard clearly, one for each utterance; after the last there is nothing to hear."""

    async def play() -> list[Transcript]:
        recognizer: Recognizer = ScriptedRecognizer(["hello", Transcript("maybe", 0.4)])
        return [await recognizer.recognize(SPEECH) for _ in range(3)]

    assert asyncio.run(play()) == [
        Transcript("hello", 0.95),
        Transcript("maybe", 0.4),
        Transcript("", 0.0, no_speech=1.0),
    ]


def test_replies_may_depend_on_the_utterance() -> None:
    """A function sees the audio, the kind of job and the hints."""
    recognizer = ScriptedRecognizer(lambda speech: f"{seconds(speech.pcm):g} s, {speech.kind.name}")
    assert asyncio.run(recognizer.recognize(SPEECH)).text == "1 s, FINAL"
    assert recognizer.asked == [SPEECH]


def test_failures_are_part_of_the_script() -> None:
    """A scripted failure is raised, the next utterance is heard."""

    async def play() -> None:
        recognizer = ScriptedRecognizer([Failing(), Failing(RecognizerTimeout("late")), "better"])
        with pytest.raises(RecognizerError, match="scripted"):
            await recognizer.recognize(SPEECH)
        with pytest.raises(RecognizerTimeout, match="late"):
            await recognizer.recognize(SPEECH)
        assert (await recognizer.recognize(SPEECH)).text == "better"

    asyncio.run(play())


def test_latency_is_waited_on_the_clock_of_the_test() -> None:
    """No real time passes: the sleep is the test's own."""
    waited: list[float] = []

    async def sleep(delay: float) -> None:
        waited.append(delay)

    recognizer = ScriptedRecognizer(["hello"], latency=0.3, sleep=sleep)
    assert asyncio.run(recognizer.recognize(SPEECH)).text == "hello"
    assert waited == [0.3]


def test_a_hanging_recognition_ends_when_it_is_cancelled() -> None:
    """It never answers; cancelling it is counted."""

    async def play() -> None:
        recognizer = ScriptedRecognizer([Hanging(), "next"])
        task = asyncio.create_task(recognizer.recognize(SPEECH))
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert recognizer.cancelled == 1
        assert (await recognizer.recognize(SPEECH)).text == "next"
        await recognizer.aclose()
        assert recognizer.closed

    asyncio.run(play())
