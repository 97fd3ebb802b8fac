"""Whatever the way a value is said in, wherever it is cut, it comes back exactly."""

from __future__ import annotations

from functools import lru_cache
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.dialog.number_bot import SLOT, NumberTalk, dialog
from voicebot.dialog.engine import FileDialog
from voicebot.dialog.readings import NOTHING, Fit, Piece, Reading
from voicebot.dialog.schema import Slot
from voicebot.dialog.slots import SlotReader
from voicebot.testing.spoken_numbers import Letters, Way, groups, in_pieces, say_code, say_number, with_fillers

numbers = st.text("0123456789", min_size=3, max_size=10)
codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=10)
chance = st.randoms(use_true_random=False)


@lru_cache
def reader(length: int, alphabet: str = "digits") -> SlotReader:
    """A reader of values of one length."""
    return SlotReader("code", Slot.model_validate(SLOT | {"length": [length], "alphabet": alphabet}))


@lru_cache
def bot(length: int, alphabet: str = "digits", look_up: bool = True, confirm: str = "unsure") -> FileDialog:
    """A bot that wants such a value."""
    return dialog({"length": [length], "alphabet": alphabet, "confirm": confirm, "retries": 10}, look_up)


def heard(pieces: list[str], by: SlotReader) -> Reading:
    """What is read when each piece is kept for the next."""
    kept: Piece = NOTHING
    reading = None
    for piece in pieces:
        reading = by.read(piece, kept) or reading
        kept = reading.piece if reading is not None else kept
    assert reading is not None
    return reading


@given(numbers, st.sampled_from(Way), chance)
def test_a_number_comes_back_however_it_is_said(digits: str, way: Way, rng: Random) -> None:
    """It is among the candidates, and the value where there is no other of its length."""
    reading = heard([" ".join(with_fillers(say_number(digits, way, rng), rng))], reader(len(digits)))
    assert reading.fit is Fit.VALID
    assert digits in reading.candidates
    if not reading.others:
        assert reading.value == digits


@given(numbers, st.sampled_from([Way.DIGITS, Way.PAIRS, Way.REPEATS, Way.WRITTEN]), chance)
def test_a_number_said_plainly_is_the_likeliest(digits: str, way: Way, rng: Random) -> None:
    """Digit by digit, in pairs or doubled, the first reading is what was said."""
    assert heard([" ".join(say_number(digits, way, rng))], reader(len(digits))).value == digits


@given(codes, st.one_of(st.none(), st.sampled_from(Letters)), chance)
def test_a_code_comes_back_however_it_is_spelt(code: str, letters: Letters | None, rng: Random) -> None:
    """Letters alone, by name, by alphabet or explained, with digits between."""
    reading = heard([" ".join(with_fillers(say_code(code, rng, letters), rng))], reader(len(code), "both"))
    assert code in reading.candidates


@given(numbers, st.sampled_from(Way), st.integers(2, 4), chance)
def test_a_number_in_pieces_is_found(digits: str, way: Way, count: int, rng: Random) -> None:
    """Wherever the caller pauses for so long that the bot answers, the look-up gets the number in the end."""
    talk = NumberTalk(bot(len(digits)), {digits})
    for piece in in_pieces(with_fillers(say_number(digits, way, rng), rng), count, rng):
        talk.say(piece)
    assert talk.value == digits
    assert f"It is {' '.join(digits)}." in talk.answer


@given(codes, st.integers(2, 3), chance)
def test_a_code_in_pieces_is_found(code: str, count: int, rng: Random) -> None:
    """A pause between "b as in" and "bravo" does no harm either."""
    talk = NumberTalk(bot(len(code), "both"), {code})
    for piece in in_pieces(with_fillers(say_code(code, rng), rng), count, rng):
        talk.say(piece)
    assert talk.value == code


@given(st.text("0123456789", min_size=4, max_size=10), st.sampled_from([Way.DIGITS, Way.REPEATS]), chance)
def test_keys_and_voice_make_one_number(digits: str, way: Way, rng: Random) -> None:
    """Half of it spoken and half of it keyed, in either order."""
    cut = rng.randrange(2, len(digits) - 1)
    spoken_first, keyed_first = NumberTalk(bot(len(digits)), {digits}), NumberTalk(bot(len(digits)), {digits})
    spoken_first.say(" ".join(say_number(digits[:cut], way, rng)))
    spoken_first.press(digits[cut:])
    keyed_first.press(digits[:cut])
    keyed_first.say(" ".join(say_number(digits[cut:], way, rng)))
    assert (spoken_first.value, keyed_first.value) == (digits, digits)


@given(
    st.text("0123456789", min_size=4, max_size=10),
    st.sampled_from([2, 3]),
    st.sampled_from(["sorry", "no", "no, sorry", "I mean", "wait, no, it's", "make that"]),
    st.sampled_from([" ", ", ", "... "]),
    st.booleans(),
    chance,
)
def test_a_group_that_is_corrected_at_once_is_replaced(
    digits: str, size: int, word: str, between: str, split: bool, rng: Random
) -> None:
    """ "Four one five, sorry, four one six, two two", in one turn or in two, is 41622."""
    parts = groups(digits, size)
    at = rng.randrange(len(parts))
    place = rng.randrange(len(parts[at]))
    slip = rng.choice([digit for digit in "0123456789" if digit != parts[at][place]])
    wrong = parts[at][:place] + slip + parts[at][place + 1 :]

    def say(pieces: list[str]) -> str:
        return between.join(" ".join(say_number(piece, Way.DIGITS, rng)) for piece in pieces)

    before, after = say([*parts[:at], wrong]), f"{word} {say(parts[at:])}"
    talk = NumberTalk(bot(len(digits), look_up=False))
    if split:
        talk.say(before)
        talk.say(after)
    else:
        talk.say(f"{before}, {after}")
    for _ in range(6):
        if "Is it" in talk.answer and talk.value is None:
            # What was disputed is read back.
            talk.say("yes" if talk.answer.replace(",", "").endswith(f"Is it {' '.join(digits)}?") else "no")
    assert talk.value == digits


@given(st.text("0123456789", min_size=4, max_size=10), chance)
def test_a_digit_is_corrected_by_its_place(digits: str, rng: Random) -> None:
    """ "The third digit is eight" after the read-back changes that digit and no other."""
    names = ["first", "second", "third", "fourth"]
    at = rng.randrange(4)
    slip = rng.choice([digit for digit in "0123456789" if digit != digits[at]])
    right = digits[:at] + slip + digits[at + 1 :]
    talk = NumberTalk(bot(len(digits), look_up=False, confirm="always"))
    talk.say(" ".join(digits))
    talk.say(
        f"no, the {names[at]} {rng.choice(['digit', 'one', 'number'])} is {say_number(slip, Way.DIGITS, rng)[0]}"
    )
    talk.say("yes")
    assert talk.value == right
