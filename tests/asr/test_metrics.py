"""What `/metrics` shows of the recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.asr.support import GatedEngine, numbered
from voicebot.asr.engine import Heard, Piece
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.metrics import HearingMetrics
from voicebot.asr.port import JobKind
from voicebot.errors import RecognizerError, RecognizerTimeout


def _shown(metrics: HearingMetrics) -> dict[str, float]:
    """Every sample by its name and label, as a scrape reads it."""
    registry = CollectorRegistry()
    registry.register(metrics)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


async def _close(engine: GatedEngine, recognizer: LocalRecognizer) -> None:
    engine.gate.set()
    await recognizer.aclose()


def test_queue_load_and_limit_are_those_of_the_moment() -> None:
    """While the model is busy what waits is counted; afterwards nothing is."""
    engine = GatedEngine()

    async def play() -> None:
        recognizer = LocalRecognizer(engine, 1, 20, batch=4)
        first = asyncio.create_task(recognizer.recognize(numbered(1)))
        await asyncio.to_thread(engine.begun.acquire, timeout=10)
        others = [asyncio.create_task(recognizer.recognize(numbered(number))) for number in (2, 3)]
        async with asyncio.timeout(10):
            while recognizer.waiting < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        busy = _shown(recognizer.metrics)
        engine.gate.set()
        await asyncio.gather(first, *others)
        done = _shown(recognizer.metrics)
        await _close(engine, recognizer)
        assert (busy["voicebot_asr_queue"], busy["voicebot_asr_batch_limit"]) == (2, 4)
        assert busy["voicebot_asr_wait_seconds_count"] == 1
        assert done["voicebot_asr_queue"] == 0
        assert done["voicebot_asr_batch_pieces_count"] == 2
        assert done["voicebot_asr_batch_pieces_sum"] == 3
        assert done["voicebot_asr_batch_seconds_count"] == 2
        assert done["voicebot_asr_wait_seconds_count"] == 3
        assert done["voicebot_asr_wait_seconds_sum"] > 0
        assert done['voicebot_asr_utterances_total{outcome="heard"}'] == 3
        assert _shown(recognizer.metrics)["voicebot_asr_load_seconds"] == float("inf")

    asyncio.run(play())


def test_words_silence_and_disbelief_are_told_apart() -> None:
    """A text, none at all, and one the guard does not believe are three outcomes."""
    texts = {1: "My order, please.", 2: "", 3: "Thanks for watching!", 4: "Subtitles by somebody"}

    class Says(GatedEngine):
        def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
            return [Heard(texts[piece.most_tokens], -0.1, 0.01) for piece in pieces]

    async def play() -> None:
        recognizer = LocalRecognizer(Says(), 1, 20)
        for number in texts:
            await recognizer.recognize(numbered(number, seconds=2.0))
        shown = _shown(recognizer.metrics)
        await recognizer.aclose()
        outcomes = [
            shown[f'voicebot_asr_utterances_total{{outcome="{one}"}}'] for one in ("heard", "nothing", "rejected")
        ]
        assert outcomes == [1, 1, 2]

    asyncio.run(play())


def test_what_became_of_utterances_is_counted() -> None:
    """Failures, late answers and guesses nobody wanted any more are told apart."""

    def trip(number: int) -> None:
        if number == 2:
            raise ValueError("bad audio")

    engine = GatedEngine(trip, open_gate=True)

    async def play() -> None:
        recognizer = LocalRecognizer(engine, 1, 0.2)
        with pytest.raises(RecognizerError, match="bad audio"):
            await recognizer.recognize(numbered(2))
        engine.gate.clear()
        guess = asyncio.create_task(recognizer.recognize(numbered(3, JobKind.GUESS)))
        await asyncio.sleep(0)
        guess.cancel()
        with pytest.raises(asyncio.CancelledError):
            await guess
        with pytest.raises(RecognizerTimeout):
            await recognizer.recognize(numbered(4))
        shown = _shown(recognizer.metrics)
        await _close(engine, recognizer)
        for outcome in ("failed", "late", "dropped"):
            assert shown[f'voicebot_asr_utterances_total{{outcome="{outcome}"}}'] == 1

    asyncio.run(play())
