"""A call to the demo shop, recorded by the real server with fakes for the engines."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tests.runtime.house import calling, house, until
from voicebot.asr.port import Transcript
from voicebot.dialog import load
from voicebot.dialog.types import LookUpResult
from voicebot.testing.scripted import ScriptedRecognizer

DEMO = Path(__file__).parents[2] / "config" / "dialog.yaml"
FOUND = LookUpResult(True, {"status": "waiting in Narvik", "items": "one sledge", "arrives": "in spring"})


class Orders:
    """Knows one order, which no file tells of."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []

    async def ask(self, name: str, slots: Mapping[str, str]) -> LookUpResult:
        self.asked.append(dict(slots))
        return FOUND

    async def aclose(self) -> None:
        return None


def bot(folder: Path) -> Path:
    """The demo's dialog file, in a folder of its own."""
    path = folder / "bot.yaml"
    path.write_text(DEMO.read_text())
    return path


async def _record(folder: Path) -> Path:
    said = ["where is order 1234", "goodbye"]
    replies = [Transcript(text, 0.93, decode_seconds=0.01) for text in said]
    dialog = load(bot(folder))
    recognizer = ScriptedRecognizer(replies)
    async with house(
        folder, recognizer=recognizer, dialog=dialog, lookups=Orders(), record_inputs=True
    ) as running:
        async with calling(running) as caller:
            await until(caller.audible)
            await caller.speak()
            await caller.speak()
            await until(caller.disconnected)
        tapes = running.services.tapes
        assert tapes is not None
        assert await asyncio.to_thread(tapes.close, 5.0)
    (path,) = (folder / "inputs").iterdir()
    return path


def record(folder: Path) -> Path:
    """Call the demo shop, ask for order 1234, say goodbye; the recording of it."""
    return asyncio.run(_record(folder))
