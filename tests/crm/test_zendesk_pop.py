"""The caller's page in an agent's Zendesk, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.database import empty
from voicebot.crm.build import zendesk_pop
from voicebot.crm.zendesk_pop import ZendeskPop
from voicebot.people import Match, People
from voicebot.settings import Crm, Settings
from voicebot.store import Records
from voicebot.testing.vendor import Fault
from voicebot.testing.zendesk import CLIENT_ID, CLIENT_SECRET, FakeZendesk

SOON = 10.0


@pytest.fixture
def zendesk() -> Iterator[FakeZendesk]:
    """An account with one agent."""
    with FakeZendesk() as running:
        running.agents.add(123)
        yield running


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """One call."""
    opened = Records.open(empty(tmp_path / "calls.db"))
    opened.start("a", "+14155552671", "+15550000000", "jambonz", "shop", "node")
    yield opened
    opened.close()


def pop(zendesk: FakeZendesk, records: Records, agents: str = "ada=123, bob=999") -> ZendeskPop | None:
    """As the settings make it."""
    settings = Settings(
        _env_file=None,
        crm=(Crm.ZENDESK,),
        zendesk_url=zendesk.url,
        zendesk_client_id=CLIENT_ID,
        zendesk_client_secret=SecretStr(CLIENT_SECRET),
        zendesk_agents=agents,
    )
    return zendesk_pop(settings, records)


def shown(made: ZendeskPop | None, agent: str) -> bool | None:
    """Whether the caller's page was shown to the agent; None where that was not tried."""
    assert made is not None
    soon = made.show(agent, "a")
    return None if soon is None else soon.result(SOON)


def test_the_callers_page_opens_for_who_takes_the_call(zendesk: FakeZendesk, records: Records) -> None:
    """The one of Zendesk; nobody else's browser does anything."""
    user = zendesk.add_user(name="Ada Byron", phone="+14155552671")
    matches = (Match("hubspot", "Ada", id="7"), Match("zendesk", "Ada Byron", id=str(user)))
    records.callers.put("a", People(matches, 2))
    made = pop(zendesk, records)
    assert shown(made, "ada") is True
    assert shown(made, "grace") is None
    assert zendesk.shown == [(123, user)]


def test_a_caller_whom_zendesk_does_not_know_has_no_page(zendesk: FakeZendesk, records: Records) -> None:
    """Whether or not anybody was asked."""
    made = pop(zendesk, records)
    assert shown(made, "ada") is False
    records.callers.put("a", People((Match("hubspot", "Ada", id="7"),), 1))
    assert shown(made, "ada") is False
    assert not zendesk.asked("display")


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.BROKEN, Fault.FORBIDDEN, Fault.RESET])
def test_a_zendesk_in_trouble_is_let_be(zendesk: FakeZendesk, records: Records, fault: Fault) -> None:
    """The desk shows the same; the next call is tried again. An id that is nobody's is no trouble either."""
    user = zendesk.add_user(name="Ada Byron", phone="+14155552671")
    records.callers.put("a", People((Match("zendesk", "Ada Byron", id=str(user)),), 1))
    made = pop(zendesk, records)
    zendesk.fail(fault, "display")
    assert shown(made, "ada") is False
    assert shown(made, "bob") is False
    assert shown(made, "ada") is True


def test_without_agents_there_are_no_pops(zendesk: FakeZendesk, records: Records) -> None:
    """It is off by default."""
    assert pop(zendesk, records, agents="") is None


def test_agents_are_names_with_numbers(zendesk: FakeZendesk, records: Records) -> None:
    """Anything else is told at start."""
    with pytest.raises(ValueError, match="ada=123"):
        pop(zendesk, records, agents="ada:123")
