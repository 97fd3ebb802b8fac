from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from tests.tts.listening import hear
from voicebot.audio import Pcm, silence
from voicebot.errors import SynthesizerError
from voicebot.testing.tones import ToneSynthesizer
from voicebot.tts.sequence import GAP_SECONDS, LOOKAHEAD, in_sequence


def test_sentences_follow_each_other_with_a_pause() -> None:
    """Between two sentences there is the pause, before the first and behind the last there is none."""
    tones = ToneSynthesizer()
    heard = asyncio.run(hear(in_sequence(["one", "three"], tones.stream)))
    expected = [tones.audio("one"), silence(GAP_SECONDS), tones.audio("three")]
    assert np.array_equal(heard, np.concatenate(expected))


def test_a_part_without_audio_leaves_no_pause_behind() -> None:
    """What gives no audio is passed over, its pause as well."""
    tones = ToneSynthesizer()
    heard = asyncio.run(hear(in_sequence(["", "one", "", "two", ""], tones.stream)))
    expected = [tones.audio("one"), silence(GAP_SECONDS), tones.audio("two")]
    assert np.array_equal(heard, np.concatenate(expected))


def test_nothing_to_say_gives_nothing() -> None:
    """No parts, no chunk."""
    assert len(asyncio.run(hear(in_sequence([], ToneSynthesizer().stream)))) == 0


def test_the_next_sentence_is_made_while_the_first_is_heard() -> None:
    """A listener who took one chunk finds the second sentence already asked for, but not one without end."""
    tones = ToneSynthesizer()
    parts = ["first", "second", *(["x" * 1000] * 5)]

    async def listen() -> None:
        stream = in_sequence(parts, tones.stream)
        await anext(stream)
        for _ in range(3 * LOOKAHEAD):
            await asyncio.sleep(0)
        assert tones.spoken[:2] == ["first", "second"]
        assert len(tones.spoken) < len(parts)
        await stream.aclose()

    asyncio.run(listen())


def test_closing_closes_the_sentence_being_made() -> None:
    """Whoever stops listening stops the engine, also for the sentence made ahead."""
    tones = ToneSynthesizer()

    async def listen() -> None:
        for parts in (["a" * 100], ["a" * 100, "b" * 1000]):
            stream = in_sequence(parts, tones.stream)
            await anext(stream)
            await stream.aclose()

    asyncio.run(listen())
    assert tones.closed == 2


def test_an_error_comes_after_what_was_made_before_it() -> None:
    """The first sentence is heard whole before the second one's failure is raised."""
    tones = ToneSynthesizer(fail_on="bad")
    heard: list[Pcm] = []

    async def listen(stream: AsyncGenerator[Pcm, None]) -> None:
        async for chunk in stream:
            heard.append(chunk)

    with pytest.raises(SynthesizerError):
        asyncio.run(listen(in_sequence(["good", "bad"], tones.stream)))
    assert np.array_equal(np.concatenate(heard), tones.audio("good"))
