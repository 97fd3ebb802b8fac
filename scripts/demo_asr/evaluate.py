"""How well a model folder hears the held-out set, by the product's own path: pauses, decoding and doubts."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from scripts.demo_asr.heldout import Entry, read
from scripts.demo_asr.line import nobody, through_ulaw
from voicebot.asr import JobKind, Recognizer, Speech, build
from voicebot.asr import model as models
from voicebot.audio import Pcm
from voicebot.settings import Settings
from voicebot.testing.scorecard import digits, distance, words

_NUMBER = re.compile(r"(?<!\d)\d{4,6}(?!\d)")
"""An order number as the demo shop has them, in its written form."""

_PIECE = 4.0
"""Seconds of noise at a time: about what a voice detector would pass on."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording and what became of it."""

    entry: Entry
    text: str

    @property
    def exact(self) -> bool:
        """Whether every word and every digit is right, by the measure of `voicebot asr-eval`."""
        return words(self.entry.text) == words(self.text)

    @property
    def number(self) -> bool | None:
        """Whether the one order number of the sentence is right, and no digit besides; None of none or several."""
        if len(_NUMBER.findall(self.entry.text)) != 1:
            return None
        return digits(self.entry.text) == digits(self.text)


def recognizer(folder: Path) -> Recognizer:
    """The product's recogniser with this folder in the demo model's place."""
    models.DEMO = folder
    return build(Settings(asr_model="demo", asr_threads=1))


def evaluate(model: Path, folder: Path, noise_minutes: float, show: bool) -> None:
    """Print sentences, words and numbers right by voice, noise and class, then text made up for noise."""
    asyncio.run(_evaluate(recognizer(model), folder, noise_minutes, show))


async def hear_all(ears: Recognizer, folder: Path) -> list[Heard]:
    """Every recording of a held-out folder, in the manifest's order."""
    return [Heard(entry, await _hear(ears, pcm)) for entry, pcm in read(folder)]


async def _evaluate(ears: Recognizer, folder: Path, noise_minutes: float, show: bool) -> None:
    heard = await hear_all(ears, folder)
    if show:
        for one in heard:
            if not one.exact:
                print(f"{one.entry.voice}\t{one.entry.noise}\t{one.entry.text}\t{one.text}")
    _table("voice and noise", heard, lambda one: f"{one.entry.voice} {one.entry.noise}")
    _table("noise", heard, lambda one: one.entry.noise)
    _table("class", heard, lambda one: one.entry.kind)
    _table("all", heard, lambda one: "all")
    if noise_minutes:
        texts = [await _hear(ears, pcm) for pcm in _nobody(noise_minutes)]
        false = [text for text in texts if text]
        print(f"\n{noise_minutes:g} minutes of noise and silence: {len(false)} of {len(texts)} pieces gave text")
        for text in false:
            print(f"  {text}")
    await ears.aclose()


async def _hear(ears: Recognizer, pcm: Pcm) -> str:
    return (await ears.recognize(Speech(pcm, JobKind.FINAL))).text


def _nobody(minutes: float) -> Iterator[Pcm]:
    rng, generator = Random(3), np.random.default_rng(3)
    for _ in range(int(minutes * 60 / _PIECE)):
        yield through_ulaw(nobody(rng, generator, _PIECE))


def _table(title: str, heard: list[Heard], key: Callable[[Heard], str]) -> None:
    groups: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        groups[key(one)].append(one)
    print(f"\n{title:32} {'n':>5} {'exact':>7} {'WER':>7} {'numbers':>9}")
    for name, group in sorted(groups.items()):
        wrong = sum(distance(words(one.entry.text), words(one.text)) for one in group)
        spoken = sum(len(words(one.entry.text)) for one in group)
        numbers = [one.number for one in group if one.number is not None]
        exact = sum(one.exact for one in group) / len(group)
        right = f"{sum(numbers)}/{len(numbers)}" if numbers else "-"
        print(f"{name:32} {len(group):5} {exact:7.1%} {wrong / spoken:7.1%} {right:>9}")
