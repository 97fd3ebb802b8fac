"""Reading hooks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.house import CALL, body
from voicebot.web.incoming import BadHook, Hook, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "call_sid parent_call_sid from to direction call_status verb_id dial_call_status dial_sip_status "
    "env_vars customerData target sip defaults"
)
FIELDS = st.sampled_from(NAMES.split())


def read(**fields: Any) -> Hook:
    return parse(json.dumps(body(**fields)).encode())


def test_takes_what_the_server_sends() -> None:
    """The fields we use come through; the many others are ignored."""
    hook = read(sip={"raw": "INVITE …"}, defaults={}, env_vars={"GREETING": "Hi", "RETRIES": 2, "ON": True})
    assert (hook.call_id, hook.caller, hook.called) == (CALL, "+15551230001", "+15559870002")
    assert hook.env == {"GREETING": "Hi", "RETRIES": "2", "ON": "true"}


def test_a_hidden_or_missing_caller_is_no_mistake() -> None:
    """Trunks send "anonymous", null, or nothing."""
    assert read(from_="anonymous").caller == "anonymous"
    assert read(from_=None).caller == ""
    assert parse(b'{"call_sid":"a","from":null}').caller == ""


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "call_sid"),
        (b'{"call_sid":null}', "call_sid"),
        (b'{"call_sid":7}', "call_sid"),
        (b'{"call_sid":""}', "call_sid"),
        (b'{"call_sid":"a/../b"}', "call_sid"),
        (b'{"call_sid":"a\\u0000"}', "call_sid"),
        (b'{"call_sid":"a","from":5}', "from"),
        (b'{"call_sid":"a","to":["x"]}', "to"),
        (b'{"call_sid":"a","call_status":{}}', "call_status"),
        (b'{"call_sid":"a","parent_call_sid":1}', "parent_call_sid"),
        (b'{"call_sid":"a","dial_sip_status":"soon"}', "dial_sip_status"),
        (b'{"call_sid":"a","dial_sip_status":true}', "dial_sip_status"),
        (b'{"call_sid":"a","dial_sip_status":NaN}', "dial_sip_status"),
        (b'{"call_sid":"a","env_vars":[]}', "env_vars"),
        (b'{"call_sid":"a","env_vars":{"X":{}}}', "env_vars.X"),
        (b'{"call_sid":"a","env_vars":{"X Y":"1"}}', "env_vars.X Y"),
    ],
)
def test_names_the_field_that_is_wrong(raw: bytes, field: str) -> None:
    """Whoever sent it learns where to look."""
    with pytest.raises(BadHook) as bad:
        parse(raw)
    assert bad.value.field == field


def test_customer_data_of_any_shape_is_tolerated() -> None:
    """Other applications attach what they like; we take the flat part."""
    assert read(customerData=["x"]).customer == {}
    assert read(customerData={"target": "billing", "nested": {}}).customer == {"target": "billing"}


@given(st.dictionaries(FIELDS, VALUES, max_size=6))
def test_any_object_is_read_or_refused(fields: dict[str, Any]) -> None:
    """No JSON object crashes the reader, and nothing unprintable gets through."""
    try:
        hook = parse(json.dumps({"call_sid": "a", **fields}).encode())
    except BadHook:
        return
    texts = [hook.caller, hook.called, hook.status, hook.target, *hook.env.values(), *hook.customer.values()]
    assert all(text.isprintable() for text in texts)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(raw: bytes) -> None:
    """Noise is answered with a message naming the field."""
    with pytest.raises(BadHook, match=r"^(body|call_sid): "):
        parse(raw)
