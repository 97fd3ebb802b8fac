"""From what a gateway calls the caller to a telephone number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.crm.numbers import Number, parse


@pytest.mark.parametrize(
    ("caller", "region", "e164", "national"),
    [
        ("+14155552671", "US", "+14155552671", "4155552671"),
        ("+14155552671", "DE", "+14155552671", "4155552671"),
        ("(415) 555-2671", "US", "+14155552671", "4155552671"),
        ("14155552671", "US", "+14155552671", "4155552671"),
        ("14155552671", "DE", "+14155552671", "4155552671"),
        ("004930123456", "DE", "+4930123456", "30123456"),
        ("030 123456", "DE", "+4930123456", "30123456"),
        ("tel:+14155552671", "US", "+14155552671", "4155552671"),
        ("sip:+14155552671@sbc.example;user=phone", "US", "+14155552671", "4155552671"),
        ("+390236618300", "US", "+390236618300", "0236618300"),
        ("+1 415 555 2671 ext. 12", "US", "+14155552671", "4155552671"),
    ],
)
def test_number_is_found_in_what_gateways_send(caller: str, region: str, e164: str, national: str) -> None:
    """E.164, national, international prefix, without the plus, URIs and extensions all lead to the number."""
    assert parse(caller, region) == Number(e164=e164, national=national)


@pytest.mark.parametrize(
    "caller",
    [
        "",
        "anonymous",
        "Anonymous",
        "restricted",
        "unknown",
        "sip:anonymous@anonymous.invalid",
        "+266696687",
        "+7378742833",
        "911",
        "112",
        "12345",
        "1001",
        "+999123456789",
        "+1415555",
        "+" + "1" * 500,
        "5552671",
        "client:alice",
        "1-800-FLOWERS",
    ],
)
def test_what_is_no_number_is_none(caller: str) -> None:
    """Withheld, spelled-out withheld, short, internal, impossible and named callers have no number."""
    assert parse(caller, "US") is None


@given(st.text(max_size=80), st.sampled_from(("US", "DE", "IT", "ZZ")))
def test_any_text_is_a_number_or_none(caller: str, region: str) -> None:
    """Nothing a gateway may send raises."""
    number = parse(caller, region)
    assert number is None or (number.e164.startswith("+") and number.e164.endswith(number.national))
