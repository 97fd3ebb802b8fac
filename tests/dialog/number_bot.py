"""A bot that wants one value and knows which there are: for testing how the value is got."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from voicebot.dialog import FileConversation
from voicebot.dialog.checks import compile_script
from voicebot.dialog.engine import FileDialog
from voicebot.dialog.schema import DialogFile
from voicebot.dialog.types import LookUp, LookUpResult, Transfer

SLOT: dict[str, Any] = {
    "cues": ["code"],
    "prompt": "Which?",
    "reprompt": "Again, please.",
    "rest": "So far {{ so_far | spell }}.",
    "invalid": "Wrong: {{ heard | spell }}.",
    "read_back": "Is it {{ heard | groups }}?",
    "unknown": "Never mind.",
    "retries": 3,
}
SAYS: dict[str, Any] = {
    "greeting": "Hello.",
    "anything_else": "More?",
    "go_on": "What?",
    "welcome": "Welcome.",
    "goodbye": "Bye.",
    "still_there": ["There?"],
    "not_understood": ["Pardon."],
    "offer_person": "A person?",
    "offer_declined": "All right.",
    "try_again": "Once more?",
    "transferring": "Connecting.",
    "wrong_key": "No such key.",
    "filler": "One moment.",
    "apology": "Sorry.",
    "too_long": "Too long.",
    "comeback": {"no_answer": "No.", "busy": "No.", "declined": "No.", "failed": "No."},
}


def dialog(slot: Mapping[str, Any], look_up: bool = True) -> FileDialog:
    """The bot of a slot with these keys; look_up: whether its intent asks a source by it."""
    file = DialogFile.model_validate(
        {
            "name": "Bot",
            "says": SAYS,
            "slots": {"code": SLOT | dict(slot)},
            "look_ups": {"codes": {"url": "https://shop.example/{code}", "gives": ["status"]}},
            "intents": {
                "ask": {
                    "phrases": ["where is my parcel", "where is parcel {code}"],
                    "slots": ["code"],
                    "answer": "It is {{ code | spell }}.",
                    **({"look_up": "codes", "not_found": "No {{ code | spell }}."} if look_up else {}),
                },
                "person": {"act": "transfer", "phrases": ["agent"]},
                "affirm": {"act": "yes", "phrases": ["yes", "that's right"]},
                "deny": {"act": "no", "phrases": ["no", "that's wrong"]},
            },
            "targets": {"desk": {"kind": "user", "address": "desk"}},
            "handover": {
                "whisper": "Hm.",
                "wants_person": "Person.",
                "nothing_yet": "Nothing.",
                "fallback": "desk",
            },
        }
    )
    script = compile_script(file)
    assert not isinstance(script, list), script
    return FileDialog(script)


class NumberTalk:
    """A conversation with such a bot, which has been asked where the parcel is.

    known: the values that the look-up finds; asked: those it was asked for, in order.
    """

    def __init__(self, bot: FileDialog, known: Collection[str] = (), first: str = "where is my parcel") -> None:
        self.known = known
        self.asked: list[str] = []
        self.conversation: FileConversation = bot.converse("+15550100", "+15550199")
        self.conversation.open()
        self.transferred = False
        self.answer = self.say(first)

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
    def value(self) -> str | None:
        """The value as the conversation has it."""
        return self.conversation.meaning.slots.get("code")

    def _finish(self, move: Any) -> str:
        said = [line.text for line in move.say]
        while isinstance(move.then, LookUp):
            value = move.then.slots["code"]
            self.asked.append(value)
            move = self.conversation.looked_up(LookUpResult(value in self.known, {"status": "shipped"}))
            said += [line.text for line in move.say]
        self.transferred = isinstance(move.then, Transfer)
        self.answer = " ".join(said)
        return self.answer
