"""What English makes of Roman numerals: `World War II` as 2, `Henry VIII` as the 8th."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from voicebot.tts.dates import ordinal

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_VALUES = {"I": 1, "V": 5, "X": 10}
_RULERS = frozenset(
    re.findall(
        r"\S+",
        """
    Henry Louis Elizabeth Charles George Edward James William Richard Philip Paul Francis Benedict Pius Leo
    Napoleon Catherine Peter Nicholas Alexander Frederick Ferdinand Harald Gustav Christian Margrethe
    """,
    )
)
_COUNTED = "War|Chapter|Part|Volume|Act|Phase|Type|Section|Article|Class|Level|Book|Title|Stage|Schedule|Annex"
_SEVERAL = r"X{1,2}(?:IX|IV|VI{0,3}|I{1,3})|XX|IX|IV|VI{1,3}|I{2,3}"


def _said(match: re.Match[str]) -> str:
    before, numeral = match.groups()
    number = _value(numeral)
    return f"{before} the {ordinal(number)}" if before in _RULERS else f"{before} {number}"


def _value(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


RULES: tuple[Rule, ...] = (
    # A lone letter is a numeral only behind what is counted so: `Part I`, but `Malcolm X` and `What I`.
    (re.compile(rf"\b({_COUNTED})\s([IVX])\b(?![.'-]\w)"), _said),
    (re.compile(rf"\b([A-Z][a-z]{{1,30}})\s({_SEVERAL})\b(?![.'-]\w)"), _said),
)
