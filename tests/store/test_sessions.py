"""What every kind of sessions promises: in memory, on a fake Redis, on a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import fakeredis
import pytest
from redis import Redis

from tests.store.conftest import RedisServer
from voicebot.dialog.types import Comeback, HangUp, Transfer, TransferReason
from voicebot.store import MemorySessions, Node, Session, Sessions
from voicebot.store.redis import RedisSessions

SESSION_TTL = 600
CONTEXT_TTL = 300

SESSION = Session(
    call_id="call-1",
    caller="+14155550100",
    called="+14155550199",
    started_at=1_900_000_000.5,
    gateway="jambonz",
    env={"SHOP": "Berlin"},
)
NODE = Node(name="media-1", url="wss://media1.example", calls=3, capacity=20, ready=True)


@dataclass
class Kind:
    """Sessions of one kind; `pass_` lets seconds go by for them."""

    sessions: Sessions
    pass_: Callable[[int], None]


@pytest.fixture(params=["memory", "fakeredis", pytest.param("redis", marks=pytest.mark.redis)])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    """Each kind in turn, empty."""
    if request.param == "memory":
        yield _memory()
        return
    client: Redis
    if request.param == "fakeredis":
        client = fakeredis.FakeRedis(decode_responses=True)
    else:
        server: RedisServer = request.getfixturevalue("shared_redis")
        client = Redis.from_url(server.url(), decode_responses=True)
    client.flushall()
    yield Kind(RedisSessions(client, SESSION_TTL, CONTEXT_TTL), lambda seconds: _age(client, seconds))
    client.close()


def _memory() -> Kind:
    now = [0.0]

    def pass_(seconds: int) -> None:
        now[0] += seconds

    return Kind(MemorySessions(SESSION_TTL, CONTEXT_TTL, clock=lambda: now[0]), pass_)


def _age(client: Redis, seconds: int) -> None:
    for key in client.scan_iter():
        left = client.pttl(key)
        if left >= 0:
            client.pexpire(key, left - seconds * 1000)


def test_an_opened_session_is_found(kind: Kind) -> None:
    """What was opened is what is read, every field of it."""
    assert kind.sessions.open(SESSION) == SESSION
    assert kind.sessions.get("call-1") == SESSION


def test_an_unknown_call_has_no_session(kind: Kind) -> None:
    """Asking for a call nobody opened gives None."""
    assert kind.sessions.get("call-2") is None


def test_opening_twice_keeps_the_first(kind: Kind) -> None:
    """A webhook that repeats itself gets the session as it stands, and does not reset it."""
    kind.sessions.open(SESSION)
    kind.sessions.put(replace(SESSION, attempts=1))
    assert kind.sessions.open(SESSION) == replace(SESSION, attempts=1)
    assert kind.sessions.get("call-1") == replace(SESSION, attempts=1)


@pytest.mark.parametrize(
    "plan",
    [HangUp("goodbye"), Transfer("front desk", TransferReason.NOT_UNDERSTOOD, "Caller about order “12”"), None],
)
def test_put_replaces_the_session(kind: Kind, plan: Transfer | HangUp | None) -> None:
    """A plan, a context and a comeback stored by one process are what another one reads."""
    kind.sessions.open(SESSION)
    changed = replace(SESSION, plan=plan, context_id="c0ffee", comeback=Comeback.NO_ANSWER, attempts=2)
    kind.sessions.put(changed)
    assert kind.sessions.get("call-1") == changed


def test_a_session_expires(kind: Kind) -> None:
    """A session without news is forgotten after its lifetime, not before."""
    kind.sessions.open(SESSION)
    kind.pass_(SESSION_TTL - 1)
    assert kind.sessions.get("call-1") == SESSION
    kind.pass_(1)
    assert kind.sessions.get("call-1") is None
    assert kind.sessions.open(replace(SESSION, attempts=9)).attempts == 9


def test_put_renews_the_lifetime(kind: Kind) -> None:
    """News keeps a session alive for another lifetime."""
    kind.sessions.open(SESSION)
    kind.pass_(SESSION_TTL - 1)
    kind.sessions.put(SESSION)
    kind.pass_(SESSION_TTL - 1)
    assert kind.sessions.get("call-1") == SESSION


def test_closing_forgets_the_session_and_keeps_its_context(kind: Kind) -> None:
    """An agent still finds a call whose session is closed."""
    kind.sessions.open(SESSION)
    context_id = kind.sessions.issue_context("call-1")
    kind.sessions.close("call-1")
    kind.sessions.close("call-1")
    assert kind.sessions.get("call-1") is None
    assert kind.sessions.resolve_context(context_id) == "call-1"


def test_a_token_is_good_once(kind: Kind) -> None:
    """A token opens one stream; replaying it opens none."""
    token = kind.sessions.issue_token("call-1")
    assert kind.sessions.redeem_token(token) == "call-1"
    assert kind.sessions.redeem_token(token) is None


def test_a_token_is_good_for_a_minute(kind: Kind) -> None:
    """A token nobody used is worthless after 60 s."""
    late, in_time = kind.sessions.issue_token("call-1"), kind.sessions.issue_token("call-2")
    kind.pass_(59)
    assert kind.sessions.redeem_token(in_time) == "call-2"
    kind.pass_(1)
    assert kind.sessions.redeem_token(late) is None


def test_a_token_nobody_issued_is_worthless(kind: Kind) -> None:
    """Neither an invented token nor an agent's context opens a stream."""
    context_id = kind.sessions.issue_context("call-1")
    assert kind.sessions.redeem_token("") is None
    assert kind.sessions.redeem_token("0" * 32) is None
    assert kind.sessions.redeem_token(context_id) is None


