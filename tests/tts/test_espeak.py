from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from tests.tts.listening import hear, likeness
from voicebot.audio import SAMPLE_RATE, seconds
from voicebot.audio.level import speech_dbfs, true_peak_dbfs
from voicebot.errors import ModelUnavailable
from voicebot.tts.espeak import EspeakSynthesizer

SENTENCE = "Your order number 1 2 3 4 has been shipped."


def test_a_sentence_is_speech_at_telephone_rate_and_level() -> None:
    """A sentence lasts as long as when a person says it, at -20 dBFS, unclipped, in the band of speech."""
    pcm = asyncio.run(hear(EspeakSynthesizer().stream(SENTENCE)))
    assert 2.2 < seconds(pcm) < 4.0
    assert speech_dbfs(pcm) == pytest.approx(-20, abs=1)
    assert true_peak_dbfs(pcm) <= -0.9
    power = np.abs(np.fft.rfft(pcm.astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(pcm), 1 / SAMPLE_RATE)
    assert power[(hertz > 80) & (hertz < 3400)].sum() > 0.95 * power.sum()


def test_the_same_text_sounds_the_same_every_time() -> None:
    """Nothing of one sentence is left over in the next, whatever was spoken or broken off between."""
    espeak, other = EspeakSynthesizer("en-us"), EspeakSynthesizer("en-us+f3")

    async def speak() -> None:
        first = await hear(espeak.stream(SENTENCE))
        between = await hear(other.stream(SENTENCE))
        broken_off = other.stream("Something that will not be heard to its end.")
        await anext(broken_off)
        await broken_off.aclose()
        again = await hear(espeak.stream(SENTENCE))
        assert likeness(first, again) > 0.9
        assert seconds(first) == pytest.approx(seconds(again), abs=0.03)
        assert likeness(first, between) < 0.9

    asyncio.run(speak())


def test_streams_at_the_same_time_do_not_mix() -> None:
    """Sixteen calls speaking at once each hear what they would hear alone, their chunks interleaved."""
    texts = [
        "Your order has left the house. It comes tomorrow.",
        "We are open from nine to five. On Sunday we are closed.",
        "Which invoice do you mean? Say its number.",
        "One moment please. I am looking it up.",
        "I did not get that. Could you say it again?",
        "The parcel is waiting. Bring your passport with you.",
        "Nobody answered. Shall we call you back?",
        "Thank you for calling. Goodbye.",
    ] * 2
    voices = [EspeakSynthesizer("en-us" if number < 8 else "en-gb") for number in range(16)]

    async def speak() -> None:
        alone = [await hear(voice.stream(text)) for voice, text in zip(voices, texts, strict=True)]
        order: list[int] = []

        async def call(number: int) -> None:
            parts = []
            async with aclosing(voices[number].stream(texts[number])) as stream:
                async for chunk in stream:
                    order.append(number)
                    parts.append(chunk)
            heard = np.concatenate(parts)
            own = likeness(heard, alone[number])
            assert own > 0.9
            assert all(likeness(heard, other) < own for index, other in enumerate(alone) if index != number)

        await asyncio.gather(*(call(number) for number in range(16)))
        last_of_first = len(order) - 1 - order[::-1].index(order[0])
        assert len(set(order[:last_of_first])) > 1

    asyncio.run(speak())


def test_the_event_loop_is_not_blocked_while_calls_speak() -> None:
    """While eight calls speak long texts, the loop comes round between any two of their chunks.

    Counted in turns, not milliseconds: a ticker gets at least one turn for every sentence synthesised.
    """

    async def speak() -> None:
        turns, speaking = 0, True

        async def tick() -> None:
            nonlocal turns
            while speaking:
                turns += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        voice = EspeakSynthesizer()
        text = " ".join(f"Sentence number {number} is here." for number in range(20))
        await asyncio.gather(*(hear(voice.stream(text)) for _ in range(8)))
        speaking = False
        await ticker
        assert turns > 8 * 20

    asyncio.run(speak())


def test_closing_the_stream_stops_the_engine() -> None:
    """After a barge-in the next caller's sentence does not wait for the rest of a long text."""
    espeak = EspeakSynthesizer()
    long_text = "This sentence goes on and on without an end in sight. " * 200

    async def interrupt() -> None:
        whole = time.perf_counter()
        await hear(espeak.stream(long_text))
        whole = time.perf_counter() - whole
        started = time.perf_counter()
        stream = espeak.stream(long_text)
        await anext(stream)
        await stream.aclose()
        assert len(await hear(espeak.stream("Yes.")))
        assert time.perf_counter() - started < whole / 4

    asyncio.run(interrupt())


@pytest.mark.parametrize("text", ["", "  ", "...", "\x00", "\U0001f600"])
def test_text_without_words_gives_no_audio(text: str) -> None:
    """Nothing to say is said by silence, not by an error."""
    assert len(asyncio.run(hear(EspeakSynthesizer().stream(text)))) == 0


@pytest.mark.parametrize("text", ["a\x00b", "\ud800 word", "<speak>hi</speak>", "[[h@l'oU]] there", "x" * 2000])
def test_odd_text_is_spoken_not_obeyed(text: str) -> None:
    """Control characters, half surrogates, markup and endless words are read, never interpreted."""
    assert len(asyncio.run(hear(EspeakSynthesizer().stream(text))))


@pytest.mark.parametrize(
    "name", ["en-us", "EN-US", "en-gb", "en-us+f3", "gmw/en-US", "English (America)", "de", "fr-fr+m1"]
)
def test_voices_are_found_by_tag_name_or_identifier(name: str) -> None:
    """A voice may be named in any of the ways espeak-ng lists it, in any case, with a variant."""
    assert len(EspeakSynthesizer(name).render("one"))


def test_a_british_voice_is_not_the_american_one() -> None:
    """`en-gb`, which the library does not find by itself, is resolved to the British voice."""
    assert EspeakSynthesizer("en-gb").key != EspeakSynthesizer("en-us").key
    assert EspeakSynthesizer("en-gb").language == "en-gb"


@pytest.mark.parametrize("name", ["xx", "en-us+nope", "f3", "en-us+", "mb-en1", "../etc"])
def test_an_unknown_voice_is_refused_with_the_setting_and_a_choice(name: str) -> None:
    """The message names the setting, what was wrong, and voices there are."""
    with pytest.raises(ModelUnavailable, match="VOICEBOT_VOICE_NAME") as refused:
        EspeakSynthesizer(name)
    assert name in str(refused.value)
    assert "en-gb" in str(refused.value)
    assert "f3" in str(refused.value)


def test_rendering_at_once_equals_streaming() -> None:
    """The blocking way, for the start, gives what the streamed way gives."""
    espeak = EspeakSynthesizer()
    text = "Sorry. Something went wrong here. Goodbye."
    rendered, streamed = espeak.render(text), asyncio.run(hear(espeak.stream(text)))
    assert likeness(rendered, streamed) > 0.9
    assert seconds(rendered) == pytest.approx(seconds(streamed), abs=0.03)


_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from voicebot.tts.espeak_library import Library
library = Library(Path(sys.argv[1]), Path(sys.argv[2]))
library.choose("gmw/en-US", 160)
print(library.rate, len(library.synthesise("hello world", lambda: False)))
stops = iter([False, True])
print(len(library.synthesise("hello world, here and there", lambda: next(stops, True))))
"""


def _library_in_a_process_of_its_own(data: Path) -> subprocess.CompletedProcess[str]:
    """espeak-ng can be initialised once per process, so every data folder needs another."""
    command = [sys.executable, "-c", _IN_ANOTHER_PROCESS, espeakng_loader.get_library_path(), str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("name", ["espeak-ng-data", "with another name"])
def test_a_long_data_path_works(tmp_path: Path, name: str) -> None:
    """A virtual environment in a deep folder speaks, though espeak-ng cuts paths off at 160 bytes."""
    deep = tmp_path / ("d" * 100) / ("é" * 60) / name
    deep.parent.mkdir(parents=True)
    shutil.copytree(espeakng_loader.get_data_path(), deep)
    assert len(str(deep).encode()) > 200
    result = _library_in_a_process_of_its_own(deep)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    rate, count = result.stdout.split()[:2]
    assert int(rate) == 22050
    assert int(count) > 10000


def test_the_library_stops_within_two_buffers() -> None:
    """Asked to stop at the second callback, it gives no more than the two buffers made until then."""
    result = _library_in_a_process_of_its_own(Path(espeakng_loader.get_data_path()))
    whole, stopped = (int(word) for word in result.stdout.split()[1:])
    assert 0 < stopped < whole / 4


def test_missing_data_says_what_to_do(tmp_path: Path) -> None:
    """Without its data the process does not end as espeak-ng would end it, but says what to install."""
    result = _library_in_a_process_of_its_own(tmp_path / "espeak-ng-data")
    assert result.returncode == 1
    assert "ModelUnavailable" in result.stderr
    assert "pip install -r requirements.txt" in result.stderr
