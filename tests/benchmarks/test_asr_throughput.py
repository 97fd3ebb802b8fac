"""Tests of the recognition throughput benchmark: its models, its load, its ratios, and a smoke test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.asr_throughput.__main__ import CALLERS, MODELS, Row, _judge, _ratio, main
from benchmarks.asr_throughput.load import Measured, at_once, conversing
from benchmarks.asr_throughput.shapes import TOKENS, Shape, make
from benchmarks.asr_throughput.ways import Machine, Rival, rivals
from voicebot.asr import whisper
from voicebot.asr.engine import hear
from voicebot.asr.layout import Layout
from voicebot.asr.manner import Manner
from voicebot.asr.model import Checkpoint
from voicebot.asr.port import JobKind, Speech
from voicebot.audio import Pcm, silence

SMALL = Shape("small for tests", 64, 1, 1, 2)


def test_a_random_model_writes_a_sentences_worth_and_stops(tmp_path: Path) -> None:
    """Loaded as any other Whisper, it gives the arranged number of tokens for whatever it hears."""
    checkpoint = Checkpoint(make(SMALL, tmp_path), "random", "cpu", "int8")
    engine = whisper.load(checkpoint, Layout(1, 1, 1), language="de", manner=Manner(5.0, 29.0))
    for duration in (0.5, 4.0):
        heard = hear(engine, Speech(silence(duration), JobKind.FINAL, "de"))
        assert len(heard.tokens) == TOKENS


def test_both_rivals_hear_with_the_stock_pipeline(tmp_path: Path) -> None:
    """In threads and behind a lock, as many callers as asked for get their answer."""
    with rivals(make(SMALL, tmp_path), Machine("cpu", "int8", 1), callers=2) as ways:
        for rival in Rival:
            measured = asyncio.run(at_once(ways[rival], 2, [silence(1.0)] * 3))
            assert len(measured.waits) == 3


def test_callers_at_once_share_the_work_out() -> None:
    """Every utterance is heard once, by never more callers than there are."""
    heard: list[int] = []
    under_way = 0

    async def hears(pcm: Pcm) -> None:
        nonlocal under_way
        under_way += 1
        assert under_way <= 3
        await asyncio.sleep(0)
        under_way -= 1
        heard.append(len(pcm))

    said = [silence(0.1 * number) for number in range(1, 8)]
    measured = asyncio.run(at_once(hears, 3, said))
    assert sorted(heard) == [len(pcm) for pcm in said]
    assert len(measured.waits) == 7
    assert measured.rate > 0


def test_callers_in_conversation_ask_at_their_own_pace() -> None:
    """Ten callers with a turn each second ask twenty times in two turns, whatever the answers take."""

    async def hears(pcm: Pcm) -> None:
        await asyncio.sleep(0)

    measured = asyncio.run(conversing(hears, 10, [silence(1.0)], turn=0.05, duration=0.1))
    assert len(measured.waits) == 20


def test_the_ratio_is_against_threads_with_as_many_callers() -> None:
    """Twice the audio in a second is a ratio of two; without a rival there is none."""
    rows = [
        Row("tiny", Rival.THREADS.value, 1, Measured(2.0, ())),
        Row("tiny", Rival.THREADS.value, 16, Measured(5.0, ())),
        Row("tiny", "voicebot", 16, Measured(10.0, ())),
    ]
    assert _ratio(rows[2], rows) == 2.0
    assert str(_ratio(Row("base", "voicebot", 16, Measured(1.0, ())), rows)) == "nan"


@pytest.mark.parametrize(("late", "status"), [(0.2, 0), (0.6, 1)])
def test_what_is_promised_of_a_gpu_is_judged_there(
    late: float, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unasked, a GPU hears `small` with a hundred callers, whose p95 has a goal of 250 ms and a floor of 500."""
    assert "small" in MODELS["cuda"]
    assert {1, 16, 100, 256} <= set(CALLERS["cuda"])
    row = Row("small", "voicebot", 100, Measured(1.0, (late,) * 20))
    assert _judge([], [row], Machine("cuda", "float16", 0), partial=False) == status
    assert "small, 100 callers, p95" in capsys.readouterr().out


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it with a few utterances on the demo model: tables, and no verdict."""
    assert main(["--quick", "--models", "demo", "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "transcribe in threads" in out
    assert "In conversation" in out
    assert "no verdict" in out
