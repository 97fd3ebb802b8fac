"""Synthetic callers: flite, espeak-ng and festival read a sentence, each time a little differently."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

RATE = 8000
"""Samples per second of a clip."""

Clip = npt.NDArray[np.int16]


class Engine(Enum):
    """The program that speaks."""

    FLITE = "flite"
    ESPEAK = "espeak"
    FESTIVAL = "festival"


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine, by the engine's own name for it."""

    engine: Engine
    name: str

    def __str__(self) -> str:
        return f"{self.engine.value}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Voice:
        """ "flite:slt" back to a voice."""
        engine, _, name = text.partition(":")
        return cls(Engine(engine), name)


_ACCENTS = ["en-us", "en-us", "en-us", "en-gb", "en-gb-x-rp", "en-029", "en-gb-scotland", "en-us-nyc"]
_VARIANTS = [
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "Alex", "Andy", "Steph",
    "Mike", "klatt2", "klatt4", "Alicia", "Andrea", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee",
    "Marco", "Mario", "Michael", "adam", "anika", "antonio", "belinda", "benjamin", "boris", "caleb", "david",
    "ed", "edward", "iven", "john", "linda", "max", "michel", "miguel", "paul", "pedro", "quincy", "rob",
    "robert", "sandro", "shelby", "steph2", "travis", "victor", "zac",
]  # fmt: skip
_CAST = {"slt": 13, "rms": 13, "awb": 12, "kal16": 11, "kal": 5, "festival": 14, "hts": 6, "espeak": 26}
"""How often each is heard in training: the better they sound, the more."""

SEEN = tuple(
    Voice.parse(name)
    for name in (
        "flite:slt", "flite:rms", "flite:awb", "flite:kal16", "festival:kal_diphone", "espeak:en-us",
        "espeak:en-us+f3", "espeak:en-gb+m3",
    )
)  # fmt: skip
"""The voices of training that evaluation asks for, unperturbed."""

UNSEEN = (Voice(Engine.FESTIVAL, "ked_diphone"), Voice(Engine.ESPEAK, "en-us+Annie"))
"""Voices that are never in training."""

_BAND = (300.0, 3400.0)
"""Hz a telephone passes."""

_EDGE = 400
"""Samples of quiet kept at both ends of a clip."""


def cast(rng: Random) -> Voice:
    """A voice to train with."""
    name = rng.choices(list(_CAST), list(_CAST.values()))[0]
    if name == "festival":
        return Voice(Engine.FESTIVAL, "kal_diphone")
    if name == "hts":
        return Voice(Engine.FESTIVAL, "cmu_us_slt_arctic_hts")
    if name == "espeak":
        variant = f"+{rng.choice(_VARIANTS)}" if rng.random() < 0.85 else ""
        return Voice(Engine.ESPEAK, rng.choice(_ACCENTS) + variant)
    return Voice(Engine.FLITE, name)


def say(voice: Voice, words: str, rng: Random | None = None, festival: Sequence[str] = ()) -> Clip | None:
    """What the voice makes of the words, through a telephone band, without the quiet around it.

    rng: draws speed, pitch and the size of the speaker's head; without, all are the voice's own.
    festival: lines of Scheme to run first, such as where an uninstalled voice lies.
    None where the engine made no sound. Raises CalledProcessError where it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        _speak(voice, words, path, rng, festival)
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    head = rng.uniform(0.86, 1.16) if rng and rng.random() < 0.6 else 1.0
    wave = soxr.resample(wave[:, 0], rate, RATE / head)
    if rng is None or rng.random() < 0.6:
        wave = _telephone(wave)
    return _trimmed(wave - wave.mean())


def phones(words: str) -> list[str]:
    """The phones flite reads the words as, the targets of the encoder's own loss."""
    return _run("flite", "-voice", "kal", "-ps", "-t", words, "-o", "none").split()


def _speak(voice: Voice, words: str, path: Path, rng: Random | None, festival: Sequence[str]) -> None:
    if voice.engine is Engine.FLITE:
        manner = []
        if rng:
            manner = ["--setf", f"duration_stretch={rng.uniform(0.78, 1.25):.2f}"]
            if rng.random() < 0.5:
                manner += ["--setf", f"int_f0_target_mean={rng.uniform(75, 220):.0f}"]
        _run("flite", "-voice", voice.name, *manner, "-t", words + ".", "-o", str(path))
    elif voice.engine is Engine.ESPEAK:
        speed, pitch = (rng.randint(130, 200), rng.randint(25, 75)) if rng else (165, 50)
        _run("espeak-ng", "-v", voice.name, "-s", str(speed), "-p", str(pitch), "-w", str(path), words)
    else:
        script = path.with_suffix(".scm")
        changes = _festival_manner(rng) if rng else ""
        quoted = words.replace('"', "")
        saying = f'(utt.save.wave (utt.synth (Utterance Text "{quoted}")) "{path}")'
        script.write_text("\n".join([*festival, f"(voice_{voice.name})", changes, saying]), encoding="utf-8")
        _run("festival", "-b", str(script))


def _festival_manner(rng: Random) -> str:
    """Another speed and, with most, another pitch than the voice's own 105 Hz."""
    pitch, spread = rng.uniform(80, 180), rng.uniform(8, 25)
    return (
        f"(Parameter.set 'Duration_Stretch {rng.uniform(0.8, 1.2):.2f})\n"
        f"(set! int_lr_params '((target_f0_mean {pitch:.0f}) (target_f0_std {spread:.0f})"
        " (model_f0_mean 170) (model_f0_std 34)))\n"
        # The statistical voice has its own ideas of all that, but for the speed.
        f"(if (boundp 'hts_engine_params) (set! hts_engine_params (append hts_engine_params"
        f' \'(("-r" {rng.uniform(0.85, 1.25):.2f})))))'
    )


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def _telephone(wave: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Band-pass with the slopes of a fourth-order Butterworth filter, without its delay."""
    low, high = _BAND
    hertz = np.maximum(np.fft.rfftfreq(len(wave), 1 / RATE), 1.0)
    gain = 1 / np.sqrt((1 + (low / hertz) ** 8) * (1 + (hertz / high) ** 8))
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)), np.float32)


def _trimmed(wave: npt.NDArray[np.float32]) -> Clip | None:
    envelope = np.convolve(np.abs(wave), np.ones(160) / 160, "same")
    loud = np.flatnonzero(envelope > max(envelope.max(initial=0.0) * 0.03, 1e-5))
    if len(loud) < _EDGE:
        return None
    wave = wave[max(0, loud[0] - _EDGE) : loud[-1] + _EDGE]
    return np.asarray(wave / np.abs(wave).max() * 0.7 * 32767, np.int16)
