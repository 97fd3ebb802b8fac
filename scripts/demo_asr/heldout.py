"""The held-out set: recorded sentences that training never sees, as a folder for `voicebot asr-eval`.

class: the intent; "number" for order numbers, "general" and "elsewhere" for anything but the shop, "nobody" where
there are noises alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from scripts.demo_asr.grammar import Grammar, Sentence
from scripts.demo_asr.line import add_noise, coloured_noise, nobody, through_ulaw
from scripts.demo_asr.voices import RATE, Clip, Voice, say
from voicebot.audio import Pcm
from voicebot.testing.utterances import CLEAN, COLUMNS, MANIFEST

_BEFORE, _AFTER = 0.2, 0.4
"""Seconds of line before and after the words."""

_LEVEL = 0.5
"""Peak of the voice before noise; half of it leaves room."""

_PIECE = 4.0
"""Seconds of noise at a time: about what a voice detector would pass on."""


def make(
    folder: Path,
    voices: Sequence[Voice],
    noises: Sequence[str],
    count: int,
    seed: int = 7,
    festival: Sequence[str] = (),
    nobody_minutes: float = 0,
) -> None:
    """Record `count` held-out sentences with every voice, each sentence with the next of the noises.

    Every third sentence is an order number alone, for those are what callers must not have to repeat.
    nobody_minutes: how much to record besides in which nobody speaks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng, generator, grammar = Random(seed), np.random.default_rng(seed), Grammar()
    entries = []
    for voice in voices:
        for at, sentence in enumerate(_sentences(grammar, rng, count)):
            clip = say(voice, sentence.spoken, festival=festival)
            if clip is None:
                continue
            noise = noises[at % len(noises)]
            name = f"{str(voice).replace(':', '-').replace('+', '-')}-{at:03d}-{noise}.wav"
            soundfile.write(folder / name, _heard(clip, noise, generator), RATE, subtype="ULAW")
            entries.append((name, str(voice), noise, sentence.kind, sentence.text))
    for at in range(int(nobody_minutes * 60 / _PIECE)):
        name = f"nobody-{at:03d}.wav"
        soundfile.write(folder / name, through_ulaw(nobody(rng, generator, _PIECE)), RATE, subtype="ULAW")
        entries.append((name, "nobody", CLEAN, "nobody", ""))
    with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(entries)


def _sentences(grammar: Grammar, rng: Random, count: int) -> Iterator[Sentence]:
    seen: set[str] = set()
    while len(seen) < count:
        numbers = len(seen) % 3 == 0
        sentence = grammar.sentence(rng, held_out=True)
        if sentence.text not in seen and (sentence.kind == "number") == numbers:
            seen.add(sentence.text)
            yield sentence


def _heard(clip: Clip, noise: str, generator: np.random.Generator) -> Pcm:
    """The clip in the middle of an open line."""
    voice = clip.astype(np.float32) / np.float32(32768) * np.float32(_LEVEL)
    wave = np.pad(voice, (int(_BEFORE * RATE), int(_AFTER * RATE)))
    if noise != CLEAN:
        # The noise is measured against the words alone, not against the quiet around them.
        louder = 10 * np.log10(len(wave) / len(voice))
        wave = add_noise(wave, coloured_noise(len(wave), 0.0, generator), float(noise) - float(louder))
    return through_ulaw(wave)