def test_one_of_many_threads_redeems_a_token(kind: Kind) -> None:
    """However many sockets present a token at once, one of them gets the call."""
    token = kind.sessions.issue_token("call-1")
    with ThreadPoolExecutor(8) as threads:
        redeemed = list(threads.map(lambda _: kind.sessions.redeem_token(token), range(16)))
    assert sorted(redeemed, key=str) == [None] * 15 + ["call-1"]


def test_contexts_are_opaque_and_expire(kind: Kind) -> None:
    """Each context is 128 random bits, found until its lifetime is over."""
    first, second = kind.sessions.issue_context("call-1"), kind.sessions.issue_context("call-1")
    assert first != second
    assert {len(bytes.fromhex(first)), len(bytes.fromhex(second))} == {16}
    kind.pass_(CONTEXT_TTL - 1)
    assert kind.sessions.resolve_context(first) == "call-1"
    assert kind.sessions.resolve_context(first) == "call-1"
    kind.pass_(1)
    assert kind.sessions.resolve_context(first) is None


def test_a_context_belongs_to_the_first_agent_who_opens_it(kind: Kind) -> None:
    """Its owner may open it again until it expires; nobody else can, and looking without a name takes nothing."""
    context = kind.sessions.issue_context("call-1")
    assert kind.sessions.resolve_context(context) == "call-1"
    assert kind.sessions.claim_context(context, "ada") == "call-1"
    assert kind.sessions.claim_context(context, "bob") is None
    assert kind.sessions.claim_context(context, "ada") == "call-1"
    kind.pass_(CONTEXT_TTL)
    assert kind.sessions.claim_context(context, "ada") is None
    assert kind.sessions.claim_context("no such context", "ada") is None


def test_nodes_are_known_while_they_announce_themselves(kind: Kind) -> None:
    """A media node is listed with its latest news, and gone 15 s after the last."""
    other = replace(NODE, name="media-2", ready=False)
    kind.sessions.announce(NODE)
    kind.sessions.announce(other)
    kind.pass_(14)
    kind.sessions.announce(replace(NODE, calls=4))
    assert kind.sessions.nodes() == [replace(NODE, calls=4), other]
    kind.pass_(1)
    assert kind.sessions.nodes() == [replace(NODE, calls=4)]
    kind.pass_(14)
    assert list(kind.sessions.nodes()) == []


def test_ping_passes_while_the_store_is_there(kind: Kind) -> None:
    """A store in reach does not raise."""
    kind.sessions.ping()
