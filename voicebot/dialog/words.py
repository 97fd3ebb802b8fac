"""Text as the rules see it: lower case, no punctuation, contractions written out, clauses known. English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.dialog import numbers


def word_set(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


_CONTRACTIONS = {
    "cannot": "can not", "can't": "can not", "cant": "can not",
    "won't": "will not", "wont": "will not", "ain't": "is not", "dont": "do not",
    "didnt": "did not", "wheres": "where is", "whats": "what is", "im": "i am", "ive": "i have",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "gimme": "give me", "lemme": "let me",
    "let's": "let us", "o'clock": "oclock", "ok": "okay",
}  # fmt: skip
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'m", " am"), ("'d", " would"))
_IS_AFTER = word_set("where what who how when why it that there here he she this everything")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[,.;:!?]")
_BREAKS = frozenset(",.;:!?")

NOISES = word_set("um uh er erm ah hm hmm mm mhm mmm eh oh")
"""Sounds that say nothing."""

_HUM = re.compile(r"\b(?:m+[ -]?h+m+|u+h+[ -]?hu+h+|aha)\b")
"""The two syllables that agree with closed lips or open, as recognisers write them."""

_NODS = tuple(
    tuple(phrase.split())
    for phrase in (
        "okay", "right", "all right", "alright", "yes", "yeah", "yep", "yup", "sure", "fine", "good", "great",
        "cool", "huh", "i see", "i understand", "understood", "got it", "oh really", "really", "exactly",
    )
)  # fmt: skip
"""What people say to show that they listen."""

_MOST_NODS = 4

LONG_NUMBER = 3
"""From this many digits on a number is a value, not a word of a sentence."""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in words.

    tokens: the words, without noises.
    clauses: for each word, the number of the clause it stands in.
    """

    tokens: tuple[str, ...]
    clauses: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def without_clause(self, clause: int) -> Words:
        """The words of all other clauses."""
        kept = [index for index, number in enumerate(self.clauses) if number != clause]
        return Words(tuple(self.tokens[index] for index in kept), tuple(self.clauses[index] for index in kept))

    def clause_start(self, index: int) -> int:
        """Index of the first word of the clause that word `index` stands in."""
        return self.clauses.index(self.clauses[index])


def split(text: str) -> Words:
    """`text` in words; numbers of three digits and more are left out, for they are values."""
    tokens: list[str] = []
    clauses: list[int] = []
    clause = 0
    for piece in _TOKEN.findall(_without_values(_plain(text))):
        if piece in _BREAKS:
            clause += 1
            continue
        for word in _written_out(piece).split():
            # Said twice in a row is said once: "agent, agent, agent".
            if word not in NOISES and (not tokens or word != tokens[-1]):
                tokens.append(word)
                clauses.append(clause)
    return Words(tuple(tokens), tuple(clauses))


def is_noise(text: str) -> bool:
    """Whether `text` has no word in it at all, only sounds or nothing."""
    return all(word in NOISES for word in _WORD.findall(_plain(text)))


def is_hum(text: str) -> bool:
    """Whether `text` is but the sound that says yes to a question, and else only "I am listening": "uh-huh"."""
    return is_noise(text) and "mhm" in _plain(text)


def is_nod(text: str) -> bool:
    """Whether `text`, said while another speaks, only shows that its speaker listens: "mhm", "okay, right"."""
    if not all(word.isascii() for word in _WORD.findall(text)):
        # Words of another script are none of ours, and yet words.
        return False
    tokens = split(text).tokens
    # "Oh, I see" has no nought in it.
    if len(tokens) > _MOST_NODS or not all(is_noise(text[run.start : run.end]) for run in numbers.runs(text)):
        return False
    at = 0
    while at < len(tokens):
        nod = next((nod for nod in _NODS if tokens[at : at + len(nod)] == nod), None)
        if nod is None:
            return False
        at += len(nod)
    return True


def _plain(text: str) -> str:
    return _HUM.sub("mhm", text.lower().replace("’", "'"))


def _without_values(text: str) -> str:
    for run in reversed(numbers.runs(text)):
        if len(run.readings[0]) >= LONG_NUMBER:
            text = f"{text[: run.start]} {text[run.end :]}"
    return text


def _written_out(word: str) -> str:
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    for ending, full in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + full
    if word.endswith("'s"):
        stem = word.removesuffix("'s")
        return f"{stem} is" if stem in _IS_AFTER else stem
    return word
