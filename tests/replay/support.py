"""Recorded calls to the demo shop: by the real server with fakes for the engines, and in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.runtime.house import calling, house, until
from voicebot.asr.port import Speech, Transcript
from voicebot.call.actions import Action
from voicebot.call.call import Call
from voicebot.call.events import Event
from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog, load
from voicebot.dialog.load import compiled
from voicebot.dialog.types import LookUpResult, Surroundings
from voicebot.replay.header import Header, Source, telling
from voicebot.replay.tape import Tape, TapeRecorder
from voicebot.settings import Settings
from voicebot.testing.scripted import ScriptedRecognizer
from voicebot.testing.timeline import Answer, Timeline

DEMO = Path(__file__).parents[2] / "config" / "dialog.yaml"
FOUND = LookUpResult(True, {"status": "waiting in Narvik", "items": "one sledge", "arrives": "in spring"})
MORNING = datetime(2030, 1, 2, 15, 30, tzinfo=UTC)


class Orders:
    """Knows one order, which no file tells of. asked: whether anybody wanted to know."""

    def __init__(self) -> None:
        self.asked = False

    async def ask(self, name: str, slots: Mapping[str, str]) -> LookUpResult:
        self.asked = True
        return FOUND

    async def aclose(self) -> None:
        return None


def bot(folder: Path, change: Callable[[str], str] = lambda text: text) -> Path:
    """The demo's dialog file, changed, in a folder of its own."""
    path = folder / "bot.yaml"
    path.write_text(change(DEMO.read_text()))
    return path


def noticed(text: str) -> str:
    """The dialog with a word about the recording, without which the server records nothing."""
    return text.replace("says:\n", 'says:\n  notice: "This call is recorded."\n', 1)


@lru_cache
def _loaded(text: str) -> FileDialog:
    return FileDialog(compiled(Path("bot.yaml"), text), text)


async def _by_the_server(folder: Path) -> Path:
    orders = Orders()

    def hear(speech: Speech) -> Transcript:
        return Transcript("goodbye" if orders.asked else "where is order 1234", 0.93, decode_seconds=0.01)

    dialog, recognizer = load(bot(folder, noticed)), ScriptedRecognizer(hear)
    async with house(folder, recognizer=recognizer, dialog=dialog, lookups=orders, record_inputs=True) as running:
        async with calling(running) as caller:
            await until(caller.audible)
            async with asyncio.timeout(20):
                while not caller.disconnected.is_set():
                    await caller.speak()
        await running.server.drain()
        tapes = running.services.tapes
        assert tapes is not None
        assert await asyncio.to_thread(tapes.close, 5.0)
    (path,) = (folder / "inputs").iterdir()
    return path


def by_the_server(folder: Path) -> Path:
    """Call the demo shop, ask for order 1234, say goodbye; the recording of it."""
    return asyncio.run(_by_the_server(folder))


class TapedCall(Call):
    """A call that is recorded."""

    def __init__(self, tape: Tape, dialog: FileDialog, rules: Rules, around: Surroundings) -> None:
        super().__init__(dialog.converse("+15550100", "+15550199", None, tape.watched(around)), rules)
        self._tape = tape

    def on(self, event: Event, now: float) -> list[Action]:
        return self._tape.through(super().on, event, now)


def header(dialog: FileDialog, rules: Rules, around: Surroundings) -> Header:
    """What the recording of such a call begins with."""
    return Header(
        voicebot="0.0.0",
        began=MORNING,
        call_id="call-1",
        caller="+15550100",
        called="+15550199",
        gateway="jambonz",
        dialog=Source.of(dialog.name, "bot.yaml", dialog.source),
        rules=rules,
        lead=0.5,
        timed=around.now is not None,
        settings=telling(Settings()),
    )


def in_virtual_time(
    folder: Path,
    story: Callable[[Timeline], object],
    rules: Rules | None = None,
    change: Callable[[str], str] = lambda text: text,
    around: Surroundings | None = None,
) -> tuple[Path, Timeline]:
    """A call in which the caller does as in `story`, and its recording."""
    dialog, rules, around = _loaded(bot(folder, change).read_text()), rules or Rules(), around or Surroundings()
    line = Timeline(dialog.converse("+15550100", "+15550199"), rules, answers={"orders": Answer(FOUND)})
    recorder = TapeRecorder(folder / "inputs", timedelta(days=1))
    tape = recorder.begin(header(dialog, rules, around))
    line.call = TapedCall(tape, dialog, rules, around)
    story(line)
    line.run()
    tape.end()
    assert recorder.close(10.0)
    return tape.path, line


def lines(path: Path) -> list[Any]:
    """Every line of a recording."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def rewritten(path: Path, content: list[Any]) -> Path:
    """The recording with other lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in content))
    return path
