"""From words to intents, by rule: what a bot's file lists as phrases and patterns, found in what was said.

Phrases are aligned word by word, in order. A word weighs more the fewer intents use it; little words hardly
weigh anything, and rare misspellings are forgiven. Confidence is the share of the phrase that was said, lowered by
what else was said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from voicebot.dialog.schema import Intent
from voicebot.dialog.words import Words, split, word_set

PATTERN_CONFIDENCE = 0.95
_LITTLE = 0.15
_LEAST_CONTENT = 0.3
_OUTSIDE, _MOST_OUTSIDE = 0.2, 2.0
_INSIDE = 0.35
_SAME_WORD = 0.8
_LONG_WORD = 4
_LITTLE_WORDS = word_set(
    """a about actually all am an and any are as at be been but by can could did do does for from get give go good
    got had has have hello hey hi how hurry i if in is it just know like maybe me morning afternoon evening my
    need no now of okay on one or our out please really right say should sir so some sorry still tell than thank
    thanks that the their them then there these they this those to today us very want wanted was we well were will
    wish with would yeah yes yet you your"""
)
_NEGATION = frozenset({"not"})
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A slot's value in a phrase: "an appointment for {day}"."""
_REFUSAL = re.compile(
    r"""(?:^|\s)(?:
        (?<!why\s)(?:do|did|does|would|will|should|am|is|are)\s(?:you\s|i\s)?not
            (?:\s(?:really|even|actually|just|ever))?
            (?:\s(?:want|need|like|wish|think|care|asking|asked|ask|trying|going|looking|mean|plan)(?:\s\w+){0,3})?
      | (?<!can\s)(?<!could\s)(?<!why\sdo\s)not | never(?:\s(?:asked|said|wanted|want|needed|need))? | without
      | no\sneed\s(?:to|for) | instead\sof
    )(?:\s(?:to|a|an|the|any|my|me|you|i|need|want|for|be|with|get|real|live))*$
    | (?:^|\s)no(?:\s(?:more|real|live))?$""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Match:
    """An intent found in what was said.

    confidence: 0..1; 1 only when a phrase is all that was said.
    refused: the caller said that this is not wanted ("don't transfer me").
    clause: the number of the clause it begins in.
    """

    intent: str
    confidence: float
    refused: bool = False
    clause: int = 0


@dataclass(frozen=True, slots=True)
class _Phrase:
    intent: str
    tokens: tuple[str, ...]
    values: tuple[str, ...]
    weights: tuple[float, ...]
    content: int
    total: float


@dataclass(frozen=True, slots=True)
class _Aligned:
    mass: float
    pairs: tuple[tuple[int, int], ...]


class Intents:
    """Finds the intent of a sentence.

    threshold: confidence below which nothing was understood, from the dialog file.
    values: for each slot of words, the regular expression of its value.
    """

    def __init__(
        self, intents: Mapping[str, Intent], threshold: float, values: Mapping[str, str] | None = None
    ) -> None:
        self._threshold = threshold
        self._patterns = {name: [re.compile(text) for text in intent.patterns] for name, intent in intents.items()}
        self._values = {name: re.compile(text) for name, text in (values or {}).items()}
        self._unless = {name: [re.compile(text) for text in intent.unless] for name, intent in intents.items()}
        listed = [
            (name, split(PLACEHOLDER.sub(" ", text)).tokens, tuple(PLACEHOLDER.findall(text)))
            for name, intent in intents.items()
            for text in intent.phrases
        ]
        spread = Counter(word for _, word in {(name, word) for name, tokens, _ in listed for word in tokens})
        self._phrases = [_weigh(name, tokens, values, spread) for name, tokens, values in listed if tokens]
        self._vocabulary = frozenset(spread)
        self._misspellable = [word for word in spread if len(word) >= _LONG_WORD and word not in _LITTLE_WORDS]

    def find(self, words: Words) -> Match | None:
        """The best intent for `words` at or above the threshold; a refused one only if there is no other."""
        joined = str(words)
        barred = {name for name, unless in self._unless.items() if any(it.search(joined) for it in unless)}
        best: dict[bool, Match] = {}
        for match in (*self._by_pattern(words, joined), *self._by_phrase(words)):
            if match.intent in barred or match.confidence < self._threshold:
                continue
            so_far = best.get(match.refused)
            if so_far is None or match.confidence > so_far.confidence:
                best[match.refused] = match
        return best.get(False, best.get(True))

    def begins_with(self, words: Words, names: frozenset[str]) -> int:
        """How many words at the start of `words` are a phrase of one of the intents `names`."""
        return max(
            (
                len(phrase.tokens)
                for phrase in self._phrases
                if phrase.intent in names and words.tokens[: len(phrase.tokens)] == phrase.tokens
            ),
            default=0,
        )

    def _by_pattern(self, words: Words, joined: str) -> list[Match]:
        found = []
        for name, patterns in self._patterns.items():
            for pattern in patterns:
                hit = pattern.search(joined)
                if hit is None or not hit.group():
                    continue
                first = joined.count(" ", 0, hit.start())
                refused = _refused(words, first) and " not " not in f" {hit.group()} "
                confidence = 1.0 if hit.group() == joined else PATTERN_CONFIDENCE
                found.append(Match(name, confidence, refused, words.clauses[first]))
        return found

    def _by_phrase(self, words: Words) -> list[Match]:
        alike = self._likeness(words.tokens)
        best = {word: max(row) for word, row in alike.items()}
        spoken = self._spoken_values(str(words))
        found = []
        for phrase in self._phrases:
            if phrase.tokens == words.tokens:
                found.append(Match(phrase.intent, 1.0))
                continue
            if "not" in phrase.tokens and "not" not in words.tokens:
                continue
            if alike.keys().isdisjoint(phrase.tokens):
                continue
            most = sum(
                weight * best.get(word, 0.0) for word, weight in zip(phrase.tokens, phrase.weights, strict=True)
            )
            if most < self._threshold * phrase.total:
                continue
            aligned = _align(phrase, alike, len(words.tokens))
            values = {column for name in phrase.values for column in spoken.get(name, ())}
            confidence = _confidence(phrase, aligned, words.tokens, values)
            if confidence >= self._threshold:
                first = _first_content(phrase, aligned)
                refused = "not" not in phrase.tokens and _refused(words, first)
                found.append(Match(phrase.intent, confidence, refused, words.clauses[first]))
        return found

    def _spoken_values(self, joined: str) -> dict[str, range]:
        """For every slot of words whose value was said: which words are the value."""
        found = {}
        for name, pattern in self._values.items():
            hit = pattern.search(joined)
            if hit is not None and hit.group():
                found[name] = range(joined.count(" ", 0, hit.start()), joined.count(" ", 0, hit.end()) + 1)
        return found

    def _likeness(self, tokens: Sequence[str]) -> dict[str, list[float]]:
        """For every word of the phrases that resembles a spoken one: how much it resembles each."""
        alike: dict[str, list[float]] = {}
        for index, token in enumerate(tokens):
            for word, value in self._resembling(token):
                alike.setdefault(word, [0.0] * len(tokens))[index] = value
        return alike

    def _resembling(self, spoken: str) -> list[tuple[str, float]]:
        same = [(spoken, 1.0)] if spoken in self._vocabulary else []
        if len(spoken) < _LONG_WORD:
            return same
        near = extract(spoken, self._misspellable, scorer=ratio, score_cutoff=100 * _SAME_WORD, limit=None)
        return same + [(word, score / 100) for word, score, _ in near if word != spoken]


def _weigh(intent: str, tokens: tuple[str, ...], values: tuple[str, ...], spread: Mapping[str, int]) -> _Phrase:
    weights = [_LITTLE if word in _LITTLE_WORDS else 1.0 / math.sqrt(spread[word]) for word in tokens]
    content = sum(weight >= _LEAST_CONTENT for weight in weights)
    if not content:
        weights = [1.0] * len(tokens)
    return _Phrase(intent, tokens, values, tuple(weights), content, sum(weights))


def _align(phrase: _Phrase, alike: Mapping[str, Sequence[float]], spoken: int) -> _Aligned:
    """The heaviest way to find the phrase's words, in order, among `spoken` words."""
    none = [0.0] * spoken
    rows: list[list[float]] = [[0.0] * (spoken + 1)]
    for word, weight in zip(phrase.tokens, phrase.weights, strict=True):
        above, row, values = rows[-1], [0.0], alike.get(word, none)
        for column in range(spoken):
            hit = above[column] + weight * values[column] if values[column] else 0.0
            row.append(max(hit, above[column + 1], row[column]))
        rows.append(row)
    pairs = []
    at, column = len(phrase.tokens), spoken
    while at and column:
        here = rows[at][column]
        if here == rows[at - 1][column]:
            at -= 1
        elif here == rows[at][column - 1]:
            column -= 1
        else:
            at, column = at - 1, column - 1
            pairs.append((at, column))
    return _Aligned(rows[-1][-1], tuple(reversed(pairs)))


def _confidence(phrase: _Phrase, aligned: _Aligned, tokens: Sequence[str], values: Set[int]) -> float:
    """How sure it is that `tokens` say `phrase`; the words at `values` stand for its placeholders."""
    if not aligned.pairs:
        return 0.0
    matched = {column for _, column in aligned.pairs}
    content = [column for at, column in aligned.pairs if phrase.weights[at] >= _LEAST_CONTENT] or sorted(matched)
    inside = outside = 0.0
    for column, token in enumerate(tokens):
        if column in matched or column in values or token in _LITTLE_WORDS or token in _NEGATION:
            continue
        if content[0] < column < content[-1]:
            inside += 1.0
        else:
            outside += 1.0
    if phrase.content <= 1 and inside + outside:
        return 0.0
    if not phrase.content and len(matched) != len(tokens):
        return 0.0
    lost = _INSIDE * inside + _OUTSIDE * min(outside, _MOST_OUTSIDE)
    # Only a phrase that is all that was said may reach 1.
    return min(0.99, aligned.mass / phrase.total * aligned.mass / (aligned.mass + lost))


def _first_content(phrase: _Phrase, aligned: _Aligned) -> int:
    """Index of the first spoken word that carries the phrase's meaning."""
    content = (column for at, column in aligned.pairs if phrase.weights[at] >= _LEAST_CONTENT)
    return next(content, aligned.pairs[0][1])


def _refused(words: Words, index: int) -> bool:
    """Whether what comes before word `index`, in its clause, turns it down."""
    before = words.tokens[words.clause_start(index) : index]
    return _REFUSAL.search(" ".join(before)) is not None
