"""The bot of a dialog file: starts conversations, and knows what can be said and who can be called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from voicebot.dialog import routing
from voicebot.dialog.checks import says
from voicebot.dialog.conversation import FileConversation
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.dialog.hours import waited_words
from voicebot.dialog.schema import LookUpSource
from voicebot.dialog.script import Script
from voicebot.dialog.targets import Target
from voicebot.dialog.types import NOWHERE, Recollection, Surroundings

WORTH_SAYING_SECONDS = 60.0
"""A shorter wait is not mentioned to the person who answers."""


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
    def notice(self) -> str | None:
        """What every caller is told before the greeting, such as that the call is recorded."""
        return self._script.file.says.notice

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
            {name: dict(properties) for name, properties in spec.customer.items()},
        )

    def converse(
        self, caller: str, called: str, earlier: Recollection | None = None, around: Surroundings = NOWHERE
    ) -> FileConversation:
        """The conversation of a call between two numbers, going on from what was said `earlier`."""
        return FileConversation(self._script, caller, called, earlier, around)

    def whisper(self, about: str, waited: float) -> str:
        """What is said to the person who answers: `about` the call, and how many seconds the caller `waited`."""
        if waited < WORTH_SAYING_SECONDS:
            return about
        told = self._script.replies.render(self._script.file.handover.waited, {"waited": waited_words(waited)})
        return f"{about} {told}".strip()

    @property
    def accept(self) -> str:
        """What that person is asked to press; "" where the caller is put through without asking."""
        return self._script.replies.render(self._script.file.handover.accept or "", {})

    def in_line(self, ahead: int, waited: float) -> str:
        """What a caller in a queue hears: how many are `ahead`, and for how many seconds they have `waited`."""
        values = {"place": str(ahead + 1), "ahead": str(ahead), "waited": waited_words(waited)}
        return self._script.replies.render(self._script.file.handover.in_line, values)

    def who_takes_what(self, now: datetime) -> list[str]:
        """The routing in words, one line a rule, as it is at `now` (aware)."""
        return self._script.router.explain(now)

    def fixed_lines(self) -> Sequence[str]:
        """Every sentence known before any call, in the order of the file, each once."""
        fixed = (text for source in self._spoken() for text in self._script.replies.fixed(source))
        return list(dict.fromkeys(text for text in fixed if text))

    def _spoken(self) -> Iterator[str]:
        file = self._script.file
        yield from (text for _, text in says(file))
        for slot in file.slots.values():
            yield from (slot.prompt, slot.reprompt, slot.unknown, slot.invalid)
            yield from (text for text in (slot.rest, slot.read_back) if text is not None)
        for intent in file.intents.values():
            yield from (answer.say for answer in intent.answer)
            yield from (text for text in (intent.not_found, intent.confirm) if text is not None)
        handover = file.handover
        yield from (text for text in (handover.closed, handover.absent, handover.instead) if text is not None)
        if handover.callback is not None:
            yield from (handover.callback.confirm, handover.callback.done)
        if handover.voicemail is not None:
            yield from (handover.voicemail.prompt, handover.voicemail.done)
