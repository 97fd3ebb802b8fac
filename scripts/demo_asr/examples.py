"""Training batches: clips put on a line, their features, and the tokens the decoder is to write."""

# torch is not in the product's environment: without it its classes are of no known type.
# mypy: disable-error-code="misc"

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import IterableDataset

from scripts.demo_asr import clips
from scripts.demo_asr.clips import Recorded
from scripts.demo_asr.line import Wave, add_noise, babble, coloured_noise, lose_packets, nobody, through_ulaw
from scripts.demo_asr.voices import RATE, Clip
from voicebot.audio import resample

HOP = 320
"""Samples at 16 kHz of one feature frame, 20 ms."""

_POSITIONS = 3000
"""Encoder positions of one batch, padding included."""

_POOL = 800
"""Examples drawn at once, and sorted by length into batches."""

_LONGEST = 9.6
"""Seconds of an example, of the ten the model can take."""

_HANDSET = 0.2
"""Most a handset changes a band: 8 dB in Whisper's units, a quarter of log10 of the power."""

_BEND = 2.5
"""Most mel bands a speaker's resonances move: by a tenth of their frequency, each by its own amount."""

_NOBODY = 0.07
_BABBLE = 0.05
_PAIRS = 0.07
_TIMESTAMPS = 0.08
_PROMPTS = 0.06
_WRONG = 0.05
_ONE_BEHIND = 0.12
_ROOM_BEHIND = 0.3
_NUMBER = 4
_RUN = 2
"""Shares: examples without speech, of many voices at once, of two sentences, with timestamps, after another
sentence as the prompt; decoder tokens replaced by others; of the noises behind a voice another voice, a room.

_NUMBER: digits that make a number. _RUN: like digits in a row that are still common.
"""

_REPEATED = re.compile(r"(\d)\1+")

_ODD = ("elsewhere", "words")
"""Kinds of sentences whose words stand in few others."""

_PHONES = [
    "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh", "ih",
    "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh", "uw", "v", "w", "y",
    "z", "zh",
]  # fmt: skip
PHONES = {phone: at + 1 for at, phone in enumerate(_PHONES)}
"""flite's phones; 0 is the blank of the encoder's loss."""


@dataclass(frozen=True, slots=True)
class Batch:
    """features: [n, 80, frames]; tokens and targets: [n, length], targets -100 where nothing is asked.

    phones: all targets of the encoder's loss in a row; counts: how many each example has; positions: its length.
    """

    features: Tensor
    tokens: Tensor
    targets: Tensor
    phones: Tensor
    counts: Tensor
    positions: Tensor


@dataclass(frozen=True, slots=True)
class _Example:
    features: npt.NDArray[np.float32]
    tokens: list[int]
    targets: list[int]
    phones: list[int]


