"""Telephone utterances with their texts, for judging recognisers: from a folder, or spoken here and now.

A folder has WAV files at 8 kHz and a `manifest.tsv`, one line a file:
`file<TAB>voice<TAB>noise<TAB>class<TAB>text`, with these names in its first line. noise: "clean", or decibels
between voice and noise. text: empty where nobody speaks.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicebot.asr.manner import LONGEST_SECONDS
from voicebot.audio import SAMPLE_RATE, Pcm, at_level, seconds, silence
from voicebot.errors import ConfigError
from voicebot.testing.caller_line import sound, telephone
from voicebot.tts.espeak import EspeakSynthesizer

MANIFEST = "manifest.tsv"
COLUMNS = ["file", "voice", "noise", "class", "text"]
CLEAN = "clean"

VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb+m4")
NOISES = (CLEAN, "20", "10")

SENTENCES = (
    ("order", "Where is my order?"),
    ("order", "My order has not arrived yet."),
    ("number", "My order number is 4529."),
    ("number", "1834."),
    ("number", "It is 730165."),
    ("number", "Where is my order 90217?"),
    ("hours", "What are your opening hours?"),
    ("return", "I would like to return my shoes."),
    ("refund", "When will I get my refund?"),
    ("agent", "I want to speak to an agent."),
    ("confirm", "Yes, please."),
    ("deny", "No, thank you."),
    ("general", "The weather was lovely at the seaside last week."),
    ("general", "My brother plays the piano in a small orchestra."),
)
"""What callers of a shop say, and what they say besides; `general` is nothing the demo dialog knows."""

_AROUND = 0.3
"""Seconds of line before and after the words."""

_PIECE = 4.0
"""Seconds of noise at a time: about what a voice detector would pass on."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said. kind: the class of its sentence."""

    voice: str
    noise: str
    kind: str
    text: str
    pcm: Pcm


def read(folder: Path) -> Iterator[Utterance]:
    """Every line of the folder's manifest. Raises ConfigError."""
    path = folder / MANIFEST
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; the folder must hold a manifest and WAV files") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    for number, row in enumerate(rows, 1):
        if number == 1:
            if row != COLUMNS:
                raise ConfigError(f"{path}:1: must name the columns {', '.join(COLUMNS)}, separated by tabs")
            continue
        if len(row) != len(COLUMNS):
            raise ConfigError(f"{path}:{number}: has {len(row)} columns instead of {len(COLUMNS)}")
        name, voice, noise, kind, text = row
        yield Utterance(voice, noise, kind, text, _recording(folder / name))
    if len(rows) < 2:
        raise ConfigError(f"{path}: names no recordings; its first line holds the columns {', '.join(COLUMNS)}")


def spoken(voices: Sequence[str] = VOICES, noises: Sequence[str] = NOISES) -> Iterator[Utterance]:
    """`SENTENCES` by espeak-ng in each voice over each noise, through the telephone."""
    random = np.random.default_rng(1)
    for voice in voices:
        synthesizer = EspeakSynthesizer(voice)
        for kind, text in SENTENCES:
            said = at_level(synthesizer.render(_aloud(text)))
            for noise in noises:
                yield Utterance(voice, noise, kind, text, telephone(_over(said, noise, random)))


def nobody(minutes: float) -> Iterator[Pcm]:
    """Pieces of a line on which nobody speaks: silence, hiss, rumble, hum and clicks, at several levels."""
    random = np.random.default_rng(2)
    makers = cycle((_quiet, _hiss, _rumble, _hum, _clicks))
    for level in np.resize((-60.0, -45.0, -35.0, -25.0), max(1, int(minutes * 60 / _PIECE))):
        wave = next(makers)(random)
        rms = float(np.sqrt(np.mean(wave * wave)))
        wave = wave * (32768 * 10 ** (level / 20) / rms) if rms else wave
        yield telephone(np.clip(np.rint(wave), -32768, 32767).astype(np.int16))


def _aloud(text: str) -> str:
    """Numbers digit by digit, with a short halt after each third, as people read them out."""
    words = []
    for word in text.split():
        digits = word.rstrip(".?,")
        if digits.isdigit():
            groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
            word = ", ".join(" ".join(group) for group in groups) + word[len(digits) :]
        words.append(word)
    return " ".join(words)


def _over(said: Pcm, noise: str, random: np.random.Generator) -> Pcm:
    around = silence(_AROUND)
    wave = np.concatenate((around, said, around)).astype(np.float64)
    if noise != CLEAN:
        rms = float(np.sqrt(np.mean(said.astype(np.float64) ** 2)))
        wave = wave + random.normal(0.0, rms * 10 ** (-float(noise) / 20), len(wave))
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def _recording(path: Path) -> Pcm:
    samples, rate = sound(path)
    if rate != SAMPLE_RATE or samples.shape[1] != 1:
        raise ConfigError(f"{path}: must be mono at {SAMPLE_RATE} Hz")
    pcm: Pcm = samples[:, 0]
    if seconds(pcm) > LONGEST_SECONDS:
        raise ConfigError(f"{path}: lasts {seconds(pcm):.0f} s; an utterance lasts {LONGEST_SECONDS:g} s at most")
    return pcm


_Wave = npt.NDArray[np.float64]
_SAMPLES = int(_PIECE * SAMPLE_RATE)


def _quiet(random: np.random.Generator) -> _Wave:
    return np.zeros(_SAMPLES)


def _hiss(random: np.random.Generator) -> _Wave:
    return random.standard_normal(_SAMPLES)


def _rumble(random: np.random.Generator) -> _Wave:
    walk = np.cumsum(random.standard_normal(_SAMPLES))
    rumble: _Wave = walk - np.convolve(walk, np.ones(401) / 401, "same")
    return rumble


def _hum(random: np.random.Generator) -> _Wave:
    time = np.arange(_SAMPLES) / SAMPLE_RATE
    hum: _Wave = np.sum([np.sin(2 * np.pi * 50 * harmonic * time) / harmonic for harmonic in range(1, 30)], axis=0)
    return hum + 0.05 * random.standard_normal(_SAMPLES)


def _clicks(random: np.random.Generator) -> _Wave:
    wave = 0.01 * random.standard_normal(_SAMPLES)
    for start in random.integers(0, _SAMPLES - 80, 8):
        wave[start : start + 80] += random.standard_normal(80) * np.exp(-np.arange(80) / 15)
    return wave
