"""Written text cut into sentences, the unit in which everything here is spoken and kept."""

from __future__ import annotations

import re

from voicebot.tts.english import CODE_WORDS

MAX_CHARACTERS = 300
"""Longer sentences are cut at a clause or a space: about 20 s of speech, so a stop never waits long."""

_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
    mr mrs ms dr prof sr jr st mt rev hon gen col sgt capt lt
    e.g i.e eg ie vs cf approx appt dept est ext fig
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri
    inc ltd co corp bros ave blvd rd apt ste tel gov attn incl excl
    """,
    )
)
_BEFORE_A_NUMBER = frozenset(
    re.findall(r"\S+", "No Nos Nr nr Art p pp vol Vol max Max min Min qty Qty pcs hr hrs")
)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+|\n\s*\n|\n(?=[ \t]*(?:#{1,6}|[-*•▪]|[0-9]{1,2}[.)])[ \t])")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘–—-]+\Z")
_NUMBER_OF = re.compile(rf"\b(?:{'|'.join(sorted(CODE_WORDS))})s?\.?\s(?:no|nos)\Z", re.I)
_INITIALS = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_DASHES = "-–—"
_HALVES = ("a.m", "p.m")
_ZONE = re.compile(r"(?:[ECMP][SD]?T|GMT|UTC|BST|CES?T|[AN]Z?[SD]T)\b")
_SPACE = re.compile(r"\s+")
_SAYABLE = re.compile(r"\w|[$€£%&@#+]")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in order, white space collapsed, none empty, none over MAX_CHARACTERS long.

    Full stops of abbreviations, initials, decimals, times and addresses do not end a sentence; a blank line does,
    and so does the beginning of a heading or of an item of a list.
    Cutting a sentence again gives that sentence. Pieces with nothing to pronounce are left out.
    """
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text, start, match):
            found += _bounded(text[start : match.end()])
            start = match.end()
    found += _bounded(text[start:])
    return tuple(found)


def sayable(text: str) -> bool:
    """Whether some of `text` can be pronounced: a word, a number, or a sign that has a name."""
    return _SAYABLE.search(text) is not None


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark[0] != ".":
        return True
    following = text[match.end() : match.end() + 40].lstrip()
    if not following:
        return True
    if following[0].islower():
        return False
    if mark != ".":
        return True
    before = text[max(start, match.start() - 24) : match.start()]
    if (following[0] in _DASHES or _ZONE.match(following)) and before.lower().endswith(_HALVES):
        return False
    word = _LAST_WORD.search(before)
    last = word.group() if word else ""
    if last in _BEFORE_A_NUMBER or _NUMBER_OF.search(before):
        return not following[0].isdigit()
    initial = len(last) == 1 and last.isalpha() and last != "I"
    return last.lower() not in _ABBREVIATIONS and not initial and not _INITIALS.fullmatch(last)


def _bounded(piece: str) -> list[str]:
    rest = _SPACE.sub(" ", piece).strip()
    cut: list[str] = []
    while len(rest) > MAX_CHARACTERS:
        at = _cut(rest)
        cut.append(rest[:at].strip())
        rest = rest[at:].strip()
    cut.append(rest)
    return [part for part in cut if sayable(part)]


def _cut(text: str) -> int:
    """Where to cut an over-long text: behind the last clause mark that fits, else a space, else anywhere."""
    for marks in (";:,–—", " "):
        at = max(text.rfind(f"{mark} " if mark != " " else mark, 0, MAX_CHARACTERS) for mark in marks)
        if at > MAX_CHARACTERS // 3:
            return at + 1
    return MAX_CHARACTERS
