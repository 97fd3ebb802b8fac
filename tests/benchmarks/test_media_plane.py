"""A smoke test of the media plane benchmark."""

from __future__ import annotations

import re

import pytest

from benchmarks.media_plane.__main__ import main


@pytest.mark.timeout(240)
def test_a_quick_run_measures_the_real_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Four calls for a moment: every frame arrives and no stream is lost; table and machine are printed."""
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "machine" in printed
    assert "silero" in printed
    # How many are held depends on what else the machine does; the benchmark's whole run judges that.
    assert re.search(r"held with silero: [04] calls", printed)