class Vocabulary:
    """The tokenizer's special tokens by name, and sentences in tokens."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        name = self._tokenizer.get_vocab()
        self.end, self.start = name["<|endoftext|>"], name["<|startoftranscript|>"]
        self.previous = name["<|startofprev|>"]
        self.no_speech, self.no_timestamps = name["<|nospeech|>"], name["<|notimestamps|>"]
        self.first_timestamp = self.no_timestamps + 1

    def encode(self, text: str) -> list[int]:
        """Tokens of a sentence as Whisper writes it, with a space in front."""
        return list(self._tokenizer.encode(" " + text).ids)


class Batches(IterableDataset[Batch]):
    """Batches without end from a folder of clips that may still be growing."""

    def __init__(self, folder: Path, tokenizer: Path, seed: int) -> None:
        self._folder = folder
        self._tokenizer = tokenizer
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        maker = _Maker(Vocabulary(self._tokenizer), Random(self._seed))
        while True:
            maker.read(self._folder)
            yield from maker.pool()


class _Maker:
    def __init__(self, vocabulary: Vocabulary, rng: Random) -> None:
        self._vocabulary = vocabulary
        self._rng = rng
        self._generator = np.random.default_rng(rng.getrandbits(32))
        self._features = FeatureExtractor(80, hop_length=HOP, chunk_length=10)
        self._shards: set[Path] = set()
        self._clips: list[tuple[Clip, Recorded]] = []
        self._weights: list[float] = []

    def read(self, folder: Path) -> None:
        """Take in shards that have come since."""
        for shard in sorted(set(folder.glob("*.npz")) - self._shards):
            self._shards.add(shard)
            for clip, recorded in clips.load(shard):
                self._clips.append((clip, recorded))
                self._weights.append(_weight(recorded))

    def pool(self) -> Iterator[Batch]:
        rng = self._rng
        drawn = rng.choices(self._clips, self._weights, k=_POOL)
        waves = [self._spoken(clip, recorded) for clip, recorded in drawn]
        waves += [(nobody(rng, self._generator, rng.uniform(0.3, 5)), "", []) for _ in range(int(_POOL * _NOBODY))]
        waves += [(self._babble(), "", []) for _ in range(int(_POOL * _BABBLE))]
        waves.sort(key=lambda wave: len(wave[0]) + rng.random() * 2000)
        batches: list[list[tuple[Wave, str, list[str]]]] = [[]]
        for wave in waves:
            longest = max(len(other[0]) for other in [*batches[-1], wave])
            if longest / RATE * 25 * (len(batches[-1]) + 1) > _POSITIONS:
                batches.append([])
            batches[-1].append(wave)
        rng.shuffle(batches)
        for batch in batches:
            yield _collate([self._example(*wave) for wave in batch], self._vocabulary, rng)

    def _spoken(self, clip: Clip, recorded: Recorded) -> tuple[Wave, str, list[str]]:
        """A sentence, or two with less of a pause than the product cuts at, with quiet around."""
        rng = self._rng
        parts, texts, phones = [self._wave(clip)], [recorded.text], list(recorded.phones)
        if rng.random() < _PAIRS:
            other, second = rng.choice(self._clips)
            if len(clip) + len(other) < (_LONGEST - 2) * RATE:
                parts += [_quiet(rng.uniform(0.05, 0.45)), self._wave(other)]
                texts.append(second.text)
                phones += second.phones
        lead = rng.uniform(0, 0.4) if rng.random() < 0.92 else rng.uniform(0, 1.3)
        tail = rng.uniform(0, 0.5) if rng.random() < 0.92 else rng.uniform(0, 1.2)
        wave = np.concatenate([_quiet(lead), *parts, _quiet(tail)])
        return wave[: int(_LONGEST * RATE)], " ".join(texts), phones

    def _babble(self) -> Wave:
        rng = self._rng
        return self._room(rng.uniform(0.4, 3) if rng.random() < 0.5 else rng.uniform(2, 9))

    def _room(self, seconds: float) -> Wave:
        """A room of four to twelve people none of whom can be followed."""
        voices = [clip for clip, _ in self._rng.choices(self._clips, k=self._rng.randint(4, 12))]
        return babble(voices, self._rng, seconds)

    def _wave(self, clip: Clip) -> Wave:
        """A clip, half of them faster or slower, and higher or lower with it, as from another head."""
        if self._rng.random() < 0.5:
            clip = resample(clip, RATE, int(RATE * self._rng.uniform(0.88, 1.14)) // 80 * 80)
        return clip.astype(np.float32) / np.float32(32768)

    def _example(self, wave: Wave, text: str, phones: list[str]) -> _Example:
        spoken = len(wave) / RATE
        pcm = self._on_the_line(wave, bool(text))
        features = self._features(resample(pcm, RATE, 2 * RATE).astype(np.float32) / np.float32(32768))[:, :-1]
        tokens, targets = self._written(text, spoken)
        sounds = [PHONES[phone] for phone in phones if phone in PHONES]
        return _Example(self._masked(self._coloured(self._bent(features))), tokens, targets, sounds)

    def _written(self, text: str, seconds: float) -> tuple[list[int], list[int]]:
        """What the decoder sees and what it is to answer.

        Whisper reads off the probability that nobody spoke right after the start, whatever is asked of it next.
        """
        v, rng = self._vocabulary, self._rng
        if not text:
            second = v.no_timestamps if rng.random() < 0.8 else v.first_timestamp
            return [v.start, second], [v.no_speech, v.end]
        words = v.encode(text)
        if rng.random() < _TIMESTAMPS:
            begin, finish = v.first_timestamp, v.first_timestamp + min(500, round(seconds * 10) * 5)
            tokens, targets = [v.start, begin, *words, finish], [begin, *words, finish, v.end]
        else:
            tokens, targets = [v.start, v.no_timestamps, *words], [v.no_timestamps, *words, v.end]
        if rng.random() < _PROMPTS:
            before = [v.previous, *v.encode(rng.choice(self._clips)[1].text)]
            return before + tokens, [-100] * len(before) + targets
        return tokens, targets

    def _on_the_line(self, wave: Wave, spoken: bool) -> Clip:
        rng = self._rng
        if spoken and rng.random() < 0.75:
            way = rng.random()
            if way < _ONE_BEHIND:
                behind = np.resize(rng.choice(self._clips)[0].astype(np.float32), len(wave))
                wave = add_noise(wave, _at_one(behind), rng.uniform(14, 35))
            elif way < _ONE_BEHIND + _ROOM_BEHIND:
                wave = add_noise(wave, _at_one(self._room(len(wave) / RATE)), rng.uniform(7, 28))
            else:
                noise = coloured_noise(len(wave), rng.uniform(0, 1.2), self._generator)
                wave = add_noise(wave, noise, rng.uniform(6, 32))
        if rng.random() < 0.15:
            wave = lose_packets(wave, rng)
        if spoken:
            wave = wave * np.float32(10 ** (rng.uniform(-24, 2) / 20))
        if rng.random() < 0.9:
            return through_ulaw(wave)
        return np.asarray(np.clip(wave, -1, 1) * 32767, np.int16)

    def _bent(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Half of the examples from another mouth: the mel axis stretched and squeezed along a smooth curve."""
        if self._rng.random() < 0.5:
            return features
        bands = np.arange(len(features))
        knots = self._generator.uniform(-_BEND, _BEND, 5)
        bent = bands + np.interp(bands, np.linspace(0, len(features) - 1, 5), knots)
        source = np.clip(bent, 0, len(features) - 1)
        low = np.minimum(source.astype(np.intp), len(features) - 2)
        share = (source - low)[:, None].astype(np.float32)
        return np.asarray(features[low] * (1 - share) + features[low + 1] * share, np.float32)

    def _coloured(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Half of the examples through another handset: bands up or down by a smooth curve of up to 8 dB."""
        if self._rng.random() < 0.5:
            knots = self._generator.uniform(-_HANDSET, _HANDSET, 5)
            curve = np.interp(np.arange(len(features)), np.linspace(0, len(features) - 1, 5), knots)
            floor = features.max() - 2.0
            features = np.maximum(features + curve[:, None].astype(np.float32), floor)
            features += np.float32(floor + 2.0) - features.max()
        return features

    def _masked(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A few mel bands flattened in a quarter of the examples."""
        if self._rng.random() < 0.25:
            features = features.copy()
            low = self._rng.randrange(70)
            features[low : low + self._rng.randint(1, 6)] = features.mean()
        return features


def _weight(recorded: Recorded) -> float:
    """How often to hear a clip: robots less, numbers and odd sentences more, most of all digits in a row."""
    digits = sum(letter.isdigit() for letter in recorded.text)
    robot = 0.6 if recorded.voice.startswith("espeak") else 1.0
    run = max((len(repeated[0]) for repeated in _REPEATED.finditer(recorded.text)), default=1)
    if run > 1:
        return (6.0 if run > _RUN else 3.5) * robot
    if recorded.kind in _ODD:
        return 2.0 * robot
    return (2.5 if digits >= _NUMBER else 1.0) * robot


def _at_one(wave: Wave) -> Wave:
    """The wave at a mean power of one."""
    return wave / np.float32(max(float(np.sqrt(np.mean(wave**2))), 1e-9))


def _quiet(seconds: float) -> Wave:
    return np.zeros(int(seconds * RATE), np.float32)


def _collate(examples: list[_Example], vocabulary: Vocabulary, rng: Random) -> Batch:
    """At least four frames of padding follow every example, for the model finds its end by them."""
    frames = (max(example.features.shape[1] for example in examples) + 5) // 2 * 2
    length = max(len(example.tokens) for example in examples)
    features = np.zeros((len(examples), 80, frames), np.float32)
    tokens = np.full((len(examples), length), vocabulary.end)
    targets = np.full((len(examples), length), -100)
    for at, example in enumerate(examples):
        features[at, :, : example.features.shape[1]] = example.features
        tokens[at, : len(example.tokens)] = [
            rng.randrange(256, vocabulary.end) if token < vocabulary.end and rng.random() < _WRONG else token
            for token in example.tokens
        ]
        targets[at, : len(example.targets)] = example.targets
    return Batch(
        torch.from_numpy(features),
        torch.from_numpy(tokens),
        torch.from_numpy(targets),
        torch.tensor([phone for example in examples for phone in example.phones], dtype=torch.long),
        torch.tensor([len(example.phones) for example in examples]),
        torch.tensor([(example.features.shape[1] + 1) // 2 for example in examples]),
    )
