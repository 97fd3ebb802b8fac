"""A dialog file made ready for conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicebot.dialog.intents import Intents
from voicebot.dialog.replies import Replies
from voicebot.dialog.routing import Router
from voicebot.dialog.schema import Act, DialogFile
from voicebot.dialog.slots import SlotReader

RESERVED = ("name", "caller", "called", "summary", "intent", "reason", "so_far", "heard")

CUSTOMER_NAME = "customer_name"
"""What the whisper calls the caller's name: that of the slot of this name, else as the CRM has it."""

"""Template variables that are not slots or values of a look-up."""


@dataclass(frozen=True, slots=True)
class Script:
    """The checked file with its templates, phrases and slots compiled; shared by all calls."""

    file: DialogFile
    replies: Replies
    intents: Intents
    slots: Mapping[str, SlotReader]
    router: Router

    def act(self, intent: str) -> Act:
        """What the intent does."""
        return self.file.intents[intent].act

    def named(self, *acts: Act) -> frozenset[str]:
        """The intents that do one of `acts`."""
        return frozenset(name for name, intent in self.file.intents.items() if intent.act in acts)

    def slots_of(self, intent: str) -> Sequence[str]:
        """The slots whose values may come along with the intent."""
        callback = self.file.handover.callback
        if callback is not None and self.act(intent) == "callback":
            return (callback.slot,)
        return self.file.intents[intent].slots

    def is_small_talk(self, intent: str) -> bool:
        """Whether the intent is answered without being what a call is about."""
        spec = self.file.intents[intent]
        return spec.act == "answer" and spec.about is None

    @property
    def bare_slot(self) -> SlotReader | None:
        """The slot whose value stands for an intent when it comes alone."""
        return next((reader for reader in self.slots.values() if reader.slot.means is not None), None)
