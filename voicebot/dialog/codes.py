"""Codes of letters and digits as people say and recognisers write them: text in, the codes it may stand for out.

A letter comes alone ("b"), by its name ("bee", "see"), as a word of a spelling alphabet ("bravo"), or explained
("b as in boat", "b for Bertie"). Digits come in every way that `numbers` knows. English.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voicebot.dialog import numbers
from voicebot.dialog.numbers import (
    BRIDGES,
    MOST_BETWEEN,
    MOST_WORDS,
    REPEATS,
    Run,
)
from voicebot.dialog.words import word_set

MOST_CLUMP = 6
"""Capitals in a row that are a spelt piece of a code, not a word of a recogniser that shouts."""

MOST_CLUMPS = 2
"""Such pieces in a text of nothing but capitals."""

_NAMES = {
    "ay": "A", "bee": "B", "be": "B", "cee": "C", "see": "C", "sea": "C", "dee": "D", "ee": "E", "ef": "F",
    "eff": "F", "gee": "G", "aitch": "H", "haitch": "H", "eye": "I", "jay": "J", "kay": "K", "el": "L", "ell": "L",
    "em": "M", "en": "N", "oh": "O", "pee": "P", "pea": "P", "queue": "Q", "cue": "Q", "ar": "R", "are": "R",
    "es": "S", "ess": "S", "tee": "T", "tea": "T", "you": "U", "vee": "V", "ex": "X", "why": "Y", "wye": "Y",
    "zee": "Z", "zed": "Z",
}  # fmt: skip
_ALPHABET = word_set(
    """alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar
    papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"""
)
_EXPLAINS = (("as", "in"), ("is", "in"), ("like", "in"), ("as",), ("like",), ("for",))
_SOUNDS_ALIKE = ("bcdegptvz", "mn", "fsx", "ahjk8", "iy", "qu", "lo")
_BETWEEN = BRIDGES | word_set(
    "capital letter letters uppercase lowercase upper lower case small big digit digits the"
)
_WEAK = word_set("a i be see sea are you why tea eye oh o to too for fore won ate")
"""Letters and digits that more often are words: they count beside others, and may be left out."""

_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+|[A-Za-z]+(?:'[a-z]+)?|\|")
_GAP = re.compile(r"[\s\-–—.,/:_#]*")


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int


def runs(text: str) -> list[Run]:
    """Every stretch of letters and digits in `text`, in order; capitals in the readings."""
    tokens = _tokens(text)
    counting = [token for token in tokens if token.word not in _BETWEEN]
    words = [token.word for token in counting]
    breaks = _breaks(tokens, counting, text)
    found_runs = []
    index = 0
    while index < len(counting):
        end = _run_end(words, index, breaks)
        said = tuple(words[index:end])
        whole = index == 0 and end == len(counting)
        found = readings(said) if end > index and (whole or not _WEAK.issuperset(said)) else ()
        if found:
            found_runs.append(Run(found, counting[index].start, counting[end - 1].end, said))
        index = max(end, index + 1)
    return found_runs


def readings(words: Sequence[str], lengths: Collection[int] = ()) -> tuple[str, ...]:
    """The codes that `words` may stand for, likeliest first; those with one of `lengths` characters if given.

    A word such as "a" or "for" is left out only where the code would be too long with it.
    """
    kept = [word for word in words if word not in _BETWEEN]
    while kept and (kept[-1] in REPEATS or _explaining(kept, len(kept))):
        kept.pop()
    for leaving_out in (False, True):
        following = [_following(kept, index, leaving_out) for index in range(len(kept))]
        found = numbers.chains(following, lengths)
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _tokens(text: str) -> list[_Token]:
    shouted = text.upper() == text and len(re.findall(r"[A-Z]{2,}", text)) > MOST_CLUMPS
    tokens = []
    for found in _TOKEN.finditer(text):
        piece, lowered = found.group(), found.group().lower()
        touches = text[found.end() : found.end() + 1].isdigit() or text[: found.start()][-1:].isdigit()
        capitals = piece.isupper() and len(piece) > 1 and not shouted
        spelt = piece.isalpha() and len(piece) <= MOST_CLUMP and (touches or capitals)
        known = lowered in _NAMES or lowered in _ALPHABET or len(piece) == 1
        tokens.append(_Token(piece.upper() if spelt and not known else lowered, found.start(), found.end()))
    return tokens


def _breaks(tokens: Sequence[_Token], counting: Sequence[_Token], text: str) -> frozenset[int]:
    """The places in `counting` before which a code cannot go on: too much, or something else, stands between."""
    parted = {
        after.start for before, after in pairwise(tokens) if _GAP.fullmatch(text, before.end, after.start) is None
    }
    places = {token.start: place for place, token in enumerate(tokens)}
    return frozenset(
        index
        for index, token in enumerate(counting)
        if index == 0
        or places[token.start] - places[counting[index - 1].start] > MOST_BETWEEN
        or any(counting[index - 1].end <= start <= token.start for start in parted)
    )


def _run_end(words: Sequence[str], index: int, breaks: frozenset[int]) -> int:
    """Index after the run that begins at `index`; `index` itself when none does."""
    limit = next((at for at in range(index + 1, len(words)) if at in breaks), len(words))
    limit = min(limit, index + MOST_WORDS)
    end = index
    while end < limit:
        longest = max((after for _, after in _pieces(words, end)), default=end)
        if longest == end:
            break
        end = min(longest, limit)
    while index < end < len(words) <= end + 2 and (words[end] in REPEATS or _explaining(words, end + 1)):
        end += 1
    return end


def _explaining(words: Sequence[str], end: int) -> bool:
    """Whether the words up to `end` stop within "as in"."""
    last, before = words[end - 1], words[end - 2] if end > 1 else ""
    if last == "in":
        return before in ("as", "is", "like")
    return last in ("as", "is", "like", "for") and _letter(before) is not None


def _letter(word: str) -> str | None:
    if len(word) == 1 and word.isalpha():
        return word.upper()
    return word[0].upper() if word in _ALPHABET else _NAMES.get(word)


def _following(words: Sequence[str], index: int, leaving_out: bool) -> list[tuple[str, int]]:
    found = list(_pieces(words, index))
    return [*found, ("", index + 1)] if leaving_out and words[index] in _WEAK else found


def _pieces(words: Sequence[str], index: int) -> Iterator[tuple[str, int]]:
    """What the words from `index` may say, as (characters, index after them); the likeliest first."""
    word = words[index]
    following = words[index + 1] if index + 1 < len(words) else ""
    if word in REPEATS:
        if word == "double" and following in ("u", "you"):
            yield "W", index + 2
        letter = _letter(following)
        if letter is not None and following != "oh":
            yield letter * REPEATS[word], index + 2
    elif word.isupper() and len(word) > 1:
        yield word, index + 1
    elif (letter := _letter(word)) is not None:
        yield from _letters(words, index, letter)
    yield from numbers.pieces(words, index)


def _letters(words: Sequence[str], index: int, letter: str) -> Iterator[tuple[str, int]]:
    """A letter, with the word that explains it if there is one; the word is heard better than the letter."""
    if letter == "X" and words[index + 1 : index + 2] == ["ray"]:
        yield letter, index + 2
    for explains in _EXPLAINS:
        at = index + 1 + len(explains)
        if tuple(words[index + 1 : at]) != explains or at >= len(words) or not words[at].isalpha():
            continue
        initial = words[at][0].upper()
        if explains == ("for",) and (initial != letter or len(words[at]) < 2):
            continue
        alike = any(letter.lower() in group and initial.lower() in group for group in _SOUNDS_ALIKE)
        yield (initial if alike else letter), at + 1
        if explains != ("for",):
            return
    if words[index] != "oh":
        yield letter, index + 1
    else:
        yield "0", index + 1
        yield letter, index + 1
