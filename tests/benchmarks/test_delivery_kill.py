"""The kill benchmark at a small size, and what it makes of what is left."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.delivery_kill.__main__ import page
from benchmarks.delivery_kill.storm import Outcome, Plan, storm

SOUND = Outcome(
    calls=9,
    refused=1,
    unheard=2,
    recorded=7,
    notes=Counter({1: 7}),
    strays=0,
    kills=Counter(web=1),
    lost=1,
    attempts=9,
    seconds=5.0,
)


@pytest.mark.redis
@pytest.mark.timeout(400)
def test_every_call_leaves_one_note_whatever_is_killed(tmp_path: Path) -> None:
    """Ten calls, each process killed once, the CRM away for a while: one note a call."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on PATH")
    outcome = asyncio.run(storm(tmp_path, Plan(calls=10, kills=3, callers=4, outage=2.0), print))
    assert outcome.sound, page(outcome)
    assert outcome.kills.total() == 3
    assert outcome.recorded + outcome.unheard == outcome.calls


@pytest.mark.parametrize(
    "broken",
    [
        replace(SOUND, notes=Counter({1: 6, 0: 1})),
        replace(SOUND, notes=Counter({1: 6, 2: 1})),
        replace(SOUND, strays=1),
        replace(SOUND, recorded=0, notes=Counter()),
    ],
    ids=["missing", "doubled", "stray", "nothing at all"],
)
def test_whatever_is_wrong_is_told(broken: Outcome) -> None:
    """A note too few, one too many, one about nobody, or no call at all is not called sound."""
    assert SOUND.sound
    assert not broken.sound
    assert "MISSING OR DOUBLED" in page(broken)
