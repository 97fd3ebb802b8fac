"""What a voice over the bot's own is: words for it, or something that must not stop it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.asr.port import Transcript
from voicebot.call.record import TurnEnd
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Completeness

ECHO = 0.75
"""Share of the words, in order, that are our own when the text is what the recogniser made of our echo."""

MANY = 3
"""Words from which not all need to be our own: an echo is faint, and some of it is misheard."""

WELL_HEARD = 0.65
"""Confidence (0..1) from which words count whatever they are. What the demo model makes of "mhm", a cough or one
voice of a babble has up to 0.62; of callers 5 dB above a babble, 0.72 and more wherever the words are right."""

BRIEF = 0.8
"""Seconds of voice below which nobody has said a sentence: a "mhm" has up to 0.66."""

SOUND = 0.16
"""Seconds of voice below which it is hardly a word, however sure the recogniser is of one."""

_WORD = re.compile(r"[a-z0-9']+")


@dataclass(frozen=True, slots=True)
class Over:
    """What a voice spoke into.

    spoken: what the caller could hear of us just then; "" when we were silent.
    listening: whether we were speaking, and had asked nothing that this may answer.
    voiced: seconds of the voice.
    """

    spoken: str
    listening: bool
    voiced: float


def senseless(text: str, completeness: Completeness, confidence: float) -> bool:
    """Whether `text` means nothing here and was heard badly too: what makes sense or is clear always counts."""
    makes_sense = completeness in (Completeness.ANSWERED, Completeness.COMPLETE)
    return bool(text) and not makes_sense and confidence < WELL_HEARD


def aside(conversation: Conversation, heard: Transcript, completeness: Completeness, over: Over) -> TurnEnd | None:
    """Why what was heard is nothing to stop for, or None where it is."""
    text = heard.text
    if completeness is Completeness.NOTHING:
        return TurnEnd.NOTHING
    makes_sense = completeness in (Completeness.ANSWERED, Completeness.COMPLETE)
    if over.spoken and echoes(text, over.spoken) and not (makes_sense and len(_WORD.findall(text)) == 1):
        # A single word of ours, such as "no", may as well be the caller's, if it makes sense from him.
        return TurnEnd.ECHO
    if over.listening and conversation.acknowledges(text):
        return TurnEnd.NOD
    if over.listening and over.voiced < BRIEF:
        # As likely a cough or a "mhm"; who meant something says it again, or goes on.
        confidence = heard.confidence if over.voiced >= SOUND else 0.0
        return TurnEnd.NOTHING if senseless(text, completeness, confidence) else None
    return None


def echoes(text: str, spoken: str) -> bool:
    """Whether `text` is part of `spoken`, as a recogniser may write it: numbers run together, some words wrong."""
    said, ours = _WORD.findall(text.lower()), _WORD.findall(spoken.lower())
    if not said:
        return False
    if any(ours[at : at + len(said)] == said for at in range(len(ours))):
        return True
    joined = "".join(said)
    if joined.isdigit() and len(joined) > 1 and joined in "".join(ours):
        return True
    return len(said) >= MANY and _common(said, ours) >= ECHO * len(said)


def _common(said: list[str], ours: list[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(ours) + 1)
    for word in said:
        before = 0
        for at, own in enumerate(ours, 1):
            above = row[at]
            row[at] = before + 1 if word == own else max(above, row[at - 1])
            before = above
    return row[-1]
