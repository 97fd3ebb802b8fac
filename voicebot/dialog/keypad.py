"""What pressed keys mean: 0 is a person, digits fill a slot, # ends a number, * says it again."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.dialog.schema import Act
from voicebot.dialog.script import Script
from voicebot.dialog.slots import SlotReader
from voicebot.dialog.state import Asked, Expected, Filling, Question, State
from voicebot.dialog.types import KeyState

PERSON, REPEAT, ENTER = "0", "*", "#"

INSTEAD: Mapping[str, Act] = {"1": "callback", "2": "voicemail", "3": "transfer"}
"""What keys choose when there is nobody to take the call."""


def slot_for_keys(script: Script, state: State) -> SlotReader | None:
    """The slot that keys would fill now: the one that is asked for, or one whose value may come unasked."""
    if isinstance(state.expected, Filling):
        reader = script.slots[state.expected.slot]
        return reader if reader.by_keypad else None
    if isinstance(state.expected, Asked) and state.expected.question is not Question.MORE:
        return None
    bare = script.bare_slot
    return bare if bare is not None and bare.by_keypad else None


def judge(script: Script, state: State, pressed: str) -> KeyState:
    """Whether `pressed` is an answer already. A lone 0 may begin a number only while a number is asked for."""
    reader = slot_for_keys(script, state)
    if reader is None or pressed == REPEAT or ENTER in pressed:
        return KeyState.DONE
    if pressed == PERSON and not isinstance(state.expected, Filling):
        return KeyState.DONE
    return KeyState.DONE if len(number(pressed)) >= reader.longest else KeyState.MORE


def completes(script: Script, expected: Expected, pressed: str) -> bool:
    """Whether the keys are the end of a number of which the caller has said the rest: a last 0 calls nobody."""
    if not isinstance(expected, Filling) or expected.kept.whole or not expected.kept.value:
        return False
    reader = script.slots[expected.slot]
    return reader.by_keypad and reader.valid(expected.kept.value + number(pressed))


def number(pressed: str) -> str:
    """The digits that count: those after the last *, up to the first # behind it."""
    return pressed.rsplit(REPEAT, 1)[-1].split(ENTER, 1)[0]
