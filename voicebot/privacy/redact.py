"""Takes personal data out of everything that is kept of a call, before it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from voicebot.call.record import EndEntry, Entry, Speaker, TurnEntry
from voicebot.privacy.find import LONG, find
from voicebot.privacy.marks import Mark

OUR_WORDS = frozenset({Mark.CARD, Mark.IBAN, Mark.NATIONAL_ID})
"""What is taken out of the bot's own sentences: a shop may say its own number and address."""


class Redactor:
    """Replaces the kinds of personal data in `marks` by their mark.

    private: names of the slots whose values are not kept at all.
    """

    def __init__(self, marks: Collection[Mark], private: Collection[str] = ()) -> None:
        self._marks = frozenset(marks)
        self._private = frozenset(private)

    def text(self, text: str, slots: Mapping[str, str] | None = None) -> str:
        """`text` without personal data; values of `slots` are what the call is about and stay."""
        return self._clean(text, self._marks, slots or {})

    def slots(self, slots: Mapping[str, str]) -> dict[str, str]:
        """`slots` without the values of private ones."""
        return {name: self._value(name, value) for name, value in slots.items()}

    def entry(self, entry: Entry) -> Entry:
        """`entry` as it may be kept."""
        match entry:
            case TurnEntry(speaker=Speaker.BOT):
                return replace(entry, text=self._clean(entry.text, self._marks & OUR_WORDS, entry.slots))
            case TurnEntry():
                text = self._clean(entry.text, self._marks, entry.slots)
                keys = self._keys(entry.keys, entry.slots)
                return replace(entry, text=text, keys=keys, slots=self.slots(entry.slots))
            case EndEntry():
                summary = self._clean(entry.summary, self._marks, entry.slots)
                return replace(entry, summary=summary, slots=self.slots(entry.slots))
            case _:
                return entry

    def _clean(self, text: str, marks: Collection[Mark], slots: Mapping[str, str]) -> str:
        for name in self._private & slots.keys():
            text = text.replace(slots[name], f"[{name}]") if slots[name] else text
        open_values = [value for name, value in slots.items() if name not in self._private]
        for found in reversed(find(text, open_values) if marks else []):
            if found.mark in marks:
                text = f"{text[: found.start]}{found.mark}{text[found.end :]}"
        return text

    def _keys(self, keys: str, slots: Mapping[str, str]) -> str:
        """Keys of a menu stay; a number that was keyed stays if it was asked for."""
        digits = keys.strip("*#")
        kept = any(digits in value for name, value in slots.items() if name not in self._private)
        hidden = {name for name in self._private & slots.keys() if digits and digits in slots[name]}
        if hidden:
            return f"[{min(hidden)}]"
        if len(digits) < LONG or kept or Mark.NUMBER not in self._marks:
            return keys
        return str(Mark.NUMBER)

    def _value(self, name: str, value: str) -> str:
        return f"[{name}]" if name in self._private and value else value
