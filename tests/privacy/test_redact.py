from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.record import Disposition, EndEntry, Speaker, TroubleEntry, TurnEntry
from voicebot.dialog.checksums import holds
from voicebot.privacy.find import IBAN_LENGTHS, find
from voicebot.privacy.marks import Mark
from voicebot.privacy.redact import CallRedactor, Redactor

EVERYTHING = Redactor(tuple(Mark))
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spoken(digits: str) -> str:
    return " ".join(DIGITS[int(digit)] for digit in digits)


def turn(text: str, *, keys: str = "", speaker: Speaker = Speaker.CALLER, **slots: str) -> TurnEntry:
    return TurnEntry(0, speaker, text, 0.0, 1.0, keys=keys, slots=slots)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my card is 4111 1111 1111 1111 thanks", "my card is [card] thanks"),
        (f"it's {spoken('5555555555554444')} okay", "it's [card] okay"),
        ("4111111111111111 expires 12 27, the code is 123", "[card] expires [number], the code is 123"),
        ("the IBAN is DE89 3704 0044 0532 0130 00 please", "the IBAN is [iban] please"),
        ("GB29NWBK60161331926819", "[iban]"),
        (f"d e {spoken('89370400440532013000')}", "[iban]"),
        ("ada.lovelace+shop@example.co.uk, that's me", "[email], that's me"),
        ("write to ada dot lovelace at example dot co dot uk please", "write to [email] please"),
        ("my social is 123-45-6789", "my social is [national id]"),
        (f"my social security number is {spoken('123456789')}", "my social security number is [national id]"),
        ("national insurance AB 12 34 56 C", "national insurance [national id]"),
        ("call me on 555 0100", "call me on [number]"),
        ("plus four nine one seven two double three five", "plus [number]"),
        ("my pin is one two", "my pin is [number]"),
        ("İnci's card is 4111111111111111 thanks", "İnci's card is [card] thanks"),
        ("٤١١١ ١١١١ ١١١١ ١١١١", "[card]"),
        ("4111\u200b1111\u20111111_1111", "[card]"),
        ("my pin is 10:30", "my pin is [number]"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(said: str, kept: str) -> None:
    """Cards, IBANs, addresses, ids and long numbers go, spoken or written; the words around them stay."""
    assert EVERYTHING.text(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "where is my order",
        "in 2025 I paid $120.50 for two of them",
        "it was one hundred and twenty five thousand dollars",
        "I waited thirty days, since 2019",
        "meet me at noon, look at this dot",
        "my number is four one five",
        "at ten thirty, or 10:45, or twelve fifteen pm",
        "from 9:00 to 17:30",
        "",
    ],
)
def test_ordinary_sentences_stay_as_they_are(said: str) -> None:
    """Amounts, years, short numbers and words that look a little like an address are not personal."""
    assert EVERYTHING.text(said) == said


def test_a_number_the_dialog_asked_for_stays() -> None:
    """The order number is what the call is about; the telephone number beside it is not."""
    entry = turn("order one two three four, call me on 555 0100", order_number="1234")
    assert EVERYTHING.entry(entry) == turn("order one two three four, call me on [number]", order_number="1234")


def test_a_piece_of_an_asked_number_stays() -> None:
    """A long order number said in two halves is readable in both turns once it is known."""
    assert EVERYTHING.text("it begins with 4156", {"order": "41567890"}) == "it begins with 4156"


def test_a_card_goes_even_if_a_slot_holds_it() -> None:
    """A slot that was meant for something else does not bring a card number into the record."""
    assert EVERYTHING.text("4111 1111 1111 1111", {"order": "4111111111111111"}) == "[card]"


def test_a_slot_that_takes_a_whole_sentence_keeps_nothing_personal() -> None:
    """What it holds is cleaned like all that was said, and makes no number one that was asked for."""
    said_so = "it broke, call me on 555 0100"
    entry = turn(said_so, reason=said_so, order="1234")
    kept = "it broke, call me on [number]"
    assert EVERYTHING.entry(entry) == turn(kept, reason=kept, order="1234")


