from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tts.listening import hear
from voicebot.audio import Pcm
from voicebot.errors import SynthesizerBusy, SynthesizerError
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts import cache
from voicebot.tts.cache import CachedSynthesizer
from voicebot.tts.disk import DiskCache
from voicebot.tts.espeak import EspeakSynthesizer


def test_a_known_sentence_is_not_made_again() -> None:
    """The second time a sentence sounds the same and the engine is not asked."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        first = await hear(cached.stream("Hello there. How are you?"))
        second = await hear(cached.stream("How  are\nyou?"))
        assert np.array_equal(first[-len(second) :], second)

    asyncio.run(speak())
    assert tones.spoken == ["Hello there.", "How are you?"]
    assert (cached.stats.hits, cached.stats.misses, cached.stats.sentences) == (1, 2, 2)
    assert cached.stats.hit_rate == pytest.approx(1 / 3)
    assert cached.stats.size == sum(tones.audio(sentence).nbytes for sentence in tones.spoken)


def test_two_calls_wanting_the_same_sentence_share_one_making() -> None:
    """Ten requests at once make one engine stream and all hear all of it."""
    tones = ToneSynthesizer(latency=0.01)
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        heard = await asyncio.gather(*(hear(cached.stream("The same for all.")) for _ in range(10)))
        for one in heard:
            assert np.array_equal(one, tones.audio("The same for all."))

    asyncio.run(speak())
    assert tones.spoken == ["The same for all."]


def test_a_late_listener_hears_the_sentence_from_its_start() -> None:
    """Who asks while a sentence is being made gets what was made before, then the rest."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        early = cached.stream("A sentence of some length.")
        first = await anext(early)
        late = await hear(cached.stream("A sentence of some length."))
        rest = await hear(early)
        assert np.array_equal(np.concatenate([first, rest]), late)

    asyncio.run(speak())
    assert len(tones.spoken) == 1


def test_a_cancelled_sentence_is_not_kept() -> None:
    """A sentence nobody waited for to its end stops the engine and is made anew the next time."""
    tones = ToneSynthesizer(hang_on="hang", chunks_before_trouble=2)
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        stream = cached.stream("This will hang soon.")
        await anext(stream)
        await stream.aclose()
        assert not cached.holds("This will hang soon.")
        tones.hang_on = None
        whole = await hear(cached.stream("This will hang soon."))
        assert np.array_equal(whole, tones.audio("This will hang soon."))
        assert cached.holds("This will hang soon.")

    asyncio.run(speak())
    assert tones.closed == 1
    assert len(tones.spoken) == 2


def test_closing_stops_what_is_being_made() -> None:
    """The engine is stopped in the midst of a sentence, and who listens to it does not wait for its end."""
    tones = ToneSynthesizer(hang_on="hang", chunks_before_trouble=1)
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        async with aclosing(cached.stream("This will hang.")) as stream, asyncio.timeout(5):
            await anext(stream)
            await cached.aclose()
            assert tones.closed == 1
            with pytest.raises(SynthesizerError, match="closed"):
                await anext(stream)

    asyncio.run(speak())


def test_one_leaving_listener_does_not_stop_the_others() -> None:
    """A barge-in on one call leaves another call's same sentence alone."""
    tones = ToneSynthesizer(latency=0.01)
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        leaving = asyncio.create_task(hear(cached.stream("Shared by two calls.")))
        staying = asyncio.create_task(hear(cached.stream("Shared by two calls.")))
        await asyncio.sleep(0)
        leaving.cancel()
        assert np.array_equal(await staying, tones.audio("Shared by two calls."))

    asyncio.run(speak())
    assert len(tones.spoken) == 1


def test_a_failure_is_not_kept() -> None:
    """Everybody waiting gets the engine's error; the next one asks the engine again."""
    tones = ToneSynthesizer(fail_on="bad", chunks_before_trouble=1)
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        results = await asyncio.gather(
            *(hear(cached.stream("A bad sentence.")) for _ in range(3)), return_exceptions=True
        )
        assert [type(result) for result in results] == [SynthesizerError] * 3
        tones.fail_on = None
        assert len(await hear(cached.stream("A bad sentence.")))

    asyncio.run(speak())
    assert len(tones.spoken) == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(min_value=1, max_value=12), max_size=40))
