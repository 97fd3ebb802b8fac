"""Takes personal data out of everything that is kept of a call, before it is kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from voicebot.call.record import EndEntry, Entry, Speaker, TurnEntry
from voicebot.dialog import numbers
from voicebot.privacy.find import LONG, find
from voicebot.privacy.marks import Mark

OUR_WORDS = frozenset({Mark.CARD, Mark.IBAN, Mark.NATIONAL_ID})
"""What is taken out of the bot's own sentences: a shop may say its own number and address."""

HIDDEN = "[private]"
"""What stands for anything said or keyed while a private value is asked for."""

_LETTER = re.compile(r"\b[b-hj-z]\b", re.IGNORECASE)


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
        """`slots` without the values of private ones; sentences without what is personal in them."""
        return {name: self._value(name, value) for name, value in slots.items()}

    def secrets(self, slots: Mapping[str, str]) -> set[str]:
        """The values of private ones among `slots`, letters and digits only."""
        values = ("".join(filter(str.isalnum, slots[name])) for name in self._private & slots.keys())
        return {value.lower() for value in values if value}

    def taken(self, turn: TurnEntry) -> set[str]:
        """The numbers of four digits and more that are taken out of a caller's turn, as they may be read."""
        spans = [one for one in find(turn.text, self.open(turn.slots)) if one.mark in self._marks]
        read = {
            reading
            for run in numbers.runs(turn.text)
            if any(one.start < run.end and run.start < one.end for one in spans)
            for reading in run.readings
        }
        if turn.keys != self._keys(turn.keys, turn.slots):
            read.add(turn.keys.strip("*#"))
        return {digits for digits in read if len(digits) >= LONG}

    def open(self, slots: Mapping[str, str]) -> list[str]:
        """The values that are what the call is about, and stay; whole sentences are like any other."""
        return [value for name, value in slots.items() if name not in self._private and not _is_sentence(value)]

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
        for found in reversed(find(text, self.open(slots)) if marks else []):
            if found.mark in marks:
                text = f"{text[: found.start]}{found.mark}{text[found.end :]}"
        return text

    def _keys(self, keys: str, slots: Mapping[str, str]) -> str:
        """Keys of a menu stay; a number that was keyed stays if it was asked for."""
        digits = keys.strip("*#")
        kept = any(digits in value for value in self.open(slots))
        hidden = {name for name in self._private & slots.keys() if digits and digits in slots[name]}
        if hidden:
            return f"[{min(hidden)}]"
        if len(digits) < LONG or kept or Mark.NUMBER not in self._marks:
            return keys
        return str(Mark.NUMBER)

    def _value(self, name: str, value: str) -> str:
        if name in self._private and value:
            return f"[{name}]"
        return self._clean(value, self._marks, {}) if _is_sentence(value) else value


class CallRedactor:
    """A `Redactor` for one call, which also knows what was private in it and when.

    While a private value is asked for, whatever is keyed, counted or spelt is hidden, also pieces of it that come
    to nothing; once the value is known it is hidden wherever it is said again, however it is read out. What was
    taken out of a caller's turn is not told by the bot's read-back either, until it is what the call is about.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._secrets: set[str] = set()
        self._taken: set[str] = set()
        self._known: set[str] = set()
        self._spans: list[tuple[float, float]] = []
        self._since: float | None = None

    def watch(self, private: bool, now: float) -> None:
        """Whether something private is asked for at `now`, on the call's clock."""
        if private and self._since is None:
            self._since = now
        elif not private and self._since is not None:
            self._spans.append((self._since, now))
            self._since = None

    def entry(self, entry: Entry) -> Entry:
        """`entry` as it may be kept."""
        if isinstance(entry, TurnEntry | EndEntry):
            self._secrets |= self._redactor.secrets(entry.slots)
            self._known |= set(filter(None, map(_bare, self._redactor.open(entry.slots))))
        if isinstance(entry, TurnEntry) and entry.speaker is Speaker.CALLER:
            self._taken |= self._redactor.taken(entry)
        kept = self._redactor.entry(entry)
        match kept:
            case TurnEntry():
                asked = self._asked_between(kept.started, kept.ended)
                keys = HIDDEN if asked and kept.keys.strip("*#") else kept.keys
                text = HIDDEN if asked and _spells(kept.text) else hide(kept.text, self._secrets)
                if kept.speaker is Speaker.BOT:
                    text = hide(text, self._untold(), str(Mark.NUMBER), LONG)
                return replace(kept, text=text, keys=keys)
            case EndEntry():
                return replace(kept, summary=hide(kept.summary, self._secrets))
            case _:
                return kept

    def _untold(self) -> set[str]:
        """What was taken out and is not what the call is about."""
        return {digits for digits in self._taken if not any(digits in value for value in self._known)}

    def _asked_between(self, started: float, ended: float) -> bool:
        spans = [*self._spans, *([(self._since, float("inf"))] if self._since is not None else [])]
        return any(since < ended and started < until for since, until in spans)


def hide(text: str, secrets: Collection[str], instead: str = HIDDEN, least: int = 2) -> str:
    """`text` without the numbers of `least` digits and more that are one of `secrets`, or a part of one."""
    for run in reversed(numbers.runs(text) if secrets else []):
        if any(_meet(reading, secret, least) for reading in run.readings for secret in secrets):
            text = f"{text[: run.start]}{instead}{text[run.end :]}"
    return text


def _spells(text: str) -> bool:
    """Whether there is a number in `text`, or letters one by one."""
    return bool(numbers.runs(text)) or len(_LETTER.findall(text)) > 1


def _meet(digits: str, secret: str, least: int) -> bool:
    """Whether `digits` tell of `secret`; a single digit tells of nothing."""
    return len(digits) >= least and (digits in secret or secret in digits)


def _is_sentence(value: str) -> bool:
    """Whether the value of a slot is words of the caller, and not one number, code or word."""
    return any(map(str.isspace, value.strip()))


def _bare(value: str) -> str:
    return "".join(filter(str.isalnum, value)).lower()
