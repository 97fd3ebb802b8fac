"""What a caller's sentence amounts to: the intent, yes or no, and what was turned down."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.dialog.intents import Match
from voicebot.dialog.script import Script
from voicebot.dialog.words import Words, split


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence understood.

    wanted: the intent asked for, if any; never one that says yes or no.
    agreed: True for yes, False for no, None when neither was said.
    confidence: of what counts: the intent, or else the yes or no.
    """

    words: Words
    wanted: Match | None
    agreed: bool | None
    confidence: float


def understand(script: Script, text: str) -> Heard:
    """The meaning of `text` by the rules of `script`.

    "No, where is my order?" wants the order, and says no; "don't transfer me" wants nothing, and says no.
    """
    words = split(text)
    yes, no = script.named("yes"), script.named("no")
    match = script.intents.find(words)
    agreed: bool | None = None
    lead = 0
    for names, value in ((yes, True), (no, False)):
        begins = script.intents.begins_with(words, names)
        if begins > lead:
            agreed, lead = value, begins
    if match is not None and match.intent in yes | no:
        if not lead:
            agreed = match.intent in yes
        rest = Words(words.tokens[lead:], words.clauses[lead:])
        further = script.intents.find(rest) if lead and rest.tokens else None
        if further is None or further.refused or further.intent in yes | no:
            return Heard(words, None, agreed, match.confidence)
        match = further
    if match is not None and match.refused:
        instead = script.intents.find(words.without_clause(match.clause))
        if instead is None or instead.refused or instead.intent in yes | no:
            return Heard(words, None, False, match.confidence)
        match, agreed = instead, False
    if match is not None:
        return Heard(words, match, agreed, match.confidence)
    return Heard(words, None, agreed, script.file.limits.threshold if agreed is not None else 0.0)