def test_memory_is_bounded_and_the_least_recently_used_goes_first(numbers: list[int]) -> None:
    """Whatever is asked for, the audio held stays within the bound and the latest sentence is held."""
    tones = ToneSynthesizer()
    limit = 20_000
    cached = CachedSynthesizer(tones, limit / 1_000_000)

    async def speak() -> None:
        for number in numbers:
            sentence = "x" * number
            await hear(cached.stream(sentence))
            assert cached.holds(sentence)
            assert cached.stats.size <= limit

    asyncio.run(speak())


def test_a_sentence_used_again_outlives_an_older_one() -> None:
    """Being heard counts as use, not only being made."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 2.5 * tones.audio("aaaa").nbytes / 1_000_000)

    async def speak() -> None:
        for sentence in ("aaaa", "bbbb", "aaaa", "cccc"):
            await hear(cached.stream(sentence))

    asyncio.run(speak())
    assert cached.holds("aaaa")
    assert not cached.holds("bbbb")
    assert cached.holds("cccc")


def test_a_sentence_larger_than_the_cache_is_spoken_and_not_kept() -> None:
    """The bound holds for a single sentence as well."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 0.001)
    assert len(asyncio.run(hear(cached.stream("long enough"))))
    assert cached.stats.size == 0


def test_kept_audio_cannot_be_changed_by_who_hears_it() -> None:
    """Chunks are shared between calls, so writing into one is refused."""
    cached = CachedSynthesizer(ToneSynthesizer(), 1)

    async def speak() -> None:
        for _ in range(2):
            async with aclosing(cached.stream("Hands off.")) as stream:
                async for chunk in stream:
                    with pytest.raises(ValueError, match="read-only"):
                        chunk[0] = 1

    asyncio.run(speak())


