"""How the callers sound: voices, coughs, the babble behind them, and the telephone line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks.turn_taking.script import Cough, Pause, Turn, Words, parts
from voicebot.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, at_level, g711, silence
from voicebot.audio.level import SPEECH_DBFS
from voicebot.testing.caller_line import telephone, trimmed
from voicebot.tts.espeak import EspeakSynthesizer

VOICES = Path(__file__).parent / "voices"
INDEX = "index.tsv"
COLUMNS = ["voice", "start", "samples", "text"]

LINE_DBFS = -60.0
"""Noise of a quiet line; without it the voice detector would have an easier time than on any telephone."""

_BABBLE_SECONDS = 30.0
_BABBLERS = (
    "en-us+m1", "en-us+f2", "en-gb+m4", "en-gb+f4", "en-us+m7", "en-gb-scotland+f3",
    "en-us+m3", "en-us+f5", "en-gb+m6", "en-029+f1", "en-us+m2", "en-gb+f2",
)  # fmt: skip
_BABBLED = (
    "So I told her we could meet at the station around noon, and she said she would bring the children along.",
    "The weather was lovely at the seaside, but the hotel had no breakfast and the beds were far too soft.",
    "Did you see the match last night? I could not believe they gave that goal away in the last minute.",
    "My brother plays the piano in a small orchestra, and next month they are going to travel through Spain.",
    "We should paint the kitchen before winter comes, perhaps in yellow, and buy new chairs for the table.",
    "He never answers the telephone when he is working in the garden, so just walk around the house.",
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words in a take. start, end: samples."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Take:
    """A turn as it sounds, from its first to its last sample. stretches: which words are where; "" for a cough."""

    pcm: Pcm
    stretches: tuple[Stretch, ...]


def take(turn: Turn, voice: str) -> Take:
    """`turn` spoken by `voice`. Raises LookupError when a recorded voice was never asked for these words."""
    pieces: list[Pcm] = []
    stretches: list[Stretch] = []
    at = 0
    for part in parts(turn.said):
        match part:
            case Pause(seconds):
                pcm, text = silence(seconds), None
            case Cough():
                pcm, text = cough(len(turn.said)), ""
            case Words(text):
                pcm = spoken(voice, text)
        if text is not None:
            stretches.append(Stretch(at, at + len(pcm), text))
        pieces.append(pcm)
        at += len(pcm)
    return Take(np.concatenate(pieces), tuple(stretches))


@cache
def spoken(voice: str, text: str) -> Pcm:
    """`text` by `voice`, as it leaves the line, from its first to its last audible sample."""
    engine, _, name = voice.partition(":")
    if engine == "espeak":
        return trimmed(telephone(at_level(_espeak(name).render(text))))
    try:
        return recordings()[voice, text]
    except KeyError:
        raise LookupError(
            f"{VOICES} has no {voice} saying {text!r}: run `python -m benchmarks.turn_taking.record` where flite "
            "and festival are installed"
        ) from None


@cache
def recordings() -> dict[tuple[str, str], Pcm]:
    """What was recorded, by voice and text."""
    files: dict[str, Pcm] = {}
    found: dict[tuple[str, str], Pcm] = {}
    with (VOICES / INDEX).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            voice, start, samples = row["voice"], int(row["start"]), int(row["samples"])
            if voice not in files:
                files[voice], _ = soundfile.read(VOICES / file_of(voice), dtype="int16")
            found[voice, row["text"]] = files[voice][start : start + samples]
    return found


def file_of(voice: str) -> str:
    """The recording that holds `voice`."""
    return f"{voice.replace(':', '-')}.wav"


def cough(seed: int) -> Pcm:
    """A cough of about 0.3 s: a burst of breath over a rough voice, then a shorter one."""
    random = np.random.default_rng(seed)
    pieces = [_burst(random, 0.16, 1.0), np.zeros(int(0.05 * SAMPLE_RATE)), _burst(random, 0.1, 0.5)]
    wave = np.concatenate(pieces)
    pcm: Pcm = np.rint(wave / np.abs(wave).max() * 12000).astype(np.int16)
    return telephone(pcm)


def _burst(random: np.random.Generator, seconds: float, strength: float) -> npt.NDArray[np.float64]:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    breath = random.standard_normal(len(time))
    pitch = 150 - 250 * time + random.normal(0, 4, len(time))
    throat = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)) * 1.5
    envelope = np.minimum(1, time / 0.01) * np.exp(-time / (seconds / 2.5))
    burst: npt.NDArray[np.float64] = strength * envelope * (breath + throat)
    return burst


class Room:
    """What is behind the caller: the noise of the line, and babble `decibels` under the voice if there is any.

    seed: where in the babble it begins. Gives the same noise for the same seed.
    """

    def __init__(self, decibels: float | None, seed: int) -> None:
        self._line = 32768 * 10 ** (LINE_DBFS / 20)
        self._gain = 0.0 if decibels is None else 10 ** (-decibels / 20)
        self._seed = seed
        self.restart(0)

    def restart(self, part: int) -> None:
        """Begin anew, in another place for each `part` of a call."""
        self._random = np.random.default_rng((self._seed, part))
        if self._gain:
            self._at = (self._seed * 7919 + part * 1009) * FRAME_SAMPLES % len(_babble())

    def over(self, pcm: Pcm) -> Pcm:
        """One frame of the caller, with all of it, as mu-law carries it."""
        wave = pcm + self._random.normal(0.0, self._line, len(pcm))
        if self._gain:
            babble = _babble()
            wave = wave + self._gain * babble[self._at : self._at + len(pcm)]
            self._at = (self._at + len(pcm)) % len(babble)
        loud: Pcm = np.clip(np.rint(wave), -32768, 32767).astype(np.int16)
        return g711.decode(g711.encode(loud))


@cache
def _babble() -> npt.NDArray[np.float64]:
    """A dozen people talking, together as loud as one caller; whole frames, to be repeated."""
    length = int(_BABBLE_SECONDS * SAMPLE_RATE)
    mixed = np.zeros(length)
    for number, name in enumerate(_BABBLERS):
        words = " ".join(_BABBLED[(number + place) % len(_BABBLED)] for place in range(len(_BABBLED)))
        voice = telephone(at_level(_espeak(name).render(words, timeout=20.0))).astype(np.float64)
        mixed += np.roll(np.resize(voice, length), number * 7 * SAMPLE_RATE // 3)
    level: npt.NDArray[np.float64] = mixed * (32768 * 10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(mixed**2)))
    return level


@cache
def _espeak(name: str) -> EspeakSynthesizer:
    return EspeakSynthesizer(name)
