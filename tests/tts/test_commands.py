from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from tests.tts.hub import MODEL, VOICE, hub
from voicebot.audio.level import speech_dbfs
from voicebot.cli import app
from voicebot.errors import ModelUnavailable, VoicebotError
from voicebot.testing.speech_server import FakeSpeechServer, Fault


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of nobody, and a data folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_DATA_DIR", str(tmp_path / "data"))


def test_say_writes_what_a_caller_would_hear(tmp_path: Path) -> None:
    """A WAV of 8 kHz at telephone level, and how long it took."""
    result = CliRunner().invoke(app, ["say", "Hello there.", "--out", "x.wav"])
    assert result.exit_code == 0, result.output
    pcm, rate = soundfile.read(tmp_path / "x.wav", dtype="int16")
    assert rate == 8000
    assert -23 < speech_dbfs(pcm) < -19
    assert "first audio after" in result.output


def test_say_shows_how_a_text_is_read() -> None:
    """What the engine was given, in the way of its language: numbers and signs as they are spoken."""
    for name, spoken in (
        ("en-us", "Order O R D, 4 4 1 2 is 5 dollars on March 4th, 20 26. See our page."),
        ("en-gb", "Order O R D, 4 4 1 2 is 5 dollars on the 3rd of April 20 26. See our page."),
        ("de", "Order O R D, 4 4 1 2 is $5 on 03/04/2026. See our page."),
    ):
        text = "Order **ORD-4412** is $5 on 03/04/2026.\n- See [our page](https://x.example)."
        result = CliRunner().invoke(app, ["say", text, "--out", "x.wav", "--name", name])
        assert result.exit_code == 0, result.output
        assert result.output.splitlines()[-1] == f"spoken as: {spoken}"


def test_say_takes_another_engine_and_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--voice` leaves the configured engine's voice name behind; `--name` sets one."""
    monkeypatch.setenv("VOICEBOT_VOICE_NAME", "en-gb")
    with FakeSpeechServer() as server:
        monkeypatch.setenv("VOICEBOT_VOICE_URL", server.url)
        for more, voice in ([], "alloy"), (["--name", "echo"], "echo"):
            result = CliRunner().invoke(app, ["say", "Hello.", "--out", "x.wav", "--voice", "openai", *more])
            assert result.exit_code == 0, result.output
            assert server.asked[-1].body["voice"] == voice


def test_say_tells_what_is_wrong() -> None:
    """Nothing to say, and a file that cannot be written, are messages."""
    for arguments, message in (
        (["...", "--out", "x.wav"], "nothing to say"),
        (["<break/>", "--out", "x.wav"], "nothing to say"),
        (["Hello.", "--out", "/nowhere/x.wav"], "/nowhere/x.wav cannot be written (No such file or directory)"),
        (["Hello.", "--out", "."], "cannot be written (Is a directory)"),
        (["Hello.", "--out", "/dev/full"], "/dev/full cannot be written (No space left on device)"),
    ):
        result = CliRunner().invoke(app, ["say", *arguments])
        assert isinstance(result.exception, VoicebotError)
        assert message in str(result.exception)


def test_say_does_not_blame_the_text_for_an_engine_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends nothing but zeros is named."""
    with FakeSpeechServer() as server:
        server.fail(Fault.SILENCE)
        monkeypatch.setenv("VOICEBOT_VOICE_URL", server.url)
        result = CliRunner().invoke(app, ["say", "Hello.", "--out", "x.wav", "--voice", "openai"])
    assert "openai tts-1, voice alloy" in str(result.exception)
    assert "made silence of this text" in str(result.exception)


def test_voices_lists_every_engine() -> None:
    """What is here, what is not, and the command that mends it."""
    result = CliRunner().invoke(app, ["voices"])
    assert result.exit_code == 0
    for words in ("espeak  (configured)", "piper", "coqui", "openai", "voicebot voices get", "VOICEBOT_VOICE_URL"):
        assert words in result.output


def test_a_voice_is_offered_fetched_and_then_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the list of a server to a voice in the data folder."""
    with hub() as server:
        monkeypatch.setenv("VOICEBOT_VOICES_URL", server.url)
        assert VOICE in CliRunner().invoke(app, ["voices", "offers", "--language", "en"]).output
        none = CliRunner().invoke(app, ["voices", "offers", "--language", "de"])
        assert VOICE not in none.output
        assert "begins with de; there are en_US" in str(none.exception)
        result = CliRunner().invoke(app, ["voices", "get", VOICE])
        assert result.exit_code == 0, result.output
        assert f"VOICEBOT_VOICE=piper VOICEBOT_VOICE_NAME={VOICE}" in result.output
        refused = CliRunner().invoke(app, ["voices", "get", "en_US-other-low"])
        assert isinstance(refused.exception, ModelUnavailable)
        assert VOICE in str(refused.exception)
    assert (tmp_path / "data" / "voices" / f"{VOICE}.onnx").read_bytes() == MODEL
    assert VOICE in CliRunner().invoke(app, ["voices"]).output
