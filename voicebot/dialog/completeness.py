"""Whether what a caller said so far answers what is expected: decides how long a pause ends the turn."""

from __future__ import annotations

import re

from voicebot.dialog.hearing import Heard, understand
from voicebot.dialog.readings import NOTHING, Fit, Reading
from voicebot.dialog.script import Script
from voicebot.dialog.slots import SlotReader
from voicebot.dialog.state import Asked, Filling, State
from voicebot.dialog.types import Completeness
from voicebot.dialog.words import is_hum, is_noise, word_set

GREETING = 2
"""Words of small talk that are but an opening: after "good morning" comes what the call is about."""

_WORD = re.compile(r"[a-z']+$")
_INDIRECT = re.compile(r"\b(?:where|what|who|how)\s(?:\w+\s)+is\W*$")
_BEGINS = re.compile(
    r"\b(?:(?:can|could|do|does|did|will|would|are|is|have|has|may|shall|should|was) (?:i|you|we|they|he|she|it)"
    r"|tell me|let me|(?:and|but|because|that|if|when) (?:i|you|we|they|he|she|it)"
    r"|(?:i|we|they|you) (?:have|had|got|was|am|are|were|know|think|see|ordered|bought|received)"
    r"|(?:is|are|was|were|has|have|not|been|get|one|some|any))\W*$"
)
"""Ends of what has no meaning yet, after which something has to come."""

_ASKS = word_set("what where when how who which why")
_MORE_COMES = word_set(
    """a about an and as at because but by double er erm for from hmm i i'd i'm if in is it's its like my of on or
    so than thank that's the then to triple uh um when where which with would your"""
)
_WANTS = re.compile(
    r"\b(?:i|we|i'd|we'd|just|also) (?:want|wanted|need|needed|would|would like|like)(?: (?:to|two|too|2))?\W*$"
)
"""Wishes that have only begun; a last "to" is written "two" as often, as nobody halts after a number of things."""


def judge(script: Script, state: State, text: str) -> Completeness:
    """How complete `text` is in `state`."""
    filling = state.expected if isinstance(state.expected, Filling) else None
    reader = script.slots[filling.slot] if filling is not None else script.bare_slot
    reading = _number(reader, text, filling)
    if state.confirms and is_hum(text):
        return Completeness.COMPLETE
    if is_noise(text) and (filling is None or reading is None):
        return Completeness.NOTHING
    fit = reading.fit if reading is not None else None
    trailing = _trails_off(text) and not _asks_where(text)
    if reader is not None and reading is not None and fit is Fit.VALID and filling is not None and not trailing:
        return _grown(reader, reading)
    begun = reader is not None and fit is None and (reader.begun(text) or _announced(reader, text))
    if fit is Fit.SHORT or trailing or (begun and not _asks_where(text)):
        return Completeness.UNFINISHED
    heard = understand(script, text)
    if heard.wanted is not None:
        return _intent(script, state, heard, heard.wanted.intent, text)
    told = filling is not None and filling.kept.whole
    if heard.agreed is not None and (told or isinstance(state.expected, Asked)):
        return _wordy(heard, text)
    if fit is Fit.VALID and reader is not None and reading is not None:
        return _grown(reader, reading)
    return Completeness.UNFINISHED if _BEGINS.search(text.lower()) is not None else Completeness.OPEN


def _number(reader: SlotReader | None, text: str, filling: Filling | None) -> Reading | None:
    if reader is None:
        return None
    reading = reader.read(text, filling.kept if filling is not None else NOTHING)
    if reading is None or not (reading.cued or (filling is not None and len(reading.value) > 1)):
        return None
    return reading


def _announced(reader: SlotReader, text: str) -> bool:
    """Whether `text` ends in the letters that stand before the number: "it is O R D"."""
    letters = r"[\W_]*".join(map(re.escape, reader.slot.prefix.lower()))
    return bool(letters) and re.search(rf"\b{letters}\W*$", text.lower()) is not None


def _grown(reader: SlotReader, reading: Reading) -> Completeness:
    """A number as long as any may be is all of it; a shorter one that is allowed may be the beginning of one."""
    whole = reader.longest and len(reading.value) >= reader.longest
    return Completeness.ANSWERED if whole else Completeness.OPEN


def _wordy(heard: Heard, text: str) -> Completeness:
    """After a single word people halt and go on, "No. Thank you.": they do so up to 0.38 s, measured on voices of
    speech synthesis; after two or more words they have said it."""
    if len(heard.words.tokens) > 1:
        return Completeness.ANSWERED
    goes_on = text.rstrip().endswith(",") or heard.words.tokens[0] in _ASKS
    return Completeness.OPEN if goes_on else Completeness.COMPLETE


def _trails_off(text: str) -> bool:
    lowered = text.lower().replace("’", "'").rstrip()
    if lowered.endswith(("…", "...", "-")) or (lowered.endswith(",") and " " in lowered):
        # A list that goes on, or a sentence cut off, as recognisers write it.
        return True
    if _WANTS.search(lowered) is not None:
        return True
    last = _WORD.search(lowered.rstrip(" .,;:?!-…"))
    return last is not None and last.group() in _MORE_COMES


def _asks_where(text: str) -> bool:
    """Whether a last "is" ends a question: "I want to know where my order is"."""
    return _INDIRECT.search(text.lower()) is not None


def _intent(script: Script, state: State, heard: Heard, intent: str, text: str) -> Completeness:
    spec = script.file.intents[intent]
    if script.act(intent) == "thanks":
        # "Thank you" ends a call as often as it begins a sentence.
        return Completeness.COMPLETE
    if script.act(intent) == "answer" and spec.about is None:
        # "Let me look ..." is often followed by what was asked for, and "hello" by what the call is about.
        if isinstance(state.expected, Filling) or len(heard.words.tokens) <= GREETING:
            return Completeness.OPEN
        return _wordy(heard, text)
    whole = _wordy(heard, text)
    for slot in spec.slots:
        reading = script.slots[slot].read(text)
        if reading is not None and reading.fit is Fit.VALID:
            if _grown(script.slots[slot], reading) is Completeness.OPEN:
                whole = Completeness.OPEN
        elif slot not in state.slots:
            # Without the value it is asked for next, which suits callers who were about to tell it; after a mere
            # "my order" they more likely are.
            return Completeness.COMPLETE if len(heard.words.tokens) > GREETING else Completeness.OPEN
    return whole
