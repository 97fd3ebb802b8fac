"""What a media process says of itself to those who send it calls."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from voicebot.runtime.capacity import Capacity
from voicebot.runtime.presence import Presence
from voicebot.settings import Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.records import Records
from voicebot.store.sessions import Node
from voicebot.testing.scripted import ScriptedRecognizer


def _announced(folder: Path, load: float, drain: bool = False) -> Node:
    """The node as others see it after its first announcement."""
    settings = Settings(data_dir=folder, node_name="media-1", asr_max_wait=1.0, max_calls=7)
    sessions = MemorySessions(600, 600)
    records = Records.open(settings.database)
    capacity = Capacity(settings.max_calls)
    capacity.take()
    if drain:
        capacity.drain()
    recognizer = ScriptedRecognizer()
    recognizer.load = load

    async def play() -> None:
        running = asyncio.create_task(Presence(settings, sessions, records, capacity, recognizer).run())
        async with asyncio.timeout(10):
            while not sessions.nodes():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        running.cancel()

    try:
        asyncio.run(play())
    finally:
        records.close()
    (node,) = sessions.nodes()
    return node


@pytest.mark.parametrize(
    ("load", "ready"),
    [(0.0, True), (1.0, True), (1.01, False), (math.inf, False)],
    ids=["idle", "busy", "late", "dead"],
)
def test_a_node_whose_recogniser_is_behind_takes_no_calls(tmp_path: Path, load: float, ready: bool) -> None:
    """Ready as long as a turn would be heard within VOICEBOT_ASR_MAX_WAIT; calls and room are told in any case."""
    node = _announced(tmp_path, load)
    assert (node.name, node.calls, node.capacity, node.ready) == ("media-1", 1, 7, ready)


def test_a_node_that_drains_takes_no_calls(tmp_path: Path) -> None:
    """Going away, it is not ready however idle it is."""
    assert not _announced(tmp_path, 0.0, drain=True).ready
