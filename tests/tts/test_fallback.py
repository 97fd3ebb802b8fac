from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.tts.listening import hear
from voicebot.audio import Pcm, silence
from voicebot.errors import SynthesizerBusy, SynthesizerError
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.fallback import REST_SECONDS, Voice
from voicebot.tts.sequence import GAP_SECONDS


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _voice(
    engine: ToneSynthesizer, reserve: ToneSynthesizer | None, clock: Clock | None = None, patience: float = 0.05
) -> Voice:
    return Voice(CachedSynthesizer(engine, 1), reserve, ToneSynthesizer().audio, patience, clock or Clock())


def test_only_the_sentence_that_fails_goes_to_the_reserve() -> None:
    """The reserve speaks the second of three sentences, the engine the other two."""
    engine, reserve = ToneSynthesizer(fail_on="Bad"), ToneSynthesizer(seconds_per_character=0.02)
    heard = asyncio.run(hear(_voice(engine, reserve).stream("One. Bad two. Three.")))
    gap = silence(GAP_SECONDS)
    expected = [engine.audio("One."), gap, reserve.audio("Bad two."), gap, engine.audio("Three.")]
    assert np.array_equal(heard, np.concatenate(expected))
    assert reserve.spoken == ["Bad two."]


@pytest.mark.parametrize("chunks_before", [0, 2])
def test_an_engine_that_hangs_is_replaced_within_its_patience(chunks_before: int) -> None:
    """A sentence that stops coming, at once or half-way, is said whole by the reserve soon after."""
    engine = ToneSynthesizer(hang_on="hangs", chunks_before_trouble=chunks_before)
    reserve = ToneSynthesizer(seconds_per_character=0.02)
    voice = _voice(engine, reserve)

    async def speak() -> None:
        begun = asyncio.get_running_loop().time()
        heard = await hear(voice.stream("It hangs here."))
        assert asyncio.get_running_loop().time() - begun < 1.0
        partly = engine.audio("It hangs here.")[: 800 * chunks_before]
        assert np.array_equal(heard, np.concatenate([partly, reserve.audio("It hangs here.")]))

    asyncio.run(speak())
    assert engine.closed == 1


def test_the_reserve_is_heard_within_the_second() -> None:
    """The best of three engines that hang, with the patience calls have."""

    async def first_audio() -> float:
        engine, reserve = CachedSynthesizer(ToneSynthesizer(hang_on=""), 1), ToneSynthesizer()
        begun = asyncio.get_running_loop().time()
        async with aclosing(Voice(engine, reserve, reserve.audio).stream("It hangs.")) as heard:
            assert len(await anext(heard))
            return asyncio.get_running_loop().time() - begun

    async def best() -> float:
        return min(await asyncio.gather(*(first_audio() for _ in range(3))))

    assert asyncio.run(best()) < 1.0


def test_silence_for_words_is_a_failure_and_is_not_remembered() -> None:
    """An engine that makes nothing of a sentence leaves it to the reserve, now and the next time."""
    engine, reserve = ToneSynthesizer(seconds_per_character=0), ToneSynthesizer()
    voice = _voice(engine, reserve)

    async def speak() -> None:
        assert await voice.warm(["Your order is here."]) == 0
        for times in (1, 2):
            with capture_logs() as logs:
                heard = await hear(voice.stream("Your order is here."))
            assert np.array_equal(heard, reserve.audio("Your order is here."))
            assert [(each["event"], each["failures"]) for each in logs] == [("voice.failed", times)]

    asyncio.run(speak())


def test_silence_for_no_words_is_no_failure() -> None:
    """A sentence of signs may be silent; nobody speaks instead, and the engine is not blamed."""
    engine, reserve = ToneSynthesizer(seconds_per_character=0), ToneSynthesizer()
    with capture_logs() as logs:
        assert not len(asyncio.run(hear(_voice(engine, reserve).stream("___"))))
    assert not logs
    assert not reserve.spoken


def test_what_the_reserve_said_is_not_remembered_as_the_engines() -> None:
    """When the engine is well again it speaks the sentence itself."""
    engine, reserve = ToneSynthesizer(fail_on="order"), ToneSynthesizer(seconds_per_character=0.02)
    voice = _voice(engine, reserve)

    async def speak() -> None:
        assert np.array_equal(await hear(voice.stream("Your order.")), reserve.audio("Your order."))
        engine.fail_on = None
        assert np.array_equal(await hear(voice.stream("Your order.")), engine.audio("Your order."))

    asyncio.run(speak())