def test_warming_makes_each_sentence_once() -> None:
    """Every sentence of the lines is held afterwards; known and repeated ones are not made again."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        await hear(cached.stream("Known."))
        assert await cached.warm(["Known. New one.", "New one.", "", "Another!"]) == 2
        assert await cached.warm(["New one."]) == 0

    asyncio.run(speak())
    assert tones.spoken == ["Known.", "New one.", "Another!"]
    assert cached.stats.misses == 1


def test_warming_goes_on_after_a_sentence_that_fails() -> None:
    """One sentence the engine cannot say does not keep the others from being made."""
    cached = CachedSynthesizer(ToneSynthesizer(fail_on="bad"), 1)
    assert asyncio.run(cached.warm(["Good.", "It is bad.", "Fine."])) == 2


def test_warming_waits_for_an_engine_that_says_when_it_has_time() -> None:
    """A sentence is asked for once more then; an engine still busy costs that sentence and no other."""

    class Busy(ToneSynthesizer):
        """Has no time for `refusals` sentences."""

        refusals = 1

        async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
            self.spoken.append(text)
            if self.refusals:
                self.refusals -= 1
                raise SynthesizerBusy("later", 0.01)
            yield self.audio(text)

    tones = Busy()
    assert asyncio.run(CachedSynthesizer(tones, 1).warm(["One.", "Two."])) == 2
    assert tones.spoken == ["One.", "One.", "Two."]
    tones = Busy()
    tones.refusals = 2
    assert asyncio.run(CachedSynthesizer(tones, 1).warm(["One.", "Two."])) == 1
    assert tones.spoken == ["One.", "One.", "Two."]


def test_warming_waits_while_a_call_waits() -> None:
    """As long as a call's sentence is being made, no other is begun for later."""
    tones = ToneSynthesizer(hang_on="urgent")
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        call = asyncio.create_task(hear(cached.stream("This is urgent.")))
        await asyncio.sleep(0)
        warming = asyncio.create_task(cached.warm(["Later."]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert tones.spoken == ["This is urgent."]
        call.cancel()
        assert await asyncio.wait_for(warming, 5) == 1

    asyncio.run(speak())


def test_a_slow_listener_does_not_hold_warming_up() -> None:
    """Once a sentence is made, a call that is still playing it does not count as waiting."""
    tones = ToneSynthesizer()
    cached = CachedSynthesizer(tones, 1)

    async def speak() -> None:
        playing = cached.stream("A sentence being played slowly.")
        await anext(playing)
        assert await asyncio.wait_for(cached.warm(["Later."]), 5) == 1
        await playing.aclose()

    asyncio.run(speak())
    assert cached.holds("A sentence being played slowly.")


def test_a_known_reply_begins_within_five_milliseconds() -> None:
    """The best of fifty tries with the real voice: first audio of a warmed line."""
    cached = CachedSynthesizer(EspeakSynthesizer(), 4)

    async def first_audio() -> float:
        begun = time.perf_counter()
        async with aclosing(cached.stream("Your order is on its way. Anything else?")) as stream:
            await anext(stream)
            return time.perf_counter() - begun

    async def speak() -> None:
        await cached.warm(["Your order is on its way. Anything else?"])
        assert min([await first_audio() for _ in range(50)]) <= 0.005

    asyncio.run(speak())


def test_a_warmed_sentence_outlives_the_process(tmp_path: Path) -> None:
    """The next process reads it from disk when it warms, and does not ask its engine."""
    before, after = ToneSynthesizer(), ToneSynthesizer()

    async def warm(tones: ToneSynthesizer) -> int:
        cached = CachedSynthesizer(tones, 1, DiskCache(tmp_path, 1))
        made = await cached.warm(["Hello there. How are you?"])
        assert np.array_equal(await hear(cached.stream("Hello there.")), tones.audio("Hello there."))
        await cached.aclose()
        return made

    assert asyncio.run(warm(before)) == asyncio.run(warm(after)) == 2
    assert before.spoken == ["Hello there.", "How are you?"]
    assert after.spoken == []


def test_a_call_hears_from_disk_what_memory_forgot(tmp_path: Path) -> None:
    """A sentence on disk is a hit of its own kind, and in memory from then on."""
    tones = ToneSynthesizer()

    async def speak() -> None:
        warmed = CachedSynthesizer(ToneSynthesizer(), 1, DiskCache(tmp_path, 1))
        await warmed.warm(["Hello there."])
        await warmed.aclose()
        cached = CachedSynthesizer(tones, 1, DiskCache(tmp_path, 1))
        assert cached.holds("Hello there.")
        assert not cached.holds("Goodbye.")
        for _ in range(2):
            assert np.array_equal(await hear(cached.stream("Hello there.")), tones.audio("Hello there."))
        assert (cached.stats.disk_hits, cached.stats.hits, cached.stats.misses) == (1, 1, 0)
        assert cached.stats.hit_rate == 1
        await cached.aclose()

    asyncio.run(speak())
    assert tones.spoken == []


def test_what_is_said_once_is_not_written(tmp_path: Path) -> None:
    """A sentence with somebody's order number stays in memory, unless it is asked for again."""

    async def speak(times: int) -> None:
        cached = CachedSynthesizer(ToneSynthesizer(), 1, DiskCache(tmp_path, 1))
        for _ in range(times):
            await hear(cached.stream("Your order is O R D, 1 2 3 4."))
        await cached.aclose()

    asyncio.run(speak(1))
    assert not list(tmp_path.iterdir())
    asyncio.run(speak(2))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_heard_from_memory_counts_as_used_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noted there once an hour: the folder forgets what was not used for longest."""
    now = 1000.0
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=lambda: now))

    def only_file() -> Path:
        (path,) = tmp_path.iterdir()
        return path

    async def speak() -> list[bool]:
        nonlocal now
        cached = CachedSynthesizer(ToneSynthesizer(), 1, DiskCache(tmp_path, 1))
        await cached.warm(["Hello."])
        await cached.settle()
        path = only_file()
        noted: list[bool] = []
        for _ in range(4):
            os.utime(path, (0, 0))
            await hear(cached.stream("Hello."))
            await cached.settle()
            noted.append(path.stat().st_mtime > 0)
            now += 1800
        await cached.aclose()
        return noted

    assert asyncio.run(speak()) == [False, False, True, False]


def test_a_broken_disk_is_no_worse_than_none(tmp_path: Path) -> None:
    """Where the folder cannot be written everything is spoken all the same."""
    (tmp_path / "file").touch()
    tones = ToneSynthesizer()

    async def speak() -> None:
        cached = CachedSynthesizer(tones, 1, DiskCache(tmp_path / "file" / "cache", 1))
        assert await cached.warm(["Hello."]) == 1
        assert np.array_equal(await hear(cached.stream("Hello.")), tones.audio("Hello."))
        await cached.aclose()

    asyncio.run(speak())
