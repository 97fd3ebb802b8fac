"""Check digits find what cannot be right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.checksums import Checksum, holds

RIGHT: list[tuple[Checksum, str]] = [
    ("luhn", "79927398713"),
    ("luhn", "4111111111111111"),
    ("ean", "4006381333931"),
    ("ean", "73513537"),
    ("mod11", "0306406152"),
    ("mod11", "097522980X"),
    ("mod11", "9434765919"),
    ("mod97", "5493001KJTIIGC8Y1R12"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "DE89370400440532013000"),
]


@pytest.mark.parametrize(("checksum", "value"), RIGHT)
def test_published_numbers_pass(checksum: Checksum, value: str) -> None:
    """The examples of the standards are right."""
    assert holds(checksum, value)


@given(st.sampled_from(RIGHT), st.data())
def test_one_wrong_digit_is_found(right: tuple[Checksum, str], data: st.DataObject) -> None:
    """No rule lets a single other digit pass."""
    checksum, value = right
    at = data.draw(st.sampled_from([index for index, character in enumerate(value) if character.isdigit()]))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != value[at]]))
    assert not holds(checksum, value[:at] + other + value[at + 1 :])


@given(st.sampled_from([rule for rule, _ in RIGHT]), st.text(max_size=30))
def test_any_text_is_judged(checksum: Checksum, text: str) -> None:
    """Whatever was heard, there is an answer."""
    assert holds(checksum, text) in (True, False)


@pytest.mark.parametrize("checksum", ["luhn", "ean", "mod11", "mod97", "iban"])
def test_nothing_is_not_right(checksum: Checksum) -> None:
    """An empty value passes no rule."""
    assert not holds(checksum, "")
