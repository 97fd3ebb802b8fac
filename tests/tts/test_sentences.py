from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.tts.sentences import MAX_CHARACTERS, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello. How are you? Fine!", ("Hello.", "How are you?", "Fine!")),
        ("Dr. Smith is in. Mr. Jones is not.", ("Dr. Smith is in.", "Mr. Jones is not.")),
        ("It costs 12.50 euros. Thanks.", ("It costs 12.50 euros.", "Thanks.")),
        ("We open at 9 a.m. on weekdays. Come.", ("We open at 9 a.m. on weekdays.", "Come.")),
        ("Fruit, e.g. Apples, sells.", ("Fruit, e.g. Apples, sells.",)),
        ("Ask J. Smith. He knows.", ("Ask J. Smith.", "He knows.")),
        ("Take No. 5 there. No. 6 is gone.", ("Take No. 5 there.", "No. 6 is gone.")),
        ("Your order no. 1042 is here.", ("Your order no. 1042 is here.",)),
        ("I said no. 5 came.", ("I said no.", "5 came.")),
        ("Open 9 a.m. - 5 p.m. - 7 days.", ("Open 9 a.m. - 5 p.m. - 7 days.",)),
        ("Done. - Next.", ("Done.", "- Next.")),
        ("Mon.-Fri. 9 to 5. Come.", ("Mon.-Fri. 9 to 5.", "Come.")),
        ("Write to P.O. Box 12. Bye.", ("Write to P.O. Box 12.", "Bye.")),
        ("We close at 5 p.m. Bye.", ("We close at 5 p.m.", "Bye.")),
        ("Is it so? I said no. It is not.", ("Is it so?", "I said no.", "It is not.")),
        ("Write to jane.doe@example.com. Bye.", ("Write to jane.doe@example.com.", "Bye.")),
        ("See www.bot.example. Or call.", ("See www.bot.example.", "Or call.")),
        ('He said "Stop." Then he left.', ('He said "Stop."', "Then he left.")),
        ("Well... maybe. Really?! Yes.", ("Well... maybe.", "Really?!", "Yes.")),
        ("One line\nwrapped here. Two", ("One line wrapped here.", "Two")),
        ("We have:\n- red\n* blue\n 1. green", ("We have:", "- red", "* blue", "1. green")),
        ("Welcome\n## Prices\nare low", ("Welcome", "## Prices are low")),
        ("One -\n-5 degrees", ("One - -5 degrees",)),
        ("Ref. no. 42 is max. 5 kg, in 2 hrs. 30 mins.", ("Ref. no. 42 is max. 5 kg, in 2 hrs. 30 mins.",)),
        ("Ask Max. He knows.", ("Ask Max.", "He knows.")),
        ("We open at 9 a.m. PST. At 5 p.m. Ed goes.", ("We open at 9 a.m. PST.", "At 5 p.m.", "Ed goes.")),
        ("First paragraph\n\nSecond paragraph", ("First paragraph", "Second paragraph")),
        ("你好。再见。", ("你好。", "再见。")),
        ("  \n ", ()),
        ("... !? -", ()),
    ],
)
def test_text_is_cut_where_a_reader_would_pause(text: str, expected: tuple[str, ...]) -> None:
    """Sentence ends cut; abbreviations, decimals, times, initials and addresses do not."""
    assert sentences(text) == expected


def test_an_overlong_sentence_is_cut_at_a_clause() -> None:
    """A sentence beyond the bound is cut behind a comma where one is near the bound."""
    text = f"{'a' * 150}, {'b' * 120}, {'c' * 100}"
    assert sentences(text) == (f"{'a' * 150}, {'b' * 120},", "c" * 100)


def test_a_word_without_spaces_is_cut_at_the_bound() -> None:
    """Even a text with no place to cut comes in bounded pieces, with nothing lost."""
    pieces = sentences("x" * 1000)
    assert "".join(pieces) == "x" * 1000
    assert max(map(len, pieces)) == MAX_CHARACTERS


@given(st.text(max_size=1500))
def test_any_text_gives_bounded_pieces_that_stay_whole(text: str) -> None:
    """No piece is empty or over-long, no letter is lost, and cutting a piece again gives the piece."""
    pieces = sentences(text)
    assert all(0 < len(piece) <= MAX_CHARACTERS for piece in pieces)
    assert [c for c in "".join(pieces) if c.isalnum()] == [c for c in text if c.isalnum()]
    for piece in pieces:
        assert sentences(piece) == (piece,)
