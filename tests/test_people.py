"""What can be said of a caller from the people who have the number."""

from __future__ import annotations

import json

import pytest

from voicebot.people import Match, People

ADA = Match("hubspot", "Ada Byron", "https://crm.example/1", {"tier": "gold"})


def test_one_person_is_known_by_name_and_property() -> None:
    """All there is to know."""
    assert People((ADA,), 1).customer() == {"known": "yes", "name": "Ada Byron", "tier": "gold"}


def test_of_several_only_what_they_share_is_known() -> None:
    """Nobody is taken for somebody else; who has no such property does not object."""
    bob, eve = (
        Match("zendesk", "Bob", "", {"tier": "gold", "vip": "yes"}),
        Match("zendesk", "Eve", "", {"vip": "no"}),
    )
    assert People((ADA, bob, eve), 3).customer() == {"known": "yes", "tier": "gold"}


def test_the_same_person_in_two_crms_has_a_name() -> None:
    """Two records of one person agree."""
    twice = (ADA, Match("zendesk", "Ada Byron"))
    assert People(twice, 2).customer()["name"] == "Ada Byron"


def test_a_name_is_not_certain_while_others_are_not_shown() -> None:
    """The rest may be called anything."""
    assert "name" not in People((ADA,), 2).customer()


def test_nobody_is_unknown_only_where_everybody_answered() -> None:
    """A CRM that did not answer may know them."""
    assert People().customer() == {"known": "no"}
    assert People(complete=False).customer() == {}


@pytest.mark.parametrize("people", [People(), People((ADA, Match("zendesk", "Eve")), 7, complete=False)])
def test_what_is_kept_comes_back(people: People) -> None:
    """Through JSON, as a database keeps it."""
    assert People.of(json.loads(json.dumps(people.document()))) == people


def test_a_link_of_another_kind_is_refused() -> None:
    """It could run in the agent's browser."""
    with pytest.raises(ValueError, match="browser"):
        Match("hubspot", "Ada", "javascript:alert(1)")
