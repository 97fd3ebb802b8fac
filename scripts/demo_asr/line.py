"""What a telephone line does to a voice: noise, other voices behind it, gaps of lost packets, level, G.711."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt

from scripts.demo_asr.voices import RATE, Clip
from voicebot.audio import g711

Wave = npt.NDArray[np.float32]
"""Samples in ±1 at 8 kHz."""

_PACKET = 160
"""Samples of a 20 ms packet."""

_TONES = ((697, 1209), (770, 1336), (852, 1477), (941, 1336), (440, 480), (425,), (1000, 1400))
"""Hz of keys (Q.23) and of ringing and engaged tones."""


def coloured_noise(samples: int, slope: float, rng: np.random.Generator) -> Wave:
    """Noise of power 1 that falls by `slope` times 6 dB an octave: 0 is white, 1 brown."""
    size = max(2, samples // 2 + 1)
    spectrum = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    noise = np.fft.irfft(spectrum * np.maximum(np.arange(size), 2.0) ** -slope, samples)
    return np.asarray(noise / max(float(np.sqrt(np.mean(noise**2))), 1e-9), np.float32)


def add_noise(wave: Wave, noise: Wave, decibels: float) -> Wave:
    """The wave with noise this far below its mean power."""
    power = max(float(np.sqrt(np.mean(wave**2))), 1e-4)
    return wave + noise[: len(wave)] * np.float32(power * 10 ** (-decibels / 20))


def lose_packets(wave: Wave, rng: Random) -> Wave:
    """Up to three gaps of one or two packets, as when a jitter buffer runs dry."""
    wave = wave.copy()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(max(1, len(wave) // _PACKET)) * _PACKET
        wave[at : at + _PACKET * rng.randint(1, 2)] = 0
    return wave


def through_ulaw(wave: Wave) -> Clip:
    """The wave as a G.711 decoder gives it back, int16."""
    pcm = np.asarray(np.clip(wave, -1, 1) * 32767, np.int16)
    return g711.decode(g711.encode(pcm))


def nobody(rng: Random, generator: np.random.Generator, seconds: float) -> Wave:
    """Sound without words: quiet, hiss, mains hum, tones and keys, coughs and knocks, crackling."""
    samples = int(seconds * RATE)
    wave = coloured_noise(samples, rng.uniform(0, 1.2), generator) * np.float32(10 ** rng.uniform(-4, -0.9))
    way = rng.random()
    if way < 0.12:
        return np.zeros(samples, np.float32)
    time = np.arange(samples, dtype=np.float32) / np.float32(RATE)
    if way < 0.25:
        mains = rng.choice([50, 60])
        for overtone in (2, 4, 6, 8):
            wave += _tone(time, mains * overtone, rng.uniform(0, 0.03))
    elif way < 0.4:
        for _ in range(rng.randint(1, 4)):
            start, length = rng.uniform(0, seconds), rng.uniform(0.08, 0.6)
            sounding = (time > start) & (time < start + length)
            for hertz in rng.choice(_TONES):
                wave += sounding * _tone(time, hertz, 0.15)
    elif way < 0.7:
        for _ in range(rng.randint(1, 3)):
            wave += _burst(time, rng, generator)
    elif way < 0.85:
        wave = wave * np.float32(rng.uniform(0, 0.5)) + _crackle(samples, rng, generator)
    return wave


def babble(voices: Sequence[Clip], rng: Random, seconds: float) -> Wave:
    """A room full of people: voices about as loud as each other, each on and on from somewhere in its clip."""
    room = np.zeros(round(seconds * RATE), np.float32)
    for voice in voices:
        loud = max(float(np.sqrt(np.mean(voice.astype(np.float32) ** 2))), 1.0)
        read = np.resize(np.roll(voice, rng.randrange(len(voice))), len(room)).astype(np.float32)
        room += read * np.float32(10 ** (rng.uniform(-5, 0) / 20) / loud)
    power = max(float(np.sqrt(np.mean(room**2))), 1e-9)
    return room * np.float32(10 ** (rng.uniform(-45, -14) / 20) / power)


def _crackle(samples: int, rng: Random, generator: np.random.Generator) -> Wave:
    """Clicks of a bad contact, now and then or in a row: a few samples long, each as loud as it comes."""
    wave = np.zeros(samples, np.float32)
    longest = rng.choice([1, 2, 8, 40])
    for _ in range(rng.choice([2, 5, 12, 30, 80])):
        at, length = rng.randrange(samples), rng.randint(1, longest)
        click = generator.standard_normal(length).astype(np.float32) * np.float32(rng.uniform(0.02, 0.6))
        wave[at : at + length] += click[: samples - at]
    return wave


def _tone(time: Wave, hertz: float, amplitude: float) -> Wave:
    return np.asarray(np.sin(2 * np.pi * hertz * time) * amplitude, np.float32)


def _burst(time: Wave, rng: Random, generator: np.random.Generator) -> Wave:
    """A cough, a breath or a knock: noise that sets in fast and dies away."""
    start, decay = rng.uniform(0, float(time[-1])), 10 ** rng.uniform(-2.0, -0.6)
    after = np.maximum(time - np.float32(start), 0)
    shape = (time >= start) * np.exp(-after / np.float32(decay)) * np.minimum(after / np.float32(0.01), 1)
    noise = coloured_noise(len(time), rng.uniform(0, 1), generator)
    return np.asarray(shape * noise * rng.uniform(0.03, 0.4), np.float32)