def test_a_private_slot_leaves_only_its_name() -> None:
    """The value of a private slot is neither in the slots, nor in the words, the keys or the summary."""
    redactor = Redactor(tuple(Mark), private=["pin"])
    assert redactor.entry(turn("it is 81", pin="81")) == turn("it is [pin]", pin="[pin]")
    assert redactor.entry(turn("", keys="81#", pin="81")) == turn("", keys="[pin]", pin="[pin]")
    end = EndEntry(9.0, Disposition.COMPLETED, "goodbye", "pay", 1.0, {"pin": "81"}, "Paid with 81.")
    kept = redactor.entry(end)
    assert isinstance(kept, EndEntry)
    assert (kept.summary, kept.slots) == ("Paid with [pin].", {"pin": "[pin]"})


def test_keys_of_a_menu_stay_and_a_keyed_number_goes() -> None:
    """One key is a choice; four and more that nobody asked for are a secret."""
    assert EVERYTHING.entry(turn("", keys="2#")) == turn("", keys="2#")
    assert EVERYTHING.entry(turn("", keys="4711#")) == turn("", keys="[number]")
    assert EVERYTHING.entry(turn("", keys="4711#", order="4711")) == turn("", keys="4711#", order="4711")


def test_the_bot_may_say_the_number_of_the_shop() -> None:
    """Our own sentences keep numbers and addresses, but never a card."""
    said = turn("Write to help@shop.example or call 555 0100, not 4111 1111 1111 1111.", speaker=Speaker.BOT)
    assert EVERYTHING.entry(said) == turn(
        "Write to help@shop.example or call 555 0100, not [card].", speaker=Speaker.BOT
    )


def test_only_the_chosen_kinds_are_replaced() -> None:
    """Who keeps telephone numbers on purpose still loses no card to the record."""
    redactor = Redactor([Mark.CARD])
    assert redactor.text("555 0100, ada@x.org, 4111111111111111") == "555 0100, ada@x.org, [card]"
    assert Redactor([]).text("4111111111111111") == "4111111111111111"


def test_trouble_is_kept_as_it_is() -> None:
    """Entries without the caller's words pass."""
    trouble = TroubleEntry(1.0, "lookup", "HTTP 500")
    assert EVERYTHING.entry(trouble) is trouble


@given(st.integers(13, 19), st.integers(0, 2**32), st.booleans())
def test_no_card_number_survives(length: int, seed: int, aloud: bool) -> None:
    """Any number with a right check digit is found, in digits and in words."""
    draw = random.Random(seed)
    digits = str(draw.randint(2, 6)) + "".join(str(draw.randrange(10)) for _ in range(length - 2))
    card = next(digits + check for check in map(str, range(10)) if holds("luhn", digits + check))
    # Not "it is": with IS before it, one number in a hundred is an Icelandic account as well.
    assert EVERYTHING.text(f"it was {spoken(card) if aloud else card} thanks") == "it was [card] thanks"


@given(st.text(max_size=200))
def test_findings_lie_in_the_text_and_never_overlap(text: str) -> None:
    """Whatever a recogniser writes, the findings are in order and apart."""
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))


@given(st.text(alphabet="0123456789 abdeor.@-", max_size=80))
def test_what_was_redacted_needs_no_redaction_again(text: str) -> None:
    """Redacting twice is redacting once, so that every edge may do it without asking."""
    once = EVERYTHING.text(text)
    assert EVERYTHING.text(once) == once


def test_iban_lengths_are_those_of_the_register() -> None:
    """A few that are well known."""
    assert [IBAN_LENGTHS[country] for country in ("NO", "BE", "DE", "GB", "FR", "MT")] == [15, 16, 22, 22, 27, 31]


def said(text: str, at: float, *, keys: str = "", speaker: Speaker = Speaker.CALLER, **slots: str) -> TurnEntry:
    return TurnEntry(0, speaker, text, at, at + 1.0, keys=keys, slots=slots)


