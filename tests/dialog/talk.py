"""A conversation with the demo bot in text: what the caller says, and what comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from voicebot.dialog import FileDialog, load
from voicebot.dialog.types import Comeback, LookUp, Move, Then
from voicebot.lookup import build

CONFIG = Path(__file__).parents[2] / "config"
DEMO: FileDialog = load(CONFIG / "dialog.yaml")


class Talk:
    """Drives one conversation; look-ups are answered from the demo's orders at once."""

    def __init__(self, comeback: Comeback | None = None, called: str = "+15550199") -> None:
        self.conversation = DEMO.converse("+15550100", called)
        self._lookups = build(DEMO.lookups, CONFIG)
        self.move = self.conversation.open(comeback)

    def say(self, text: str, confidence: float = 0.9) -> str:
        """The caller says `text`; what the bot answers."""
        return self._finish(self.conversation.hear(text, confidence))

    def press(self, keys: str) -> str:
        """The caller presses `keys`; what the bot answers."""
        return self._finish(self.conversation.press(keys))

    def silent(self) -> str:
        """The caller says nothing; what the bot says."""
        return self._finish(self.conversation.silent())

    @property
    def then(self) -> Then:
        """What follows the bot's last words."""
        return self.move.then

    def _finish(self, move: Move) -> str:
        said = [line.text for line in move.say]
        while isinstance(move.then, LookUp):
            move = self.conversation.looked_up(asyncio.run(self._lookups.ask(move.then.name, move.then.slots)))
            said += [line.text for line in move.say]
        self.move = move
        return " ".join(said)
