from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from voicebot.audio import Pcm, seconds
from voicebot.audio.level import rms_dbfs
from voicebot.errors import SynthesizerError
from voicebot.testing.tones import ToneSynthesizer


async def _hear(tones: ToneSynthesizer, text: str) -> list[Pcm]:
    async with aclosing(tones.stream(text)) as stream:
        return [chunk async for chunk in stream]


def test_length_follows_the_text() -> None:
    """Ten characters at 60 ms are 0.6 s of tone at -20 dBFS."""
    tones = ToneSynthesizer()
    heard = np.concatenate(asyncio.run(_hear(tones, "0123456789")))
    assert seconds(heard) == pytest.approx(0.6)
    assert tones.duration("0123456789") == pytest.approx(0.6)
    assert rms_dbfs(heard) == pytest.approx(-20, abs=0.1)
    assert tones.spoken == ["0123456789"]


def test_it_fails_when_told_to() -> None:
    """A marked text raises after the chunks it was to give first; others do not."""
    tones = ToneSynthesizer(fail_on="bad", chunks_before_trouble=1)

    async def speak() -> None:
        stream = tones.stream("a bad text")
        assert len(await anext(stream)) == 800
        with pytest.raises(SynthesizerError):
            await anext(stream)
        assert await _hear(tones, "a good text")

    asyncio.run(speak())


def test_it_hangs_when_told_to() -> None:
    """A marked text gives nothing until the listener gives up, which is counted."""
    tones = ToneSynthesizer(hang_on="stuck")

    async def speak() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_hear(tones, "stuck"), 0.02)

    asyncio.run(speak())
    assert tones.closed == 1
