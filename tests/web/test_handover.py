"""What travels to the person who takes the call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.web.house import BILLING, DESK, RECEPTION
from voicebot.web.handover import context_headers, header_value


def test_the_id_travels_in_three_ways() -> None:
    """A softphone, a PBX and a desktop each find it where they look."""
    headers = context_headers(RECEPTION, "ab12", "https://bot.example")
    assert headers["X-Voicebot-Call"] == "ab12"
    assert headers["Call-Info"] == "<https://bot.example/agent/calls/ab12>;purpose=info"
    value, encoding = headers["User-to-User"].split(";")
    assert encoding == "encoding=hex"
    assert bytes.fromhex(value) == b"\x04ab12"


def test_user_to_user_fits_isdn() -> None:
    """RFC 7434 allows 128 octets; an id of 128 bits takes 33."""
    value = context_headers(DESK, "f" * 32, "https://bot.example")["User-to-User"].split(";")[0]
    assert len(bytes.fromhex(value)) <= 128


def test_a_phone_number_gets_none() -> None:
    """Carriers on the way need not know."""
    assert context_headers(BILLING, "ab12", "https://bot.example") == {}


@given(st.text(max_size=400))
def test_a_header_value_is_one_line_of_printable_ascii(text: str) -> None:
    """Nothing can end the line and begin a header of its own."""
    value = header_value(text)
    assert len(value) <= 255
    assert all(" " <= character <= "~" for character in value)
