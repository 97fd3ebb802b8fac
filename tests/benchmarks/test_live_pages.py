"""The live pages benchmark at a small size."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.live_pages.measure import measure


@pytest.mark.timeout(240)
def test_pages_are_shown_what_happens_while_webhooks_are_answered(tmp_path: Path) -> None:
    """Three pages for a second: every request is answered, and turns reach the pages."""
    figures = asyncio.run(measure(tmp_path / "stand", pages=3, rate=10.0, seconds=2.0, happenings=10.0))
    assert figures.pushes > 3
    assert 0 < figures.shown_p50 <= figures.shown_p99
    assert 0 < figures.voice_p50 <= figures.voice_p99 <= figures.voice_most