def test_an_engine_that_fails_twice_running_is_left_alone_for_a_while() -> None:
    """During its rest only what is in the cache is taken from it; then it is tried again."""
    clock = Clock()
    engine, reserve = ToneSynthesizer(), ToneSynthesizer(seconds_per_character=0.02)
    voice = _voice(engine, reserve, clock)

    async def speak() -> None:
        await voice.warm(["Known."])
        engine.fail_on = " "
        await hear(voice.stream("Bad one."))
        await hear(voice.stream("Bad two."))
        asked = len(engine.spoken)
        await hear(voice.stream("Bad three."))
        assert len(engine.spoken) == asked
        assert np.array_equal(await hear(voice.stream("Known.")), engine.audio("Known."))
        clock.now += REST_SECONDS + 1
        engine.fail_on = None
        assert np.array_equal(await hear(voice.stream("Well again.")), engine.audio("Well again."))

    asyncio.run(speak())


def test_a_success_in_between_keeps_an_engine_from_its_rest() -> None:
    """Two failures with a success between them leave the engine at work; two running do not."""
    engine = ToneSynthesizer(fail_on="Bad")
    said = "Bad one. Good one. Bad two. Good two. Bad three. Bad four. Good three."
    asyncio.run(hear(_voice(engine, ToneSynthesizer()).stream(said)))
    assert engine.spoken == ["Bad one.", "Good one.", "Bad two.", "Good two.", "Bad three.", "Bad four."]


def test_without_a_reserve_an_engine_gets_no_rest() -> None:
    """Nobody else could speak: each sentence is said or raises, however many failed before."""
    voice = _voice(ToneSynthesizer(fail_on="Bad"), None)

    async def speak() -> None:
        for _ in range(3):
            with pytest.raises(SynthesizerError):
                await hear(voice.stream("Bad."))
        assert len(await hear(voice.stream("Good.")))

    asyncio.run(speak())


def test_an_engine_that_says_when_it_has_time_is_asked_then() -> None:
    """Its refusals cost no caller time, and do not count for the rest of one that fails."""

    class Busy(ToneSynthesizer):
        """Has no time for its first three sentences."""

        async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
            self.spoken.append(text)
            if len(self.spoken) <= 3:
                raise SynthesizerBusy("later", 1.0)
            yield self.audio(text)

    engine, reserve = Busy(), ToneSynthesizer(seconds_per_character=0.02)
    voice = _voice(engine, reserve)

    async def speak() -> None:
        for text in ("One.", "Two.", "Three."):
            assert np.array_equal(await hear(voice.stream(text)), reserve.audio(text))
        assert np.array_equal(await hear(voice.stream("Four.")), engine.audio("Four."))

    asyncio.run(speak())


def test_without_a_reserve_the_error_is_ours() -> None:
    """A hanging engine without a reserve raises SynthesizerError that names it, within its patience."""
    voice = _voice(ToneSynthesizer(hang_on="x"), None)
    with pytest.raises(SynthesizerError, match="tones gave no audio within"):
        asyncio.run(hear(voice.stream("x")))


def test_a_broken_reserve_raises_and_the_apology_still_sounds() -> None:
    """With everything broken there is an error for the log and an apology for the caller."""
    voice = _voice(ToneSynthesizer(), ToneSynthesizer(fail_on=""))
    apology = voice.apology_pcm("Sorry.")

    class Broken(ToneSynthesizer):
        async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
            raise RuntimeError("the driver is gone")
            yield silence(0)

    broken = _voice(Broken(), ToneSynthesizer(fail_on=""))
    with pytest.raises(SynthesizerError):
        asyncio.run(hear(broken.stream("Hello.")))
    assert len(apology)
    assert voice.apology_pcm("Sorry.") is apology


def test_failures_are_logged_without_the_words() -> None:
    """The log tells engine and error, never what was to be said to the caller."""
    voice = _voice(ToneSynthesizer(hang_on="secret"), ToneSynthesizer())
    with capture_logs() as logs:
        asyncio.run(hear(voice.stream("Your secret number is 1234.")))
    assert [entry["event"] for entry in logs] == ["voice.failed"]
    assert "1234" not in str(logs)
