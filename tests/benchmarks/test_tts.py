"""A smoke test of the voice benchmark."""

from __future__ import annotations

import pytest

from benchmarks.tts.__main__ import main


def test_a_short_run_measures_the_offline_voice(capsys: pytest.CaptureFixture[str]) -> None:
    """One round with espeak-ng: every column has a figure, and the goals are judged."""
    assert main(["--rounds", "1", "--engine", "espeak"]) in (0, 1)
    printed = capsys.readouterr().out
    assert "machine" in printed
    assert "espeak-ng" in printed
    assert "known reply from disk" in printed
    assert "nan" not in printed
