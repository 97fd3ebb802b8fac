"""The people who may sign in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database import empty
from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.store import Records

PASSWORD = "correct horse battery"


def test_a_password_is_kept_as_a_hash_and_checked(tmp_path: Path) -> None:
    """Only the right password of an existing user is right."""
    records = Records.open(empty(tmp_path / "voicebot.db"))
    added = records.users.add("ada", PASSWORD, [Role.AGENT], ["desk", "desk"])
    assert added.roles == {Role.AGENT}
    assert added.targets == ("desk",)
    assert added.password_hash.startswith("scrypt:")
    assert records.users.check("ada", PASSWORD) == added
    assert records.users.check("ada", "guess") is None
    assert records.users.check("bob", PASSWORD) is None
    records.close()


@pytest.mark.parametrize("name", ["", "Ada", "ada byron", "ada\n", "a" * 65, "../ada"])
def test_a_name_is_plain(records: Records, name: str) -> None:
    """What does not fit into a cookie, a log or a command line is refused with the rule."""
    with pytest.raises(StoreError, match="lower-case"):
        records.users.add(name, PASSWORD, [Role.AGENT])


@pytest.mark.parametrize("name", ["ada\x00", "\ud800", "a\nda", "a" * 100_000])
def test_whatever_a_stranger_types_is_nobody(records: Records, name: str) -> None:
    """No error of the database, only no user."""
    records.users.add("ada", PASSWORD, [Role.AGENT])
    assert records.users.check(name, PASSWORD) is None


def test_a_name_is_taken_once(records: Records) -> None:
    """The second says so, and changes nothing."""
    records.users.add("ada", PASSWORD, [Role.AGENT])
    with pytest.raises(StoreError, match="users list"):
        records.users.add("ada", "another password", [Role.OPS])
    assert records.users.check("ada", PASSWORD) is not None


def test_the_first_user_is_made_once(records: Records) -> None:
    """With every role; never again while there is anybody."""
    assert records.users.begin("agent", PASSWORD)
    assert not records.users.begin("agent", "another password")
    first = records.users.check("agent", PASSWORD)
    assert first is not None
    assert first.roles == frozenset(Role)


def test_a_changed_password_replaces_the_old(records: Records) -> None:
    """And a removed user is gone; both say so for a name nobody has."""
    records.users.add("ada", PASSWORD, [Role.AGENT])
    records.users.set_password("ada", "another password")
    assert records.users.check("ada", PASSWORD) is None
    assert records.users.check("ada", "another password") is not None
    records.users.remove("ada")
    assert records.users.everybody() == []
    with pytest.raises(StoreError, match="no user ada"):
        records.users.remove("ada")
    with pytest.raises(StoreError, match="no user ada"):
        records.users.set_password("ada", PASSWORD)


def test_a_telephone_belongs_to_its_user(records: Records) -> None:
    """Who calls from it is that user; who calls from elsewhere is who they say."""
    records.users.add("ada", PASSWORD, [Role.AGENT], phone="1001")
    records.users.add("bob", PASSWORD, [Role.AGENT])
    assert [records.users.calling(caller) for caller in ("1001", "bob", "+15551230001", "")] == [
        "ada",
        "bob",
        "+15551230001",
        "",
    ]


def test_targets_say_whose_calls_are_seen(records: Records) -> None:
    """A user without targets sees the calls of all."""
    some = records.users.add("ada", PASSWORD, [Role.AGENT], ["desk"])
    every = records.users.add("bob", PASSWORD, [Role.AGENT])
    assert [user.sees(["billing"]) for user in (some, every)] == [False, True]
    assert [user.sees(["billing", "desk"]) for user in (some, every)] == [True, True]
