"""Material for judging recognisers: a folder of recordings, and what is spoken on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicebot.audio import SAMPLE_RATE, rms_dbfs, seconds
from voicebot.errors import ConfigError
from voicebot.testing.utterances import CLEAN, MANIFEST, SENTENCES, nobody, read, spoken

HEAD = "file\tvoice\tnoise\tclass\ttext\n"


def test_a_folder_is_read_by_its_manifest(tmp_path: Path) -> None:
    """Each line gives its recording with voice, noise, class and text."""
    pcm = (np.arange(800) * 10).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, SAMPLE_RATE, subtype="PCM_16")
    (tmp_path / MANIFEST).write_text(f"{HEAD}a.wav\tanna\t20\torder\tWhere is my order?\n")
    (one,) = read(tmp_path)
    assert (one.voice, one.noise, one.kind, one.text) == ("anna", "20", "order", "Where is my order?")
    assert (one.pcm == pcm).all()


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "manifest.tsv: No such file"),
        ("a.wav\tanna\n", "manifest.tsv:1: must name the columns"),
        (f"{HEAD}a.wav\tanna\n", "manifest.tsv:2: has 2 columns instead of 5"),
        (f"{HEAD}none.wav\tanna\tclean\torder\tYes.\n", "none.wav: cannot be read"),
        ("", "manifest.tsv: names no recordings"),
        (HEAD, "manifest.tsv: names no recordings"),
        (f"{HEAD}long.wav\tanna\tclean\torder\tYes.\n", "long.wav: lasts 31 s; an utterance lasts 30 s at most"),
        (f"{HEAD}wide.wav\tanna\tclean\torder\tYes.\n", "wide.wav: must be mono at 8000 Hz"),
    ],
)
def test_a_wrong_folder_is_named_with_its_line(tmp_path: Path, manifest: str | None, message: str) -> None:
    """What is amiss is said with the file and the line."""
    soundfile.write(tmp_path / "wide.wav", np.zeros(800, np.int16), 16000)
    soundfile.write(tmp_path / "long.wav", np.zeros(31 * SAMPLE_RATE, np.int16), SAMPLE_RATE)
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(ConfigError, match=message):
        list(read(tmp_path))


def test_a_manifest_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Such as one saved as UTF-16."""
    (tmp_path / MANIFEST).write_text(HEAD, encoding="utf-16")
    with pytest.raises(ConfigError, match=r"manifest\.tsv: cannot be read as UTF-8 text"):
        list(read(tmp_path))


def test_the_spoken_set_is_every_sentence_over_every_noise() -> None:
    """Ten decibels of noise lie 10 dB under the voice; without noise the line around the words is quiet."""
    first = list(spoken(["en-us"], [CLEAN, "10"]))
    assert [one.text for one in first[::2]] == [text for _, text in SENTENCES]
    clean, noisy = first[0].pcm, first[1].pcm
    assert (first[0].noise, first[1].noise, first[0].text) == (CLEAN, "10", first[1].text)
    around = slice(0, 1600)
    assert rms_dbfs(clean[around]) < -60
    # The telephone band lets 78 % of white noise through: 1.1 dB less.
    assert rms_dbfs(noisy[around]) == pytest.approx(rms_dbfs(clean[2400:-2400]) - 11.1, abs=1.5)


def test_nobody_speaks_for_as_long_as_asked() -> None:
    """Pieces of four seconds, among them silence and loud ones."""
    pieces = list(nobody(1.0))
    assert sum(map(seconds, pieces)) == 60.0
    levels = [rms_dbfs(piece) for piece in pieces]
    assert min(levels) < -60
    assert -32 < max(levels) < -20
