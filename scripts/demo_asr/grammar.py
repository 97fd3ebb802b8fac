"""The sentences of the demo's callers: as Whisper would write them, and as a voice is to say them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from scripts.demo_asr.digits import amounts, cardinal, digits_with_run, ordinal, random_digits, spell

_TEMPLATES = Path(__file__).parent / "sentences.txt"
_DIALOG = Path(__file__).parents[2] / "config" / "dialog.yaml"

_FROM_DIALOG = 0.12
"""Share of the sentences that are the dialog file's own phrases."""

_GENERAL = 0.12
"""Share of sentences about anything else, so that the model does not hear an order in everything."""

_HALVES = 0.1
"""Share of the sentences of which only a beginning or an end is said: what a caller's pause leaves to be heard."""

_BEGINNINGS = 0.6
_LONGEST = 95
"""Letters; a slow voice needs eight seconds for them, and the model's window is ten."""

_WORDS = 5
_DIGITS = 4
"""Least words or digits of a held-out sentence; there are too few shorter ones to keep any from training."""

_FIRST = [
    "John", "Mary", "Sarah", "David", "Michael", "Emma", "James", "Robert", "Linda", "Anna", "Peter", "Paul",
    "Susan", "Karen", "Lisa", "Tom", "Alice", "Bob", "Kevin", "Brian", "Laura", "Julia", "Mark", "Daniel",
    "Maria", "Steven", "George", "Nancy", "Helen", "Jack", "Emily", "Kate", "Sam", "Alex", "Ben", "Chris",
    "Diana", "Frank", "Grace", "Henry",
]  # fmt: skip
_LAST = [
    "Smith", "Johnson", "Brown", "Miller", "Davis", "Wilson", "Taylor", "Anderson", "Thomas", "Moore", "Martin",
    "Jackson", "Thompson", "White", "Harris", "Clark", "Lewis", "Walker", "Hall", "Young", "King", "Wright",
    "Green", "Baker", "Adams", "Nelson", "Carter", "Mitchell", "Turner", "Parker", "Collins", "Morris", "Cook",
    "Rogers", "Reed", "Bell",
]  # fmt: skip
_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_WHEN = [
    "yesterday", "last week", "last month", "two days ago", "three weeks ago", "last Friday", "last Tuesday",
    "this morning", "next week", "next Monday", "tomorrow", "today",
]  # fmt: skip
_PRODUCTS = [
    "laptop", "phone", "headphones", "keyboard", "printer", "monitor", "camera", "tablet", "jacket", "shoes",
    "coffee maker", "router", "charger", "watch", "speaker", "television", "backpack", "blender", "microphone",
    "lamp", "chair", "desk", "mattress", "dress", "shirt", "pair of boots", "book", "toaster", "vacuum cleaner",
    "game console", "battery", "cable", "mouse", "sofa", "bike", "helmet", "tent", "ring",
]  # fmt: skip
_PLURALS = ("headphones", "shoes")
_WHO = [
    "the man", "the woman", "my brother", "my sister", "the teacher", "our neighbor", "the doctor",
    "a small dog", "the old cat", "the children", "some people", "the driver", "the king", "a young girl",
    "the farmer", "my friend", "the artist", "the captain", "the student", "the river", "a bird", "the train",
    "the sun", "her mother", "his father", "the president", "the company", "the city", "the team", "everyone",
    "nobody", "she", "he", "they", "we",
]  # fmt: skip
_DID = [
    "walked to", "looked at", "talked about", "found", "lost", "painted", "remembered", "forgot", "watched",
    "carried", "opened", "closed", "broke", "built", "wrote about", "dreamed of", "waited for", "laughed at",
    "listened to", "ran away from", "jumped over", "lived near", "played with", "sang about", "learned about",
    "helped", "followed", "visited", "cleaned", "described", "drew", "liked", "wanted", "needed", "saw",
    "heard",
]  # fmt: skip
_WHAT = [
    "the house", "the mountain", "a green tree", "the blue sky", "the kitchen", "a loud noise", "the window",
    "the bridge", "the garden", "an old song", "the school", "the story", "a piece of bread", "the ocean",
    "a bottle of water", "the hospital", "the museum", "a letter", "the newspaper", "the moon", "the stars",
    "the fire", "a horse", "the airport", "the village", "a big fish", "the church", "the road", "the wall",
    "the table", "a cup of tea", "the forest", "the island", "a strange dream", "the question", "the answer",
    "the game", "the music", "a picture", "the future",
]  # fmt: skip
_HOW = [
    "", "", "", "", " in the morning", " at night", " before dinner", " after work", " last summer",
    " every day", " with great care", " in the rain", " near the lake", " without a word", " for a long time",
    " again and again", " on the way home", " as usual", " in the winter", ", but nobody cared",
    " and then went home", " because it was late", " when the bell rang",
]  # fmt: skip
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""In front of a number; without the two that sound or look like digits."""

_QUESTION = re.compile(
    r"((hi|hello|um|yes),? )?(where|what|when|can|could|how|is|are|do|does|will|has|why|who|am|pardon|sorry$)\b",
    re.I,
)
_CHOICE = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One utterance. text: as it is to be written. spoken: what the voice reads. kind: intent, or "general"."""

    text: str
    spoken: str
    kind: str


