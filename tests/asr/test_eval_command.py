"""`voicebot asr-eval` as an operator runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.asr.support import FIXTURES, SENTENCES
from voicebot.cli import app
from voicebot.errors import ConfigError


def test_recordings_of_ones_own_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sentences, one with a wrong digit in the manifest: one of thirteen words is wrong, and it is listed."""
    monkeypatch.setenv("VOICEBOT_ASR_MODEL", "demo")
    lines = ["file\tvoice\tnoise\tclass\ttext", f"hours.wav\tanna\tclean\thours\t{SENTENCES['hours']}"]
    lines.append("number.wav\tanna\tclean\tnumber\tMy order number is 4520.")
    (tmp_path / "manifest.tsv").write_text("\n".join(lines) + "\n")
    for name in ("hours", "number"):
        shutil.copy(FIXTURES / f"{name}.wav", tmp_path)
    outcome = CliRunner().invoke(app, ["asr-eval", str(tmp_path), "--noise-minutes", "0.1", "--wrong"])
    assert outcome.exit_code == 0, outcome.output
    assert "demo model" in outcome.output
    assert f"anna clean: My order number is 4520. -> {SENTENCES['number']}" in outcome.output
    assert any(line.split() == ["anna", "2", "50.0%", "7.7%", "0.0%"] for line in outcome.output.splitlines())
    assert "text where nobody spoke:" in outcome.output


def test_a_folder_without_a_manifest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what the folder must hold."""
    monkeypatch.setenv("VOICEBOT_ASR_MODEL", "demo")
    outcome = CliRunner().invoke(app, ["asr-eval", str(tmp_path)])
    assert isinstance(outcome.exception, ConfigError)
    assert "manifest.tsv" in str(outcome.exception)
