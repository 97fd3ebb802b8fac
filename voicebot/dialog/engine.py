"""The bot of a dialog file: starts conversations, and knows what can be said and who can be called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voicebot.dialog import routing
from voicebot.dialog.checks import says
from voicebot.dialog.conversation import FileConversation
from voicebot.dialog.schema import LookUpSource
from voicebot.dialog.script import Script
from voicebot.dialog.types import CrmPlan, Recollection, Target


class FileDialog:
    """A `Dialog` as its file describes it; shared by all calls, never changed.

    source: the text of the file.
    """

    def __init__(self, script: Script, source: str = "") -> None:
        self._script = script
        self.source = source
        self._targets = routing.targets(script.file.targets)

    @property
    def name(self) -> str:
        """The bot's name."""
        return self._script.file.name

    @property
    def language(self) -> str:
        """ISO 639-1 code of what is spoken."""
        return self._script.file.language

    @property
    def lookups(self) -> Mapping[str, LookUpSource]:
        """The sources of answers, as `voicebot.lookup.build` takes them."""
        return self._script.file.look_ups

    @property
    def private_slots(self) -> frozenset[str]:
        """Names of the slots whose values must not be kept."""
        return frozenset(name for name, slot in self._script.file.slots.items() if slot.private)

    @property
    def apology(self) -> str:
        """What is said when nothing else works."""
        return self._script.replies.render(self._script.file.says.apology, {})

    @property
    def targets(self) -> Mapping[str, Target]:
        """Everybody a call can be handed to, by name."""
        return self._targets

    @property
    def fallback(self) -> Target:
        """Who takes the call when the bot cannot."""
        return self._targets[self._script.file.handover.fallback]

    @property
    def crm(self) -> CrmPlan:
        """Which CRMs are told about the calls, and which values become properties there."""
        spec = self._script.file.crm
        return CrmPlan(
            tuple(dict.fromkeys(spec.targets)) if spec.targets is not None else None,
            {name: {"contact": fields.contact, "call": fields.call} for name, fields in spec.fields.items()},
        )

    def converse(self, caller: str, called: str, earlier: Recollection | None = None) -> FileConversation:
        """The conversation of a call between two numbers, going on from what was said `earlier`."""
        return FileConversation(self._script, caller, called, earlier)

    def fixed_lines(self) -> Sequence[str]:
        """Every sentence known before any call, in the order of the file, each once."""
        fixed = (text for source in self._spoken() for text in self._script.replies.fixed(source))
        return list(dict.fromkeys(text for text in fixed if text))

    def _spoken(self) -> Iterator[str]:
        file = self._script.file
        yield from (text for _, text in says(file))
        for slot in file.slots.values():
            yield from (slot.prompt, slot.reprompt, slot.unknown, slot.invalid)
        for intent in file.intents.values():
            yield from (answer.say for answer in intent.answer)
            yield from (text for text in (intent.not_found, intent.confirm) if text is not None)
