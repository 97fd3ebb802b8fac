"""Recorded sentences on disk: shards of a few hundred clips, each written whole, for training to read along."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from subprocess import CalledProcessError, TimeoutExpired

import numpy as np

from scripts.demo_asr.grammar import Grammar
from scripts.demo_asr.voices import RATE, Clip, cast, phones, say

_SHARD = 400
_LONGEST = 8.6
"""Seconds of speech that leave room for silence within the model's window of ten."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A clip's words: as to be written, by intent, voice and phones. samples: its length at 8 kHz."""

    text: str
    kind: str
    voice: str
    phones: list[str]
    samples: int


def make(folder: Path, seed: int, count: int, kinds: Container[str] = ()) -> None:
    """Write `count` clips of training sentences into the folder; run it again with another seed for more.

    kinds: the only sentences wanted; none named, all are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grammar = Grammar()
    for shard in range(-(-count // _SHARD)):
        name = folder / f"{seed:03d}-{shard:04d}.npz"
        if name.exists():
            continue
        made = list(_clips(grammar, Random(seed * 100_003 + shard), min(_SHARD, count - shard * _SHARD), kinds))
        partial = name.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                pcm=np.concatenate([clip for clip, _ in made]),
                words=np.array(json.dumps([asdict(recorded) for _, recorded in made])),
            )
        partial.rename(name)
        print(
            f"{name.name}: {len(made)} clips, {sum(len(clip) for clip, _ in made) / RATE / 60:.0f} min", flush=True
        )


def load(shard: Path) -> Iterator[tuple[Clip, Recorded]]:
    """The clips of one shard."""
    with np.load(shard) as stored:
        pcm, words = stored["pcm"], json.loads(str(stored["words"]))
    at = 0
    for entry in words:
        recorded = Recorded(**entry)
        yield pcm[at : at + recorded.samples], recorded
        at += recorded.samples


def _clips(grammar: Grammar, rng: Random, count: int, kinds: Container[str]) -> Iterator[tuple[Clip, Recorded]]:
    made = 0
    while made < count:
        sentence, voice = grammar.sentence(rng, kinds=kinds), cast(rng)
        try:
            clip, sounds = say(voice, sentence.spoken, rng), phones(sentence.spoken)
        except (CalledProcessError, TimeoutExpired) as failure:
            print(f"{voice} could not say {sentence.spoken!r}: {failure}", flush=True)
            continue
        if clip is None or len(clip) > _LONGEST * RATE:
            continue
        made += 1
        yield clip, Recorded(sentence.text, sentence.kind, str(voice), sounds, len(clip))
