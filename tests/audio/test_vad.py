"""Both voice detectors on the same recorded sentence, on silence and on noise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.support import FIXTURES, noise, recorded
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm, silence
from voicebot.audio.vad import VoiceDetector, detectors
from voicebot.settings import Vad

THRESHOLD = 0.6
"""The default of VOICEBOT_VAD_THRESHOLD."""

QUIET = 1.0
"""Seconds of silence before and after the sentence of the fixture."""


@pytest.fixture(params=list(Vad), ids=lambda kind: str(kind.value))
def detector(request: pytest.FixtureRequest) -> VoiceDetector:
    """A detector of either kind."""
    return detectors(request.param)()


@pytest.fixture
def silero() -> VoiceDetector:
    """The default detector."""
    return detectors(Vad.SILERO)()


def _follow(detector: VoiceDetector, pcm: Pcm) -> np.typing.NDArray[np.float64]:
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.array([detector.probability(frame) for frame in frames])


def test_a_spoken_sentence_is_voice(detector: VoiceDetector) -> None:
    """Most frames of the sentence are voice, and the silence around it is not."""
    found = _follow(detector, recorded(FIXTURES / "speech.wav")) > THRESHOLD
    before, after = int(QUIET / FRAME_SECONDS), int((QUIET - 0.3) / FRAME_SECONDS)
    assert found[before:-before].mean() > 0.8
    assert found[: before - 1].mean() < 0.05
    assert not found[-after:].any()


def test_speech_is_noticed_within_two_hundred_milliseconds(detector: VoiceDetector) -> None:
    """The caller who begins to speak is noticed soon enough to be let in."""
    found = _follow(detector, recorded(FIXTURES / "speech.wav")) > THRESHOLD
    assert abs(int(np.argmax(found)) * FRAME_SECONDS - QUIET) < 0.2


def test_silence_is_not_voice(detector: VoiceDetector) -> None:
    """Digital silence stays at the bottom."""
    assert _follow(detector, silence(2.0)).max() < 0.1


@pytest.mark.parametrize("amplitude", [30, 300, 3000])
def test_white_noise_is_not_voice_to_silero(silero: VoiceDetector, amplitude: float) -> None:
    """From a quiet line to a roaring one, noise alone does not begin a turn."""
    assert _follow(silero, noise(3.0, amplitude)).max() < THRESHOLD


def test_silero_hears_speech_through_noise(silero: VoiceDetector) -> None:
    """At about 10 dB signal to noise most of the sentence is still voice, and the noise around it is not."""
    pcm = recorded(FIXTURES / "speech.wav").astype(np.int32)
    spoken = pcm[int(QUIET * 8000) : -int(QUIET * 8000)]
    level = float(np.sqrt((spoken.astype(np.float64) ** 2).mean())) / 10**0.5
    noisy = np.clip(pcm + noise(len(pcm) / 8000, level), -32768, 32767).astype(np.int16)
    found = _follow(silero, noisy) > THRESHOLD
    quiet = int(QUIET / FRAME_SECONDS)
    assert found[quiet:-quiet].mean() > 0.7
    assert found[: quiet - 5].mean() < 0.1


def test_calls_do_not_hear_each_other() -> None:
    """Detectors of one factory share the network but not what it remembers."""
    make = detectors(Vad.SILERO)
    speech = recorded(FIXTURES / "speech.wav")
    alone = _follow(make(), speech)
    first, second = make(), make()
    frames = speech[: len(speech) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    interleaved = []
    for frame, other in zip(frames, reversed(frames), strict=True):
        interleaved.append(first.probability(frame))
        second.probability(other)
    assert (np.array(interleaved) == alone).all()


def test_silero_does_not_depend_on_the_pieces(silero: VoiceDetector) -> None:
    """The network sees its own windows: after the same audio in larger pieces it is as sure as before."""
    speech = recorded(FIXTURES / "speech.wav")[: 160 * 200]
    in_frames = _follow(silero, speech)
    pieces = [detectors(Vad.SILERO)().probability(speech[:length]) for length in (8000, 16000, 32000)]
    assert pieces == [in_frames[length // 160 - 1] for length in (8000, 16000, 32000)]
