"""Sessions and nodes survive JSON, and what is not theirs is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.test_sessions import NODE, SESSION
from voicebot.call.record import TransferOutcome
from voicebot.dialog.types import Comeback, HangUp, Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.store import Node, Session
from voicebot.store.session_json import dump_node, dump_session, load_node, load_session

plans = st.one_of(
    st.none(),
    st.builds(HangUp, st.text()),
    st.builds(
        Transfer,
        st.text(),
        st.sampled_from(TransferReason),
        st.text(),
        st.text(),
        st.lists(st.text()).map(tuple),
        st.booleans(),
    ),
)
sessions = st.builds(
    Session,
    call_id=st.text(),
    caller=st.text(),
    called=st.text(),
    started_at=st.floats(allow_nan=False, allow_infinity=False),
    gateway=st.text(),
    comeback=st.none() | st.sampled_from(Comeback),
    plan=plans,
    context_id=st.text(),
    attempts=st.integers(),
    env=st.dictionaries(st.text(), st.text()),
    contexts=st.dictionaries(st.text(), st.text()),
    customer=st.dictionaries(st.text(), st.text()),
    step=st.integers(),
    answered=st.text(),
    answer=st.none() | st.sampled_from(TransferOutcome),
)
nodes = st.builds(
    Node, name=st.text(), url=st.text(), calls=st.integers(), capacity=st.integers(), ready=st.booleans()
)


@given(sessions)
def test_every_session_survives_json(session: Session) -> None:
    """Reading gives what was written, whatever is in it."""
    assert load_session(dump_session(session)) == session


@given(nodes)
def test_every_node_survives_json(node: Node) -> None:
    """Reading gives what was written, whatever is in it."""
    assert load_node(dump_node(node)) == node


def test_keys_of_a_later_version_are_ignored() -> None:
    """While a deploy is under way the older process reads what the newer one added to."""
    assert load_session(json.dumps(json.loads(dump_session(SESSION)) | {"mood": "good"})) == SESSION
    assert load_node(json.dumps(json.loads(dump_node(NODE)) | {"gpu": 1})) == NODE


def test_keys_an_earlier_version_did_not_write_take_their_default() -> None:
    """A session written before all but its numbers, its start and its gateway existed is still one."""
    written = json.loads(dump_session(SESSION))
    for name in set(written) - {"v", "call_id", "caller", "called", "started_at", "gateway"}:
        del written[name]
    assert load_session(json.dumps(written)) == Session(
        SESSION.call_id, SESSION.caller, SESSION.called, SESSION.started_at, SESSION.gateway
    )


def test_a_later_format_is_refused_with_advice() -> None:
    """A format this version would misread is named, with what to do."""
    with pytest.raises(StoreError, match="finish the upgrade"):
        load_session(json.dumps(json.loads(dump_session(SESSION)) | {"v": 2}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "7",
        "[]",
        "{}",
        '{"v": "x"}',
        '{"v": 1}',
        json.dumps(json.loads(dump_session(SESSION)) | {"plan": {"do": "dance"}}),
        json.dumps(json.loads(dump_session(SESSION)) | {"plan": 7}),
        json.dumps(json.loads(dump_session(SESSION)) | {"comeback": "never"}),
        json.dumps(json.loads(dump_session(SESSION)) | {"env": []}),
    ],
)
def test_what_is_no_session_is_refused(text: str) -> None:
    """Foreign content under our keys is a StoreError that names the likely cause, never another exception."""
    with pytest.raises(StoreError, match="VOICEBOT_REDIS_URL"):
        load_session(text)
