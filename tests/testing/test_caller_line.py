"""What the telephone line does to a caller's voice."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.testing.bot import tone
from voicebot.audio import SAMPLE_RATE, silence
from voicebot.errors import ConfigError
from voicebot.testing.caller_line import Noise, recorded, telephone, trimmed


def rms(pcm: np.typing.NDArray[np.int16]) -> float:
    return float(np.sqrt((pcm.astype(float) ** 2).mean()))


def test_the_telephone_band_is_kept_and_the_rest_lost() -> None:
    """A tone inside the band passes, hum below it does not; as many samples come out as went in."""
    assert abs(rms(telephone(tone(0.5, 1000))) / rms(tone(0.5, 1000)) - 1) < 0.05
    assert rms(telephone(tone(0.5, 50))) / rms(tone(0.5, 50)) < 0.1
    assert len(telephone(tone(0.01))) == 80
    assert len(telephone(silence(0))) == 0


def test_silence_around_speech_is_cut() -> None:
    """What a person says begins and ends with sound."""
    pcm = np.concatenate((silence(0.3), tone(0.2), silence(0.1), tone(0.2), silence(0.5)))
    assert abs(len(trimmed(pcm)) - 0.5 * SAMPLE_RATE) < 10
    assert len(trimmed(silence(1.0))) == 0


def test_files_of_any_rate_are_played(tmp_path: Path) -> None:
    """A stereo file at 44.1 kHz comes out as its first channel at 8 kHz."""
    path = tmp_path / "x.wav"
    times = np.arange(44100) / 44100
    left = (8000 * np.sin(2 * np.pi * 1000 * times)).astype(np.int16)
    soundfile.write(path, np.stack((left, np.zeros_like(left)), axis=1), 44100)
    pcm = recorded(path)
    assert abs(len(pcm) - SAMPLE_RATE) < 20
    assert abs(np.argmax(np.abs(np.fft.rfft(pcm))) * SAMPLE_RATE / len(pcm) - 1000) < 5


def test_files_that_are_no_audio_are_named(tmp_path: Path) -> None:
    """A missing file, a folder, a text and a silent recording each say what is wrong."""
    with pytest.raises(ConfigError, match=r"nowhere\.wav: cannot be read as audio: No such file"):
        recorded(tmp_path / "nowhere.wav")
    with pytest.raises(ConfigError, match="cannot be read as audio: Is a directory"):
        recorded(tmp_path)
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(ConfigError, match=r"text\.wav: cannot be read as audio: Format not recognised"):
        recorded(tmp_path / "text.wav")
    soundfile.write(tmp_path / "quiet.wav", silence(1.0), SAMPLE_RATE)
    with pytest.raises(ConfigError, match="no sound"):
        recorded(tmp_path / "quiet.wav")


def test_noise_has_its_level_and_repeats() -> None:
    """The same seed gives the same noise, at the level asked for."""
    first, second = (Noise(-40.0, seed=7).over(silence(1.0)) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert abs(20 * np.log10(rms(first) / 32768) + 40) < 0.5
