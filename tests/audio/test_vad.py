"""Both voice detectors on the same recorded sentence, on silence and on noise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.support import FIXTURES, noise, recorded
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm, silence
from voicebot.audio.vad import VoiceDetection, detection
from voicebot.settings import Vad

THRESHOLD = 0.6
"""The default of VOICEBOT_VAD_THRESHOLD."""

QUIET = 1.0
"""Seconds of silence before and after the sentence of the fixture."""


@pytest.fixture(params=list(Vad), ids=lambda kind: str(kind.value))
def detector(request: pytest.FixtureRequest) -> VoiceDetection:
    """Detection of either kind."""
    return detection(request.param)


@pytest.fixture
def silero() -> VoiceDetection:
    """The default."""
    return detection(Vad.SILERO)


def _frames(pcm: Pcm) -> list[Pcm]:
    return list(pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES))


def _follow(detector: VoiceDetection, pcm: Pcm) -> np.typing.NDArray[np.float64]:
    voice = detector.begin()
    return np.array([detector.probabilities([voice], [frame])[0] for frame in _frames(pcm)])


def test_a_spoken_sentence_is_voice(detector: VoiceDetection) -> None:
    """Most frames of the sentence are voice, and the silence around it is not."""
    found = _follow(detector, recorded(FIXTURES / "speech.wav")) > THRESHOLD
    before, after = int(QUIET / FRAME_SECONDS), int((QUIET - 0.3) / FRAME_SECONDS)
    assert found[before:-before].mean() > 0.8
    assert found[: before - 1].mean() < 0.05
    assert not found[-after:].any()


def test_speech_is_noticed_within_two_hundred_milliseconds(detector: VoiceDetection) -> None:
    """The caller who begins to speak is noticed soon enough to be let in."""
    found = _follow(detector, recorded(FIXTURES / "speech.wav")) > THRESHOLD
    assert abs(int(np.argmax(found)) * FRAME_SECONDS - QUIET) < 0.2


def test_silence_is_not_voice(detector: VoiceDetection) -> None:
    """Digital silence stays at the bottom."""
    assert _follow(detector, silence(2.0)).max() < 0.1


@pytest.mark.parametrize("amplitude", [30, 300, 3000])
def test_white_noise_is_not_voice_to_silero(silero: VoiceDetection, amplitude: float) -> None:
    """From a quiet line to a roaring one, noise alone does not begin a turn."""
    assert _follow(silero, noise(3.0, amplitude)).max() < THRESHOLD


def test_silero_hears_speech_through_noise(silero: VoiceDetection) -> None:
    """At about 10 dB signal to noise most of the sentence is still voice, and the noise around it is not."""
    pcm = recorded(FIXTURES / "speech.wav").astype(np.int32)
    spoken = pcm[int(QUIET * 8000) : -int(QUIET * 8000)]
    level = float(np.sqrt((spoken.astype(np.float64) ** 2).mean())) / 10**0.5
    noisy = np.clip(pcm + noise(len(pcm) / 8000, level), -32768, 32767).astype(np.int16)
    found = _follow(silero, noisy) > THRESHOLD
    quiet = int(QUIET / FRAME_SECONDS)
    assert found[quiet:-quiet].mean() > 0.7
    assert found[: quiet - 5].mean() < 0.1


def test_calls_do_not_hear_each_other(detector: VoiceDetection) -> None:
    """However many voices come and go, each is heard as if it were alone."""
    speech = recorded(FIXTURES / "speech.wav")
    kinds = [speech, np.ascontiguousarray(speech[::-1])]
    alone = [_follow(detector, pcm) for pcm in kinds]
    frames = [_frames(pcm) for pcm in kinds]
    # Ten voices begin three beats apart and end with their audio: rounds of every size, more than eight.
    begins = {detector.begin(): 3 * number for number in range(10)}
    heard: dict[int, list[float]] = {voice: [] for voice in begins}
    for at in range(len(frames[0]) + 27):
        speaking = [voice for voice, begin in begins.items() if begin <= at < begin + len(frames[0])]
        said = [frames[begins[voice] % 2][at - begins[voice]] for voice in speaking]
        for voice, probability in zip(speaking, detector.probabilities(speaking, said), strict=True):
            heard[voice].append(probability)
    for voice, found in heard.items():
        np.testing.assert_allclose(found, alone[begins[voice] % 2], atol=1e-5)


def test_a_new_voice_remembers_nothing_of_the_one_before(detector: VoiceDetection) -> None:
    """The place of a voice that ended is given to a new one, which is heard afresh."""
    speech = recorded(FIXTURES / "speech.wav")
    first = _follow(detector, speech)
    for _ in range(20):
        before = detector.begin()
        for frame in _frames(speech[8000:9000]):
            detector.probabilities([before], [frame])
        detector.end(before)
    assert (_follow(detector, speech) == first).all()


def test_no_voices_are_no_work(detector: VoiceDetection) -> None:
    """A beat without frames has no probabilities."""
    assert detector.probabilities([], []) == []
