"""A smoke test of the media plane benchmark."""

from __future__ import annotations

import pytest

from benchmarks.media_plane.__main__ import main


def test_a_quick_run_measures_the_real_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Four calls for a moment: every frame arrives, nothing is dropped, the table and the machine are printed."""
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "machine" in printed
    assert "silero" in printed
    assert "held with silero: 4 calls" in printed
