"""Whatever the gateway tells, in whatever order: an answer it accepts, and no caller in silence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web import house as houses
from tests.web.house import TARGETS, House
from voicebot.dialog.types import Transfer, TransferReason
from voicebot.testing.jambonz_validate import read_reply

NAMES = sorted(TARGETS)
IDS = itertools.count()
ENDS_IN = ("listen", "hangup", "enqueue", "redirect", "dequeue", "leave", "pause", "play", "dial")
"""Verbs after which somebody is there, is waiting with something to hear, or the call is over."""

plans = st.builds(
    Transfer,
    st.sampled_from([*NAMES, "somebody who left"]),
    st.sampled_from(TransferReason),
    st.sampled_from(["", "About order 1234."]),
    st.sampled_from(["", "vip"]),
    st.lists(st.sampled_from(NAMES), max_size=4).map(tuple),
    st.booleans(),
)
places = st.one_of(
    st.just(""),
    st.builds("stream-{}".format, st.integers(0, 4)),
    st.builds("dial-{}:{}".format, st.integers(0, 4), st.lists(st.sampled_from(NAMES), min_size=1).map("+".join)),
    st.builds("dial-{}.{}:{}".format, st.integers(0, 4), st.integers(0, 4), st.sampled_from(NAMES)),
)
hooks = st.fixed_dictionaries(
    {
        "path": st.sampled_from(
            ["/voice", "/voice/next", "/voice/dialed", "/voice/queued", "/escalate"]
            + [f"/voice/wait?target={name}" for name in ("support", "holding", "reception")]
            + ["/voice/whisper", "/voice/accept?prompts=1", "/voice/accept?prompts=2", "/queue/support"]
        ),
        "verb_id": places,
        "dial_call_status": st.sampled_from(
            ["completed", "busy", "no-answer", "failed", "in-progress", "ringing", ""]
        ),
        "dial_sip_status": st.sampled_from([200, 180, 404, 480, 486, 603, None]),
        "queue_result": st.sampled_from(["bridged", "leave", "error", ""]),
        "queue_time": st.integers(0, 400),
        "queue_position": st.integers(0, 9),
        "digits": st.sampled_from(["1", "2", "", None]),
        "to": st.sampled_from([target.address for target in TARGETS.values()]),
    }
)


@pytest.fixture(scope="module", params=["", "Press 1."])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for many calls, whose people press a key or are put through at once."""
    made = houses.build(tmp_path_factory.mktemp("house"), accept=request.param)
    made.has_room()
    yield made
    made.records.close()


@settings(max_examples=60, deadline=None)
@given(plan=st.none() | plans, told=st.lists(hooks, min_size=1, max_size=8))
def test_every_answer_is_accepted_and_leaves_nobody_in_silence(
    house: House, plan: Transfer | None, told: list[dict[str, Any]]
) -> None:
    """Only a leg that is being told about a call, or a late repeat, may get an empty answer."""
    call = f"call-{next(IDS)}"
    house.has_room()
    house.hook("/voice", call_sid=call, call_status="trying")
    house.records.start(call, "+15550100", "+15550199", "jambonz", "echo", "media1")
    session = house.sessions.get(call)
    assert session is not None
    house.sessions.put(replace(session, plan=plan, context_id=house.sessions.issue_context(call)))
    for fields in told:
        path = fields["path"]
        leg = path.startswith(("/voice/whisper", "/voice/accept"))
        who = {"call_sid": f"{call}-leg", "parent_call_sid": call} if leg else {"call_sid": call}
        reply = house.hook(path, **{**{name: fields[name] for name in fields if name != "path"}, **who})
        verbs = [verb.name for verb in read_reply(reply)]
        late = path == "/voice/next" and not verbs
        assert leg or late or verbs[-1] in ENDS_IN
    assert all(not offer.state.open for offer in house.records.offers.offers_of(call)[:-1])
