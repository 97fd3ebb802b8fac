from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.tts.listening import hear
from tests.tts.piper_package import CONFIG, VOICE
from voicebot.audio import Pcm, seconds
from voicebot.audio.level import speech_dbfs
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.piper import DEFAULT_VOICE, PiperSynthesizer

MODEL = Path(__file__).parent / "fixtures" / "tones.onnx"
"""A model with Piper's inputs and output: 1024 samples of a tone at 22050 Hz for each id; 300 Hz, 600 Hz for
speaker 1."""

LETTERS = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'0123456789"


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the default voice in it; the package is the real one where that is installed."""
    if importlib.util.find_spec("piper") is None:
        package = tmp_path / "site" / "piper"
        package.mkdir(parents=True)
        (package / "config.py").write_text(CONFIG)
        (package / "voice.py").write_text(VOICE)
        (package / "__init__.py").write_text("from .voice import PiperVoice, SynthesisConfig\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
    folder = tmp_path / "voices"
    folder.mkdir()
    _put(folder, DEFAULT_VOICE)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "piper"]:
        del sys.modules[name]


def _put(folder: Path, name: str, rate: int = 22050, language: str = "en-us") -> Path:
    config = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": language},
        "phoneme_type": "text",
        "num_symbols": 256,
        "num_speakers": 2,
        "speaker_id_map": {"low": 0, "high": 1},
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2]} | {c: [3 + i] for i, c in enumerate(LETTERS)},
    }
    shutil.copy(MODEL, folder / f"{name}.onnx")
    (folder / f"{name}.onnx.json").write_text(json.dumps(config))
    return folder / f"{name}.onnx"


def _hertz(pcm: Pcm) -> float:
    return float(np.abs(np.fft.rfft(pcm)).argmax() * 8000 / len(pcm))


def test_a_voice_by_name_speaks_at_telephone_rate_and_level(voices: Path) -> None:
    """Without a name the default voice is taken from the folder of voices."""
    voice = PiperSynthesizer("", voices)
    pcm = asyncio.run(hear(voice.stream("Hello there.")))
    ids = 2 * len("Hello there.") + 1
    assert seconds(pcm) == pytest.approx(ids * 1024 / 22050, abs=0.12)
    assert speech_dbfs(pcm) == pytest.approx(-20, abs=0.3)
    assert _hertz(pcm) == pytest.approx(300, abs=3)
    assert voice.description == f"piper {DEFAULT_VOICE} on cpu"
    assert voice.language == "en-us"


def test_a_voice_is_given_by_path(voices: Path, tmp_path: Path) -> None:
    """An `.onnx` file anywhere speaks, at whatever rate its configuration says."""
    path = _put(tmp_path, "mine", rate=16000)
    pcm = asyncio.run(hear(PiperSynthesizer(str(path), voices).stream("Hello")))
    assert seconds(pcm) == pytest.approx((2 * len("Hello") + 1) * 1024 / 16000, abs=0.2)


def test_a_speaker_is_chosen_by_name_or_number(voices: Path) -> None:
    """Another speaker is another sound, and another key in the cache."""
    plain, named, numbered = (PiperSynthesizer(DEFAULT_VOICE + tail, voices) for tail in ("", "#high", "#1"))
    for voice in (named, numbered):
        assert _hertz(asyncio.run(hear(voice.stream("Hello there")))) == pytest.approx(600, abs=3)
    assert named.key == numbered.key != plain.key
    with pytest.raises(ModelUnavailable, match="no speaker eve; its speakers are low, high"):
        PiperSynthesizer(f"{DEFAULT_VOICE}#eve", voices)


def test_the_key_follows_the_files(voices: Path) -> None:
    """A voice file that was replaced is another sound, though it has the same name."""
    before = PiperSynthesizer("", voices).key
    _put(voices, DEFAULT_VOICE, rate=16000)
    assert PiperSynthesizer("", voices).key != before


def test_sentences_are_spoken_one_by_one(voices: Path) -> None:
    """The first sentence is heard before the last is made."""

    async def speak() -> None:
        voice = PiperSynthesizer("", voices)
        stream = voice.stream("First one. " + "Then a very long one. " * 10)
        assert len(await anext(stream))
        await stream.aclose()
        assert len(await hear(voice.stream("And another.")))

    asyncio.run(speak())


def test_a_sentence_nobody_hears_any_more_is_broken_off(voices: Path) -> None:
    """Barge-in ends the inference itself, so that the next sentence need not wait for it."""
    voice = PiperSynthesizer("", voices)
    brakes: list[object] = []
    session = voice._model.session
    entered, leave = asyncio.Event(), asyncio.Event()

    async def speak() -> None:
        loop = asyncio.get_running_loop()
        run = session.run

        def watched(names: list[str] | None, feeds: dict[str, object]) -> object:
            brakes.append(session.brake)
            loop.call_soon_threadsafe(entered.set)
            asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(5)
            return run(names, feeds)

        session.run = watched  # type: ignore[method-assign]
        speaking = asyncio.create_task(hear(voice.stream("Nobody hears this.")))
        await entered.wait()
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        leave.set()
        assert len(await hear(voice.stream("Hello.")))

    asyncio.run(speak())
    assert [brake.terminate for brake in brakes] == [True, False]  # type: ignore[attr-defined]


def test_a_failing_sentence_is_our_error_without_its_words(voices: Path) -> None:
    """What the model raises becomes SynthesizerError, whose text does not repeat what was to be said."""
    voice = PiperSynthesizer("", voices)
    voice._model.voice.config.phoneme_id_map = 5
    with pytest.raises(SynthesizerError, match="failed on a sentence") as failed:
        asyncio.run(hear(voice.stream("Secret words")))
    assert "Secret" not in str(failed.value)


def test_a_voice_that_is_not_there_says_how_to_get_it(voices: Path, tmp_path: Path) -> None:
    """The message names the setting and the command."""
    with pytest.raises(ModelUnavailable, match=r"VOICEBOT_VOICE_NAME=de_DE-x-low: .*get de_DE-x-low`"):
        PiperSynthesizer("de_DE-x-low", voices)
    with pytest.raises(ModelUnavailable, match="names look like en_US-lessac-medium"):
        PiperSynthesizer("lessac", voices)
    with pytest.raises(ModelUnavailable, match="there is no such file"):
        PiperSynthesizer(str(tmp_path / "no.onnx"), voices)
    path = _put(tmp_path, "half")
    path.with_name("half.onnx.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"half\.onnx\.json is missing beside half\.onnx"):
        PiperSynthesizer(str(path), voices)


def test_a_broken_file_is_explained(voices: Path, tmp_path: Path) -> None:
    """A file cut short by a lost download is a message, not a traceback."""
    path = _put(tmp_path, "cut")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelUnavailable, match="check that both files are whole"):
        PiperSynthesizer(str(path), voices)


def test_a_missing_package_says_what_to_install(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra's package the message is the command that installs it."""
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(ModelUnavailable, match=r"pip install -r requirements-piper\.txt"):
        PiperSynthesizer("", voices)