class Grammar:
    """An endless supply of sentences.

    dialog: the dialog file whose phrases are said too. general: share of sentences about anything else.
    """

    def __init__(self, dialog: Path = _DIALOG, general: float = _GENERAL) -> None:
        self._groups = list(_groups(_TEMPLATES.read_text(encoding="utf-8")))
        self._phrases = list(_phrases(yaml.safe_load(dialog.read_text(encoding="utf-8"))))
        self._always = {_expand(phrase + "~", kind, Random(0)).text for kind, phrase in self._phrases}
        self._general = general

    def sentence(self, rng: Random, held_out: bool = False, kinds: Container[str] = ()) -> Sentence:
        """One sentence by chance, short enough for the model's window, to train on or held out from that.

        kinds: the only ones wanted; none named, all are.
        """
        while True:
            sentence = self._any(rng)
            wanted = not kinds or sentence.kind in kinds
            if wanted and len(sentence.spoken) <= _LONGEST and self.is_held_out(sentence.text) == held_out:
                return sentence

    def is_held_out(self, text: str) -> bool:
        """Whether a sentence is kept from training: one in sixteen, but no short answer and no dialog phrase."""
        long = len(text.split()) >= _WORDS or sum(letter.isdigit() for letter in text) >= _DIGITS
        return long and text not in self._always and zlib.crc32(text.encode()) % 16 == 0

    def _any(self, rng: Random) -> Sentence:
        if rng.random() < _HALVES:
            return self._half(rng)
        return self._whole(rng)

    def _half(self, rng: Random) -> Sentence:
        """The beginning or the end of a sentence that is not held out and is written as it is said."""
        while True:
            sentence = self._whole(rng)
            words = sentence.spoken.split()
            plain = sentence.text.rstrip("?.") == _capital(sentence.spoken)
            if plain and len(words) >= 4 and not self.is_held_out(sentence.text):
                break
        cut = rng.randrange(2, len(words) - 1)
        if rng.random() < _BEGINNINGS:
            said, end = " ".join(words[:cut]).rstrip(","), "."
        else:
            said, end = " ".join(words[cut:]), sentence.text[-1]
        return Sentence(_capital(said) + end, said, "half")

    def _whole(self, rng: Random) -> Sentence:
        if rng.random() < self._general:
            told = f"{rng.choice(_WHO)} {rng.choice(_DID)} {rng.choice(_WHAT)}{rng.choice(_HOW)}"
            return Sentence(_capital(told) + ".", told, "general")
        if rng.random() < _FROM_DIALOG:
            kind, phrase = rng.choice(self._phrases)
            return _expand(phrase + "~", kind, rng)
        kind, templates = rng.choices([(k, t) for k, _, t in self._groups], [w for _, w, _ in self._groups])[0]
        return _expand(rng.choice(templates), kind, rng)


