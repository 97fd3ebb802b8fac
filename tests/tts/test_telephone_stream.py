from __future__ import annotations

import asyncio

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.support import noise
from tests.tts.listening import hear
from voicebot.audio import Pcm, seconds, silence
from voicebot.audio.level import speech_dbfs, true_peak_dbfs
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.telephone import telephone
from voicebot.tts.telephone_stream import TelephoneStream, VoiceLevel

SPEECH = asyncio.run(hear(EspeakSynthesizer().stream("Your order has been shipped, and it will be there soon.")))


def _at(rate: int, gain_db: float = 0.0, pad: float = 0.0) -> np.typing.NDArray[np.int16]:
    """The sentence as an engine of that rate and loudness gives it, with `pad` seconds of silence at both ends."""
    wide = soxr.resample(np.concatenate([silence(pad), SPEECH, silence(pad)]).astype(np.float32), 8000, rate)
    samples: Pcm = np.clip(wide * 10 ** (gain_db / 20), -32768, 32767).astype(np.int16)
    return samples


def _streamed(samples: np.typing.NDArray[np.int16], rate: int, level: VoiceLevel, step: int = 4800) -> Pcm:
    stream = TelephoneStream(rate, level)
    pieces = [stream.feed(samples[start : start + step]) for start in range(0, len(samples), step)]
    return np.concatenate([*pieces, stream.finish()])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_a_stream_sounds_as_the_whole_sentence_would(rate: int) -> None:
    """At any rate: as long, as loud within 1.5 dB, and no true peak above -1 dBFS but for rounding."""
    samples = _at(rate, gain_db=-12, pad=0.4)
    streamed, whole = _streamed(samples, rate, VoiceLevel()), telephone(samples, rate)
    assert seconds(streamed) == pytest.approx(seconds(whole), abs=0.05)
    assert speech_dbfs(streamed) == pytest.approx(-20, abs=1.5)
    assert true_peak_dbfs(streamed) < -0.9


@pytest.mark.parametrize("gain_db", [-15, -8, 0, 6])
def test_a_voice_heard_before_begins_at_its_level(gain_db: float) -> None:
    """From the second sentence on the first 100 ms are as loud as the sentence is meant to be."""
    level = VoiceLevel()
    samples = _at(24000, gain_db)
    _streamed(samples, 24000, level)
    again = _streamed(samples, 24000, level)
    whole = telephone(samples, 24000)
    assert speech_dbfs(again) == pytest.approx(-20, abs=2)
    louder = speech_dbfs(again) - speech_dbfs(whole)
    assert speech_dbfs(again[:800]) - speech_dbfs(whole[:800]) == pytest.approx(louder, abs=1.5)


def test_a_stream_begins_and_ends_without_a_tick() -> None:
    """Speech with a step at both ends rises from nothing and falls to it."""
    spoken = SPEECH[8000:16000].copy()
    spoken[:400] = 3000
    spoken[-400:] = 3000
    out = _streamed(spoken, 8000, VoiceLevel())
    assert abs(int(out[0])) < 100
    assert abs(int(out[-1])) < 100


def test_peaks_are_limited_between_the_samples() -> None:
    """A click 30 dB above the speech is brought down with its surroundings, not clipped."""
    samples = _at(8000, gain_db=-24)
    samples[len(samples) // 2 :: 4000] = 32000
    assert true_peak_dbfs(_streamed(samples, 8000, VoiceLevel())) < -0.5


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(min_value=1, max_value=9000), min_size=1, max_size=12))
def test_the_sound_does_not_depend_on_the_pieces(cuts: list[int]) -> None:
    """However the network cuts the audio, the same samples come out."""
    samples = _at(24000)
    expected = _streamed(samples, 24000, VoiceLevel())
    stream, start, pieces = TelephoneStream(24000, VoiceLevel()), 0, []
    for length in [*cuts, len(samples)]:
        pieces.append(stream.feed(samples[start : start + length]))
        start += length
    assert np.array_equal(np.concatenate([*pieces, stream.finish()]), expected)


def test_audio_comes_out_while_it_goes_in() -> None:
    """Of a known voice 15 ms are held back at most while it speaks; of a new one 170 ms."""
    level = VoiceLevel()
    for allowed in (0.17, 0.015):
        stream, out = TelephoneStream(24000, level), 0
        samples = _at(24000)[:12000]
        for start in range(0, len(samples), 240):
            out += len(stream.feed(samples[start : start + 240]))
        held = len(samples) / 24000 - out / 8000
        assert held < allowed + 0.01
        stream.finish()


def test_a_pause_inside_is_kept_and_silence_behind_is_not() -> None:
    """400 ms between words stay; a second of silence after the last word becomes 30 ms."""
    spoken = np.concatenate([SPEECH[:8000], silence(0.4), SPEECH[8000:16000], silence(1.0)])
    out = _streamed(spoken, 8000, VoiceLevel())
    assert seconds(out) == pytest.approx(seconds(telephone(spoken, 8000)), abs=0.05)


def test_noise_between_the_words_does_not_make_them_louder() -> None:
    """Four seconds of it at -47 dBFS are no part of the voice's level: the sentence behind them is as loud."""
    out = _streamed(np.concatenate([SPEECH, noise(4.0, 150), SPEECH]), 8000, VoiceLevel())
    assert speech_dbfs(out[-len(SPEECH) :]) == pytest.approx(speech_dbfs(out[: len(SPEECH)]), abs=1)


@pytest.mark.parametrize("samples", [silence(0), silence(2.0), np.full(8000, 3, np.int16)])
def test_silence_alone_gives_nothing(samples: Pcm) -> None:
    """An engine that sends only silence, or nothing, has said nothing; it does not spoil the level."""
    level = VoiceLevel()
    assert len(_streamed(samples, 8000, level)) == 0
    assert level.power is None
