"""Finding a slot's value in what was said or pressed: formats, corrections, numbers that come in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voicebot.dialog import numbers, repairs
from voicebot.dialog.checksums import holds
from voicebot.dialog.mentions import AROUND, Mentions
from voicebot.dialog.numbers import Run
from voicebot.dialog.readings import NOTHING, Fit, Piece, Reading
from voicebot.dialog.schema import Slot
from voicebot.dialog.spelling import CODES, DIGITS
from voicebot.dialog.words import split

MOST_CANDIDATES = 8
"""Values that one utterance may stand for; each may cost a request."""


class SlotReader:
    """Reads values for one slot of the dialog file."""

    def __init__(self, name: str, slot: Slot) -> None:
        self.name = name
        self.slot = slot
        self.spelling = DIGITS if slot.alphabet == "digits" else CODES
        self.mentions = Mentions(slot, self.spelling)
        self._pattern = re.compile(slot.pattern) if slot.pattern is not None else None

    @property
    def by_keypad(self) -> bool:
        """Whether its value, or a part of it, can be keyed in."""
        return self.slot.spelt and self.slot.alphabet != "letters"

    @property
    def longest(self) -> int:
        """Characters of the longest value; 0 for a value of words."""
        return max(self.slot.lengths, default=0)

    def valid(self, value: str) -> bool:
        """Whether `value` may fill the slot."""
        slot = self.slot
        if slot.spelt and len(value) not in slot.lengths:
            return False
        if (slot.alphabet == "digits" and slot.spelt and not value.isdigit()) or (
            slot.alphabet == "letters" and not value.isalpha()
        ):
            return False
        if self._pattern is not None and self._pattern.fullmatch(value) is None:
            return False
        return slot.checksum is None or holds(slot.checksum, value)

    def fit(self, value: str) -> Fit:
        """How `value` suits a slot that is spelt out."""
        if self.valid(value):
            return Fit.VALID
        return Fit.SHORT if len(value) < self.longest else Fit.WRONG

    def read(self, text: str, kept: Piece = NOTHING) -> Reading | None:
        """The value in `text`; None when there is nothing like one.

        kept: the beginning of the same value, heard before, which this may complete, or all of it, to be put
        right. A correction within the text wins over what it corrects.
        """
        if not self.slot.spelt:
            return self._read_words(text)
        if kept.whole:
            return self._repair(text, kept)
        heard = [
            (segment, start)
            for segment, start in self.mentions.segments(text)
            if self.mentions.identifiers(segment)
        ]
        if not heard:
            return self._begun_digit(text, kept)
        corrected = len(heard) > 1 or (bool(kept.value) and self.mentions.corrected_before(text, heard[0][1]))
        if corrected:
            reading = self._corrected(heard, kept)
            if reading is not None:
                return reading
        segment, start = heard[-1]
        return self._plain(text, segment, start, NOTHING if corrected else kept)

    def keyed(self, digits: str, kept: Piece = NOTHING) -> Reading:
        """The value that keys make: on their own, or after what was said before."""
        if kept.whole:
            kept = NOTHING
        alone = (digits, numbers.BREAK)
        words = (*kept.words, numbers.BREAK, *alone) if kept.words else alone
        joined = self._fitting(words) if kept.words else []
        if self.valid(digits):
            return self._settled([digits, *joined], alone)
        if joined:
            return self._settled(joined, words)
        value = kept.value + digits
        if len(value) >= self.longest:
            return Reading(digits, self.fit(digits), words=alone)
        return Reading(value, self.fit(value), words=words)

    def corrects(self, text: str) -> bool:
        """Whether `text` contradicts a value that nobody asks about any more."""
        return repairs.names_a_part(text) or len(self.mentions.segments(text)) > 1

    def declined(self, text: str) -> bool:
        """Whether the caller says that they do not have the value."""
        return self.mentions.declined(text)

    def begun(self, text: str) -> bool:
        """Whether `text` stops where the value would begin: "my order number is"."""
        return self.mentions.begun(text)

    def _plain(self, text: str, segment: str, start: int, kept: Piece) -> Reading:
        """What `segment`, at `start` of `text`, says of the value, together with what was kept."""
        found = self.mentions.identifiers(segment)
        chosen = self._choose(segment, found)
        cued = self.mentions.is_cued(text, start, chosen)
        alone = self._fitting(chosen.words) if self._begins_anew(kept, chosen) else []
        together = self._together(kept, segment, chosen.words)
        joined = self._fitting(together) if kept.words else []
        if kept.words and not joined and chosen.readings[0] not in alone:
            # "Seven thousand" and "nine hundred and twenty" are not 90020, but the beginning of 79205.
            alone = alone if len(self._likeliest(together)) >= self.longest else []
        if alone or joined:
            # Whoever was asked what comes next goes on, unless it is the same beginning again.
            again = kept.whole or any(each.startswith(kept.value) for each in alone[:1])
            values = [*alone, *joined] if again else [*joined, *alone]
            return self._settled(values, together if joined else chosen.words, cued or not alone)
        everything = tuple(word for run in found for word in run.words)
        if len(found) > 1 and (whole := self._fitting((*kept.words, *everything))):
            return self._settled(whole, (*kept.words, *everything), cued)
        value, words = chosen.readings[0], chosen.words
        if kept.words:
            likeliest = self._likeliest(together)
            if len(likeliest) < self.longest:
                value, words = likeliest, together
        return Reading(value, self.fit(value), cued, words=words)

    def _repair(self, text: str, told: Piece) -> Reading | None:
        """What `text` makes of a whole value that was told to the caller; None when it says nothing about it.

        A whole value replaces it; a part of one replaces the part that is named, or that it is most like. Where
        the caller does not contradict, it may also go on.
        """
        segments = self.mentions.segments(text)
        said = " ".join(segment for segment, _ in segments)
        found = self.mentions.identifiers(said)
        if not found:
            return self._begun_digit(text, told)
        cued = self.mentions.is_repair(said)
        named = repairs.names_a_part(said)
        if not named:
            for segment, start in reversed(segments):
                runs = self.mentions.identifiers(segment)
                before = NOTHING if len(segments) > 1 else told
                if any(self._fitting(run.words) and self._begins_anew(before, run) for run in runs):
                    return self._plain(text, segment, start, before)
        contradicted = named or len(segments) > 1
        so_far = NOTHING if contradicted else told
        words = self._choose(said, found).words
        value = self._likeliest(words)
        together = self._together(so_far, said, words)
        grown = self._fitting(together) if so_far.words else []
        composed = [each for each in grown if each != told.value + value]
        repair = repairs.put_right(told.value, said, self.spelling, self.valid)
        close = contradicted and repair is not None and repair.change <= 1
        if not composed and not named and not close and len(value) > 1 and told.value.startswith(value):
            # Whoever begins again from the start has not come to the part that is wrong.
            return Reading(value, Fit.SHORT, cued, words=words)
        if so_far.words and not grown and len(self._likeliest(together)) < self.longest:
            # "Nine thousand one" and then "hundred": what was taken for all of it was not.
            return Reading(self._likeliest(together), Fit.SHORT, cued, words=together)
        if grown or repair is not None:
            values = grown or ([] if repair is None else repair.values[:1] if repair.clear else repair.values)
            return replace(self._settled(values, together if grown else (), cued), repaired=not grown)
        return None

    def _corrected(self, heard: Sequence[tuple[str, int]], kept: Piece) -> Reading | None:
        """What is left when each piece of `heard` corrects the one before; None when the last stands alone."""
        first = self.mentions.identifiers(heard[0][0])
        before = [kept.value] if len(heard) == 1 or not first else []
        rest = heard if before else heard[1:]
        if not before:
            words = (*kept.words, *self._choose(heard[0][0], first).words)
            before = list(dict.fromkeys((*self._fitting(words), *self.spelling.readings(words))))
        for segment, _ in rest:
            if repairs.names_a_part(segment):
                fixed = repairs.put_right(before[0], segment, self.spelling, lambda text: bool(text))
                after = list(fixed.values) if fixed is not None else []
            else:
                after = self._replaced(before, self._choose(segment, self.mentions.identifiers(segment)))
            if not after:
                return None
            before = after
        valid = [each for each in before if self.valid(each)]
        value = valid[0] if valid else before[0]
        if len(value) > self.longest:
            return None
        said = " ".join(segment for segment, _ in heard)
        # What was said is not what is meant; only the value counts from here on.
        cued = self.mentions.is_repair(said) or bool(first and not kept.value)
        return Reading(value, self.fit(value), cued, words=tuple(value))

    def _replaced(self, before: Sequence[str], run: Run) -> list[str]:
        """The values in which the end of one of `before` gave way to what was said in its place, likeliest first.

        What was said may go on behind the part that it corrects: "four one five, sorry, four one six two two".
        """
        whole = self._fitting(run.words)
        if whole:
            return whole
        ranked: list[tuple[bool, int, float, int, str]] = []
        for place, value in enumerate(before):
            for rank, new in enumerate(self.spelling.readings(run.words, range(1, self.longest + 1)), place):
                for count in range(1, min(len(value), len(new)) + 1):
                    text = value[: len(value) - count] + new
                    change = repairs.difference(value[-count:], new[:count]) / count
                    ranked.append((not self.valid(text), rank, change, -count, text))
        return list(dict.fromkeys(text for *_, text in sorted(ranked)))

    def _settled(self, values: Iterable[str], words: tuple[str, ...], cued: bool = True) -> Reading:
        first, *others = list(dict.fromkeys(values))[:MOST_CANDIDATES]
        return Reading(first, Fit.VALID, cued, tuple(others), words)

    def _fitting(self, words: Sequence[str]) -> list[str]:
        """The valid values that `words` may stand for."""
        return [each for each in self.spelling.readings(words, self.slot.lengths) if self.valid(each)]

    def _begins_anew(self, kept: Piece, run: Run) -> bool:
        """Whether `run` can be a value of its own after `kept`: not after "double", nor with "thousand"."""
        return not kept.words or (run.words[0] not in numbers.SCALES and kept.words[-1] not in numbers.REPEATS)

    def _likeliest(self, words: Sequence[str]) -> str:
        return next(iter(self.spelling.readings(words)), "")

    def _begun_digit(self, text: str, kept: Piece) -> Reading | None:
        """What stands before a digit, such as "double", with nothing behind it yet."""
        words = tuple(word for word in split(text).tokens if word not in AROUND or word in numbers.BRIDGES)
        together = self._together(kept, text, ())
        if numbers.begins(words) and together == kept.words:
            together = (*kept.words, *words)
        if together == kept.words:
            return None
        if (whole := self._fitting(together)) and whole != [kept.value]:
            return self._settled(whole, together)
        value = self._likeliest(together) if self.spelling is CODES else kept.value
        return Reading(value, Fit.SHORT, cued=False, words=together)

    def _together(self, kept: Piece, text: str, words: tuple[str, ...]) -> tuple[str, ...]:
        """What was said before and now in one; `words` are what is spelt in `text`.

        What explains a letter is no letter itself: "b as" and then "in boat" is one B.
        """
        if kept.words and self.spelling is CODES:
            before = " ".join(kept.words)
            for run in self.spelling.runs(f"{before} {text}")[:1]:
                if run.start == 0 and run.end > len(before):
                    return run.words
        return (*kept.words, *words)

    def _choose(self, segment: str, found: Sequence[Run]) -> Run:
        def rank(run: Run) -> tuple[bool, bool, int]:
            cued = self.mentions.cued_by(segment, run)
            return bool(self._fitting(run.words)), cued, run.start if len(run.readings[0]) > 1 else -1

        return max(found, key=rank)

    def _read_words(self, text: str) -> Reading | None:
        words = str(split(text))
        for candidate in (words, text.strip().lower()):
            found = self._pattern.search(candidate) if self._pattern is not None else None
            if found is not None and found.group():
                value = found.group(1) if found.re.groups else found.group()
                return Reading(value, Fit.VALID)
        return None