def turn_of(call: CallRedactor, entry: TurnEntry) -> TurnEntry:
    kept = call.entry(entry)
    assert isinstance(kept, TurnEntry)
    return kept


def test_pieces_of_a_private_value_are_hidden_too() -> None:
    """While the PIN is asked for, halves of it, spelt letters and keys are hidden; other words stay."""
    call = CallRedactor(Redactor(tuple(Mark), private=["pin"]))
    call.watch(private=True, now=5.0)
    assert call.entry(said("it is four one", 6.0)) == said("[private]", 6.0)
    assert call.entry(said("b as in bravo, k", 6.0)) == said("[private]", 6.0)
    assert call.entry(said("", 6.0, keys="41")) == said("", 6.0, keys="[private]")
    assert call.entry(said("I want a person", 6.0)) == said("I want a person", 6.0)
    call.watch(private=False, now=9.0)
    assert call.entry(said("two of them", 10.0)) == said("two of them", 10.0)
    assert call.entry(said("it is four one", 7.0)) == said("[private]", 7.0)


def test_a_private_value_stays_hidden_however_it_is_read_out() -> None:
    """The bot's read-back, the caller's repetition and the summary do not give it away later in the call."""
    call = CallRedactor(Redactor([], private=["pin"]))
    assert call.entry(said("it is 4157", 1.0, pin="4157")) == said("it is [pin]", 1.0, pin="[pin]")
    back = said("I heard 4 1, 5 7. Is that right?", 3.0, speaker=Speaker.BOT)
    assert call.entry(back) == said("I heard [private]. Is that right?", 3.0, speaker=Speaker.BOT)
    assert call.entry(said("yes, four one five seven", 5.0)) == said("yes, [private]", 5.0)
    end = EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 1.0, {}, "Gave the code 41 57, asked for 3 items.")
    kept = call.entry(end)
    assert isinstance(kept, EndEntry)
    assert kept.summary == "Gave the code [private], asked for 3 items."


def test_a_read_back_does_not_give_away_what_was_taken_out() -> None:
    """A card that was misheard is no card any more, and would stand in the bot's question."""
    call = CallRedactor(Redactor(tuple(Mark)))
    assert turn_of(call, said("it is 4111 1111 1111 111", 1.0)).text == "it is [number]"
    back = said("I heard 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1. Is that right?", 3.0, speaker=Speaker.BOT)
    assert turn_of(call, back).text == "I heard [number]. Is that right?"
    assert turn_of(call, said("", 5.0, keys="55501234#")).keys == "[number]"
    assert turn_of(call, said("I heard 5 5 5 0 1, 2 3 4.", 7.0, speaker=Speaker.BOT)).text == "I heard [number]."


def test_a_read_back_of_what_the_call_is_about_stays() -> None:
    """The order number, also one that became known only later; and what the shop says of its own."""
    call = CallRedactor(Redactor(tuple(Mark)))
    assert turn_of(call, said("one two three four", 1.0)).text == "[number]"
    own = said("Call 555 0100, please.", 2.0, speaker=Speaker.BOT)
    assert call.entry(own) == own
    assert turn_of(call, said("yes", 3.0, order="1234")).text == "yes"
    back = said("Order 1 2 3 4 has been shipped.", 4.0, speaker=Speaker.BOT)
    assert call.entry(back) == back


@pytest.mark.parametrize(
    "piece", ["DE12 ", "AB 12 ", "a dot ", "w", "1", "oh ", "password is 1 x ", "123-45-", "a at a dash "]
)
def test_a_text_made_to_be_slow_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    """Twice the text takes about twice as long, not four times; agents may write thousands of characters."""
    short = min(_seconds(piece, 4_000) for _ in range(3))
    # Read again only where something else was in the way.
    assert any(_seconds(piece, 16_000) < 10 * short + 0.05 for _ in range(3))


def _seconds(piece: str, length: int) -> float:
    text = (piece * length)[:length]
    begun = time.thread_time()
    find(text)
    return time.thread_time() - begun
