"""Written text made speakable: codes, numbers, dates and money the way a person would read them aloud.

A table of rules in order, each a pattern and what to say instead. Codes and phone numbers are rewritten in
every language, their digits kept as digits; rules that put words are English (`english.py`). What no rule knows is
left to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from voicebot.tts import dates, english
from voicebot.tts.markup import plain
from voicebot.tts.sentences import sayable, sentences
from voicebot.tts.spelling import spell, spell_phone

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_GAP = re.compile(r"\s+(?=,|[.!?;:](?:\s|\Z))")
"""Left in front of a mark where something was taken away."""


def speakable(text: str, language: str = "en") -> str:
    """`text` as it is given to an engine that speaks `language` (a tag such as en, en-gb, de).

    Never fails: what cannot be said (control characters, emoji, half surrogates, markup) is left out.
    """
    said = plain(text)
    for pattern, spoken in _rules(language.lower()):
        said = pattern.sub(spoken, said)
    return _GAP.sub("", " ".join(said.split())).replace(",,", ",").replace(".m..", ".m.")


def speakable_sentences(text: str, language: str = "en") -> tuple[str, ...]:
    """The sentences of `text` as they are given to an engine, without those of which nothing is left to say.

    Engines must not see those: servers refuse them or answer with a noise, neural voices make one up.
    """
    return tuple(said for sentence in sentences(text) if sayable(said := speakable(sentence, language)))


def has_words(text: str) -> bool:
    """Whether something of `text` is pronounced by every engine, so that silence instead of it is a failure."""
    return any(char.isalnum() for char in speakable(text))


@cache
def _rules(language: str) -> tuple[Rule, ...]:
    if language != "en" and not language.startswith("en-"):
        return (*_PHONES, *_GROUPS, *_CODES, *_MARKUP)
    british = language.startswith("en-gb")
    # Dates before phone numbers and both before codes: the later ones would take the earlier ones' digits.
    first = (*english.ADDRESSES, *english.keys(british), *dates.calendar(british))
    return (*first, *_PHONES, *_GROUPS, *english.WORDS, *_CODES, *_MARKUP)


def _phone(match: re.Match[str]) -> str:
    return spell_phone(match.group())


def _digits(match: re.Match[str]) -> str:
    return spell(match.group())


def _number(match: re.Match[str]) -> str:
    return f" {spell(match.group(1))}"


def _prefixed(match: re.Match[str]) -> str:
    """`ORD 1234`; but `PIN 0042` and `DEC 2026` begin with a word, not with letters."""
    prefix, digits = match.groups()
    if prefix.lower() in english.CODE_WORDS:
        return f"{prefix.lower()} {spell(digits)}"
    if prefix.title() in (*dates.MONTHS, *dates.MONTHS_SHORT):
        return match.group()
    return f"{spell(prefix)}, {spell(digits)}"


def _mixed(match: re.Match[str]) -> str:
    """`AB12CD34` is a code; `MP3`, `B2B` and `COVID-19` are names the engine knows how to say."""
    code = match.group()
    runs = len(re.findall(r"[0-9]+|[A-Z]+", code))
    digits = sum(char.isdigit() for char in code)
    return spell(code) if len(code) > 3 and (digits >= 3 or runs >= 3) else code


_PHONES: tuple[Rule, ...] = (
    # Six digits at least: `+10 points` is no number to call.
    (re.compile(r"(?<![0-9])\+(?=(?:[ .()/-]{0,2}[0-9]){6})[0-9]{1,3}(?:[ .()/-]{0,2}[0-9]{1,12}){1,6}"), _phone),
    (re.compile(r"(?<![\w.-])(?:1[-. ])?(?:\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.-])[0-9]{3}-[0-9]{4}(?![\w-])"), _phone),
)

_DATE = r"(?:[12][0-9]{3}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}-[0-9]{1,2}-(?:[12][0-9]{3}|[0-9]{2}))(?![0-9-])"

_GROUPS: tuple[Rule, ...] = (
    # An account's number as banks of many countries write it (ISO 13616).
    (
        re.compile(r"\b(?=(?:[A-Z ]{0,6}[0-9]){8})[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _digits,
    ),
    (
        re.compile(rf"(?<![\w.,$€£/+-])(?!{_DATE})[0-9]{{1,8}}(?:-[0-9]{{1,8}}){{2,8}}(?![\w/-]|[.,][0-9])"),
        _digits,
    ),
    (
        re.compile(
            r"(?<![\w.,$€£/+-])(?=(?:[0-9] ?){9})[0-9]{2,8}(?: [0-9]{2,8}){2,10}(?![\w/-]|[.,][0-9]| [0-9])"
        ),
        _digits,
    ),
    # A postal code with its four more digits.
    (re.compile(r"(?<![\w.-])[0-9]{5}-[0-9]{4}(?![\w-])"), _digits),
)
"""Numbers written in groups: of cards, accounts, parcels, books."""

_CODES: tuple[Rule, ...] = (
    # A British postcode.
    (re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2}\b"), _digits),
    (re.compile(r"(?<!\w)#\s?(?=[A-Z]{1,6}[-_]?[0-9])"), lambda _match: ""),
    (re.compile(r"#\s?([0-9]{2,20})\b"), _number),
    (re.compile(r"\b([A-Z]{2,6})(?:[-_]|\s|\s?#)?([0-9]{3,20})(?!-?\w)"), _prefixed),
    (re.compile(r"(?<![\w.-])(?=[A-Z-]{0,24}[0-9])(?=[0-9-]{0,24}[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+){0,5}\b"), _mixed),
    (re.compile(r"(?<![\w.,$€£-])(0[0-9]{2,20}|[0-9]{7,20})(?![\w%]|[.,][0-9])"), _number),
)

_MARKUP: tuple[Rule, ...] = ((re.compile(r"[*_~`|<>{}\[\]\\^=]+"), lambda _match: " "),)
