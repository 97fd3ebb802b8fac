"""Whether what a caller said so far answers what is expected: decides how long a pause ends the turn."""

from __future__ import annotations

import re

from voicebot.dialog.hearing import understand
from voicebot.dialog.script import Script
from voicebot.dialog.slots import Fit, SlotReader
from voicebot.dialog.state import Asked, Filling, State
from voicebot.dialog.types import Completeness
from voicebot.dialog.words import is_noise, word_set

_WORD = re.compile(r"[a-z']+$")
_INDIRECT = re.compile(r"\b(?:where|what|who|how)\s(?:\w+\s)+is\W*$")
_MORE_COMES = word_set(
    """a about an and as at because but by er erm for from hmm i i'd i'm if in is it's its like my of on or so than
    that's the then to uh um when where which with would your"""
)


def judge(script: Script, state: State, text: str) -> Completeness:
    """How complete `text` is in `state`."""
    if is_noise(text):
        return Completeness.NOTHING
    filling = state.expected if isinstance(state.expected, Filling) else None
    reader = script.slots[filling.slot] if filling is not None else script.bare_slot
    fit = _number(reader, text, filling)
    if fit is Fit.VALID and filling is not None:
        return Completeness.COMPLETE
    begun = reader is not None and fit is None and reader.begun(text)
    if fit is Fit.SHORT or ((begun or _trails_off(text)) and not _asks_where(text)):
        return Completeness.UNFINISHED
    heard = understand(script, text)
    if heard.wanted is not None:
        return _intent(script, state, heard.wanted.intent, text)
    if heard.agreed is not None and isinstance(state.expected, Asked):
        return Completeness.COMPLETE
    return Completeness.COMPLETE if fit is Fit.VALID else Completeness.OPEN


def _number(reader: SlotReader | None, text: str, filling: Filling | None) -> Fit | None:
    if reader is None:
        return None
    reading = reader.read(text, filling.kept if filling is not None else "")
    if reading is None or not (reading.cued or (filling is not None and len(reading.value) > 1)):
        return None
    return reading.fit


def _trails_off(text: str) -> bool:
    lowered = text.lower().replace("’", "'").rstrip(" .,;:-…")
    last = _WORD.search(lowered)
    return last is not None and last.group() in _MORE_COMES


def _asks_where(text: str) -> bool:
    """Whether a last "is" ends a question: "I want to know where my order is"."""
    return _INDIRECT.search(text.lower()) is not None


def _intent(script: Script, state: State, intent: str, text: str) -> Completeness:
    if script.act(intent) == "thanks":
        return Completeness.OPEN
    small_talk = script.act(intent) == "answer" and script.file.intents[intent].about is None
    if small_talk and isinstance(state.expected, Filling):
        # "Let me look ..." is often followed by what was asked for.
        return Completeness.OPEN
    for slot in script.file.intents[intent].slots:
        reading = script.slots[slot].read(text)
        known = slot in state.slots or (reading is not None and reading.fit is Fit.VALID)
        if not known:
            return Completeness.OPEN
    return Completeness.COMPLETE
