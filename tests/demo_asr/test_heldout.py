"""The recordings that training never hears."""

from __future__ import annotations

import asyncio
from pathlib import Path

import soundfile

from scripts.demo_asr.grammar import Grammar
from scripts.demo_asr.heldout import make
from scripts.demo_asr.voices import UNSEEN
from voicebot.asr import build
from voicebot.settings import Settings
from voicebot.testing.scorecard import Card, judge
from voicebot.testing.utterances import CLEAN, MANIFEST, read

HELD_OUT = Path(__file__).parent / "heldout"


def test_every_recording_is_a_telephone_line_and_in_the_manifest() -> None:
    """Mu-law at 8 kHz, nothing missing and nothing over."""
    lines = (HELD_OUT / MANIFEST).read_text(encoding="utf-8").splitlines()[1:]
    named = {line.partition("\t")[0] for line in lines}
    assert named | {MANIFEST} == {path.name for path in HELD_OUT.iterdir()}
    for name in named:
        info = soundfile.info(HELD_OUT / name)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "ULAW")


def test_training_is_never_offered_a_recorded_sentence() -> None:
    """The rule that keeps sentences from training keeps all of these."""
    grammar = Grammar()
    assert all(grammar.is_held_out(said.text) for said in read(HELD_OUT))


def test_known_and_unknown_voices_are_both_there() -> None:
    """The set can tell how much worse a voice is heard that training never had."""
    voices = {said.voice for said in read(HELD_OUT)}
    unseen = {str(voice) for voice in UNSEEN}
    assert unseen < voices
    assert len(voices - unseen) == 8


def test_the_shipped_model_hears_nearly_all_of_a_clean_line() -> None:
    """Of the recordings without noise at least five in six are right word for word, and as many numbers."""
    ears = build(Settings(asr_model="demo", asr_threads=1))

    async def hear() -> Card:
        try:
            return await judge(ears, (said for said in read(HELD_OUT) if said.noise == CLEAN))
        finally:
            await ears.aclose()

    clean = asyncio.run(hear()).scores
    assert len(clean) >= 30
    numbers = [score.order_number for score in clean if score.order_number is not None]
    assert sum(score.exact for score in clean) >= len(clean) * 5 / 6
    assert sum(numbers) >= len(numbers) * 5 / 6


def test_minutes_in_which_nobody_speaks_are_recorded_too(tmp_path: Path) -> None:
    """Pieces of four seconds without a text, which `asr-eval` takes for noise."""
    make(tmp_path, [], [CLEAN], 0, nobody_minutes=0.2)
    pieces = list(read(tmp_path))
    assert [(piece.kind, piece.text) for piece in pieces] == [("nobody", "")] * 3
    assert [len(piece.pcm) for piece in pieces] == [4 * 8000] * 3
    assert any(piece.pcm.any() for piece in pieces)
