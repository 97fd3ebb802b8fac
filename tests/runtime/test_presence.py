"""What a media process says of itself to those who send it calls."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from voicebot.runtime import presence
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.presence import Presence
from voicebot.settings import Asr, Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.records import Records
from voicebot.store.sessions import Node
from voicebot.testing.scripted import ScriptedRecognizer


class _Heard(MemorySessions):
    """Remembers every announcement, and lets the test choose the load before the next."""

    def __init__(self, recognizer: ScriptedRecognizer, loads: Sequence[float]) -> None:
        super().__init__(600, 600)
        self._recognizer = recognizer
        self._loads = list(loads[1:])
        self.announced: list[Node] = []
        self.done = threading.Event()

    def announce(self, node: Node) -> None:
        self.announced.append(node)
        if self._loads:
            self._recognizer.load = self._loads.pop(0)
        else:
            self.done.set()


def _announced(
    folder: Path,
    loads: Sequence[float],
    drain: bool = False,
    calls: int = 1,
    give_up: float = 0.0,
    deaf: asyncio.Event | None = None,
    asr: Asr = Asr.LOCAL,
) -> list[Node]:
    """What is announced while the recogniser has these loads, one after the other."""
    settings = Settings(
        data_dir=folder,
        node_name="media-1",
        asr_max_wait=1.0,
        max_calls=7,
        asr_give_up=give_up,
        asr=asr,
        asr_url="http://127.0.0.1:8000/v1",
    )
    recognizer = ScriptedRecognizer()
    recognizer.load = loads[0]
    sessions = _Heard(recognizer, loads)
    records = Records.open(settings.database)
    capacity = Capacity(settings.max_calls)
    for _ in range(calls):
        capacity.take()
    if drain:
        capacity.drain()

    async def play() -> None:
        running = asyncio.create_task(Presence(settings, sessions, records, capacity, recognizer, deaf).run())
        assert await asyncio.to_thread(sessions.done.wait, 10)
        running.cancel()

    try:
        asyncio.run(play())
    finally:
        records.close()
    return sessions.announced[: len(loads)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announcements follow each other closely."""
    monkeypatch.setattr(presence, "ANNOUNCE_SECONDS", 0.001)


def test_a_node_says_who_and_how_full_it_is(tmp_path: Path) -> None:
    """Name, calls and room are told, and that it is ready."""
    (node,) = _announced(tmp_path, [0.0])
    assert (node.name, node.calls, node.capacity, node.ready) == ("media-1", 1, 7, True)


@pytest.mark.parametrize(
    ("loads", "ready"),
    [
        ([1.0, 1.0, 1.0, 1.0], "yyyy"),
        ([1.1, 1.1, 0.9, 1.1, 1.1], "yyyyy"),
        ([1.1, 1.1, 1.1, 1.1, 0.9, 1.1], "yynnyy"),
        ([0.0, math.inf, math.inf, 0.0], "ynny"),
    ],
    ids=["busy", "a slow batch", "behind", "broken"],
)
def test_a_node_whose_recogniser_stays_behind_takes_no_calls(
    tmp_path: Path, loads: list[float], ready: str
) -> None:
    """Three looks above VOICEBOT_ASR_MAX_WAIT running, or one at a broken engine; one good look ends it."""
    assert "".join("y" if node.ready else "n" for node in _announced(tmp_path, loads)) == ready


def test_a_node_that_drains_takes_no_calls(tmp_path: Path) -> None:
    """Going away, it is not ready however idle it is."""
    (node,) = _announced(tmp_path, [0.0], drain=True)
    assert not node.ready


@pytest.mark.parametrize(
    ("loads", "calls", "give_up", "ended"),
    [
        ([math.inf] * 6, 0, 0.005, True),
        ([7.0] * 8, 0, 0.005, True),
        ([math.inf] * 6, 1, 0.005, False),
        ([math.inf] * 6, 0, 0.02, False),
        ([math.inf, math.inf, math.inf, 0.0] * 3, 0, 0.005, False),
        ([math.inf] * 6, 0, 0.0, False),
    ],
    ids=["broken", "hung", "a call is left", "not long enough", "it came back", "never"],
)
def test_a_node_that_stays_deaf_without_a_call_gives_up(
    tmp_path: Path, loads: list[float], calls: int, give_up: float, ended: bool
) -> None:
    """Behind for VOICEBOT_ASR_GIVE_UP running, and nobody there whose audio could be the reason."""
    deaf = asyncio.Event()
    _announced(tmp_path, [*loads, loads[-1]], calls=calls, give_up=give_up, deaf=deaf)
    assert deaf.is_set() is ended


def test_a_node_does_not_give_up_over_a_server_that_is_away(tmp_path: Path) -> None:
    """Starting this process anew would not bring back a server that hears for it."""
    deaf = asyncio.Event()
    _announced(tmp_path, [math.inf] * 8, calls=0, give_up=0.005, deaf=deaf, asr=Asr.OPENAI)
    assert not deaf.is_set()
