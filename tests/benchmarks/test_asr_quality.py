"""The telephone scorecard on the demo model."""

from __future__ import annotations

import pytest

from benchmarks.asr_quality.__main__ import main


def test_the_scorecard_has_a_line_for_each_noise(capsys: pytest.CaptureFixture[str]) -> None:
    """One voice, the built-in model: three noises and the total; what is not there is left out."""
    assert main(["--quick", "--models", "demo", "/nowhere/model"]) == 0
    captured = capsys.readouterr()
    lines = [line.split() for line in captured.out.splitlines() if line.strip().startswith("demo")]
    assert [line[2] for line in lines] == ["clean", "20", "10", "all"]
    assert [int(line[3]) for line in lines] == [14, 14, 14, 42]
    clean = lines[0]
    assert float(clean[4]) >= 60
    assert float(clean[5]) <= 30
    assert "/nowhere/model" in captured.err
