"""The recordings that training never hears."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import soundfile

from scripts.demo_asr.evaluate import Heard, hear_all
from scripts.demo_asr.grammar import Grammar
from scripts.demo_asr.heldout import CLEAN, MANIFEST, Entry, read
from scripts.demo_asr.voices import UNSEEN
from voicebot.asr import build
from voicebot.settings import Settings

HELD_OUT = Path(__file__).parent / "heldout"


def test_every_recording_is_a_telephone_line_and_in_the_manifest() -> None:
    """Mu-law at 8 kHz, nothing missing and nothing over."""
    named = {entry.file for entry, _ in read(HELD_OUT)}
    assert named | {MANIFEST} == {path.name for path in HELD_OUT.iterdir()}
    for name in named:
        info = soundfile.info(HELD_OUT / name)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "ULAW")


def test_training_is_never_offered_a_recorded_sentence() -> None:
    """The rule that keeps sentences from training keeps all of these."""
    grammar = Grammar()
    assert all(grammar.is_held_out(entry.text) for entry, _ in read(HELD_OUT))


def test_known_and_unknown_voices_are_both_there() -> None:
    """The set can tell how much worse a voice is heard that training never had."""
    voices = {entry.voice for entry, _ in read(HELD_OUT)}
    unseen = {str(voice) for voice in UNSEEN}
    assert unseen < voices
    assert len(voices - unseen) == 8


@pytest.mark.parametrize(
    ("asked", "given", "exact", "number"),
    [
        ("Cancel order ORD 4529.", "cancel order ord 4529", True, True),
        ("Cancel order ORD 4529.", "Cancel order ORD 4259.", False, False),
        ("My order number is 4529.", "It is 4529.", False, True),
        ("4529.", "45299.", False, False),
        ("4529, no, 4528.", "4529, no, 4528.", True, None),
        ("Where is my order?", "Where is my order 4529?", False, None),
    ],
)
def test_what_counts_as_right(asked: str, given: str, exact: bool, number: bool | None) -> None:
    """Words without punctuation for a sentence; all digits in order for its one number."""
    heard = Heard(Entry("a.wav", "flite:slt", "clean", "cancel", asked), given)
    assert (heard.exact, heard.number) == (exact, number)


def _only(noise: str, folder: Path) -> Path:
    """`folder` with the recordings of that noise."""
    chosen = {entry.file for entry, _ in read(HELD_OUT) if entry.noise == noise}
    head, *lines = (HELD_OUT / MANIFEST).read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.partition("\t")[0] in chosen]
    (folder / MANIFEST).write_text("".join([head, *kept]))
    for file in chosen:
        shutil.copy(HELD_OUT / file, folder)
    return folder


def test_the_shipped_model_hears_nearly_all_of_a_clean_line(tmp_path: Path) -> None:
    """Of the recordings without noise at least five in six are right word for word, and as many numbers."""
    ears = build(Settings(asr_model="demo", asr_threads=1))

    async def hear() -> list[Heard]:
        try:
            return await hear_all(ears, _only(CLEAN, tmp_path))
        finally:
            await ears.aclose()

    clean = asyncio.run(hear())
    assert len(clean) >= 30
    numbers = [heard.number for heard in clean if heard.number is not None]
    assert sum(heard.exact for heard in clean) >= len(clean) * 5 / 6
    assert sum(numbers) >= len(numbers) * 5 / 6