def _groups(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """(intent, weight, templates) for every section of the template file."""
    for section in re.split(r"^\[(?=\w+ \d+\]$)", text, flags=re.M)[1:]:
        head, *lines = section.splitlines()
        kind, weight = head.rstrip("]").split()
        yield kind, int(weight), [line for line in lines if line.strip()]


def _phrases(dialog: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(intent, phrase) as the dialog file has them, with its order number as a slot of ours."""
    named = [(kind, intent.get("phrases", [])) for kind, intent in dialog["intents"].items()]
    named += [("unknown_number", slot.get("unknown_phrases", [])) for slot in dialog["slots"].values()]
    for kind, phrases in named:
        for phrase in phrases:
            words = str(phrase).replace("{order_number}", "{ord}")
            yield kind, re.sub(r"^(yes|no|thanks|thank you|sorry|okay|great|perfect) (?!thanks\b)", r"\1, ", words)


def _expand(template: str, kind: str, rng: Random) -> Sentence:
    words = template
    while choice := _CHOICE.search(words):
        words = words[: choice.start()] + rng.choice(choice[1].split("|")) + words[choice.end() :]
    asks = words.endswith("~") and _QUESTION.match(words)
    end = {"~": "?" if asks else ".", "?": "?", ".": "."}.get(words[-1], ".")
    words = words.rstrip("~?.")
    text, spoken, at = "", "", 0
    for slot in _SLOT.finditer(words):
        written, said = _SLOTS[slot[1]](rng)
        text += words[at : slot.start()] + written
        spoken += words[at : slot.start()] + said
        at = slot.end()
    text, spoken = _tidy(text + words[at:]), _tidy(spoken + words[at:])
    spoken = re.sub(r"\bORD\b", "O R D", spoken)
    return Sentence(_capital(text) + ("" if text.endswith(".") else end), spoken, kind)


def _tidy(words: str) -> str:
    return re.sub(r"\s+", " ", words).replace(" ,", ",").strip()


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _same(choose: Callable[[Random], str]) -> Callable[[Random], tuple[str, str]]:
    """A slot written as it is said."""

    def both(rng: Random) -> tuple[str, str]:
        word = choose(rng)
        return word, word

    return both


def _digits(*counts: int) -> Callable[[Random], tuple[str, str]]:
    def slot(rng: Random) -> tuple[str, str]:
        digits = random_digits(rng, rng.choice(counts))
        return digits, spell(digits, rng)

    return slot


def _run(rng: Random) -> tuple[str, str]:
    """A number in which one digit is said three times in a row, or more often."""
    digits = digits_with_run(rng, rng.choice([5, 6, 6, 7, 8]), rng.choice([3, 3, 3, 4, 4, 5]))
    return digits, spell(digits, rng)


def _amounts(rng: Random) -> tuple[str, str]:
    """A number as "eight hundred and five, one hundred and three", or as so many thousands."""
    digits = random_digits(rng, rng.choice([3, 4, 5, 6, 6, 6]))
    return digits, amounts(digits, rng)


def _halted(rng: Random) -> tuple[str, str]:
    """The beginning of a number, up to a "double" whose digit comes after a pause."""
    digits = random_digits(rng, rng.choice([1, 2, 3, 4, 4, 5]))
    word = rng.choice(["double", "double", "double", "triple"])
    return f"{digits} {word}", f"{spell(digits, rng)} {word}"


def _code(rng: Random) -> tuple[str, str]:
    """One to three letters in front of a number."""
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.choice([1, 2, 2, 3])))
    digits = random_digits(rng, rng.choice([3, 4, 4, 5, 6]))
    return f"{letters} {digits}", f"{' '.join(letters)}{rng.choice([' ', ', '])}{spell(digits, rng)}"


def _order(rng: Random) -> tuple[str, str]:
    """An order number as the demo shop has them: bare, after ORD, now and then after other letters."""
    digits, said = _digits(4, 4, 4, 6, 6, 5, 3)(rng)
    way = rng.random()
    if way < 0.55:
        return digits, said
    if way < 0.92:
        return f"ORD {digits}", f"O R D{rng.choice([' ', ' ', ', '])}{said}"
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.choice([1, 2])))
    return f"{letters} {digits}", f"{' '.join(letters)} {said}"


def _phone(rng: Random) -> tuple[str, str]:
    digits = random_digits(rng, rng.choice([7, 10]))
    groups = [digits[:3], digits[3:6], digits[6:]] if len(digits) == 10 else [digits[:3], digits[3:]]
    return digits, ", ".join(" ".join(cardinal(int(digit)) for digit in group) for group in groups)


def _amount(rng: Random) -> tuple[str, str]:
    whole = rng.choice([rng.randint(2, 99), rng.randint(1, 20) * 10, rng.randint(1, 9) * 100])
    if rng.random() < 0.75:
        return f"${whole}", f"{cardinal(whole)} dollars"
    cents = rng.randint(10, 99)
    return f"${whole}.{cents}", f"{cardinal(whole)} dollars and {cardinal(cents)} cents"


def _date(rng: Random) -> tuple[str, str]:
    if rng.random() < 0.5:
        month, (written, said) = rng.choice(_MONTHS), ordinal(rng.randint(1, 30))
        return f"{month} {written}", f"{month} {said}"
    day = rng.choice(_DAYS if rng.random() < 0.6 else _WHEN)
    return day, day


def _time(rng: Random) -> tuple[str, str]:
    hour, half = rng.randint(1, 12), rng.random() < 0.3
    written, said = rng.choice([("a.m.", "A M"), ("p.m.", "P M")])
    return f"{hour}{':30' if half else ''} {written}", f"{cardinal(hour)}{' thirty' if half else ''} {said}"


def _email(rng: Random) -> str:
    name = rng.choice(_FIRST).lower() + (f" dot {rng.choice(_LAST).lower()}" if rng.random() < 0.4 else "")
    return (
        f"{name} at {rng.choice(['gmail', 'yahoo', 'outlook', 'example'])} dot {rng.choice(['com', 'org', 'net'])}"
    )


def _letters(rng: Random) -> tuple[str, str]:
    name = rng.choice(_FIRST + _LAST).upper()
    return "-".join(name), " ".join(name)


def _murmur(rng: Random) -> tuple[str, str]:
    """A listener's sound, mostly spelt for the voices so that they hum it instead of reading its letters."""
    return rng.choice([("Mhm", "um hum"), ("Mhm", "Mhm"), ("Uh-huh", "uh huh"), ("Hmm", "hum")])


def plural(product: str) -> str:
    """Several of a product."""
    if product.startswith("pair of "):
        return product.replace("pair", "pairs", 1)
    if product.endswith("y"):
        return product[:-1] + "ies"
    if product in _PLURALS:
        return product
    return product + ("es" if product.endswith(("s", "ch")) else "s")


def _house(rng: Random) -> tuple[str, str]:
    number = rng.randint(11, 999)
    return str(number), cardinal(number)


_SLOTS: dict[str, Callable[[Random], tuple[str, str]]] = {
    "num": _digits(4, 4, 4, 4, 6, 6, 6, 5, 5, 3, 7, 8),
    "run": _run,
    "amounts": _amounts,
    "halted": _halted,
    "code": _code,
    "part": _digits(1, 1, 2, 2, 3, 3),
    "ord": _order,
    "acct": _digits(4, 5, 6, 8),
    "zip": _digits(5),
    "phone": _phone,
    "amt": _amount,
    "date": _date,
    "time": _time,
    "email": _same(_email),
    "spell": _letters,
    "hm": _murmur,
    "A": _house,
    "D": lambda rng: ordinal(rng.randint(1, 30)),
    "small": _same(lambda rng: cardinal(rng.randint(2, 12))),
    "prods": _same(lambda rng: plural(rng.choice(_PRODUCTS))),
    "prod": _same(lambda rng: rng.choice(_PRODUCTS)),
    "fn": _same(lambda rng: rng.choice(_FIRST)),
    "ln": _same(lambda rng: rng.choice(_LAST)),
    "day": _same(lambda rng: rng.choice(_DAYS)),
    "mon": _same(lambda rng: rng.choice(_MONTHS)),
}
