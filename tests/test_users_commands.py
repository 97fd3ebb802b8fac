"""`voicebot users` as an operator meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.database import empty
from voicebot.cli import app
from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.store import Records


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder the commands use."""
    monkeypatch.setenv("VOICEBOT_DATA_DIR", str(tmp_path))
    empty(tmp_path / "voicebot.db")
    return tmp_path


def users(*arguments: str, typed: str = "") -> Result:
    """What `voicebot users` does with these arguments and this on its standard input."""
    return CliRunner().invoke(app, ["users", *arguments], input=typed)


def test_a_user_is_added_with_a_typed_password(folder: Path) -> None:
    """Read from standard input; listed with roles and targets; good for signing in."""
    added = users("add", "ada", "--role", "agent", "--role", "ops", "--target", "desk", typed="correct horse\n")
    assert added.exit_code == 0, added.output
    assert "/agent" in added.output
    assert users("list").output.split() == ["ada", "agent,", "ops", "desk"]
    records = Records.open(f"sqlite:///{folder / 'voicebot.db'}")
    found = records.users.check("ada", "correct horse")
    records.close()
    assert found is not None
    assert found.roles == {Role.AGENT, Role.OPS}


def test_who_is_no_agent_is_not_sent_to_the_desk(folder: Path) -> None:
    """It would be refused there; the page for signing in leads on by role."""
    added = users("add", "sue", "--role", "supervisor", typed="correct horse\n")
    assert added.output.splitlines()[-1].endswith("/sign-in")


def test_a_made_up_password_is_printed_once(folder: Path) -> None:
    """And opens the door."""
    printed = users("add", "ada", "--role", "agent", "--generate").output
    password = printed.split("password: ")[1].split()[0]
    records = Records.open(f"sqlite:///{folder / 'voicebot.db'}")
    assert records.users.check("ada", password) is not None
    records.close()
    assert password not in users("list").output


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("add", "ada", "--role", "agent"), "short\n", "at least 10"),
        (("add", "Ada B", "--role", "agent", "--generate"), "", "lower-case"),
        (("add", "bob", "--role", "agent", "--generate"), "", "already"),
        (("add", "ada", "--role", "agent", "--target", "nowhere", "--generate"), "", "no target nowhere"),
        (("remove", "nobody"), "", "no user nobody"),
        (("password", "nobody", "--generate"), "", "no user nobody"),
    ],
)
def test_a_mistake_is_said(folder: Path, arguments: tuple[str, ...], typed: str, told: str) -> None:
    """With what to do instead."""
    users("add", "bob", "--role", "agent", "--generate")
    failed = users(*arguments, typed=typed)
    assert isinstance(failed.exception, StoreError)
    assert told in str(failed.exception)
    assert "password" not in failed.output
    assert users("list").output.split()[0] == "bob"


def test_a_role_has_to_be_chosen(folder: Path) -> None:
    """Nobody signs in to nothing."""
    assert users("add", "ada", "--generate").exit_code == 2
    assert users("add", "ada", "--role", "king", "--generate").exit_code == 2


def test_a_password_is_changed_and_a_user_removed(folder: Path) -> None:
    """Both by name."""
    users("add", "ada", "--role", "agent", "--generate")
    assert users("password", "ada", typed="another horse\n").exit_code == 0
    records = Records.open(f"sqlite:///{folder / 'voicebot.db'}")
    assert records.users.check("ada", "another horse") is not None
    records.close()
    assert users("remove", "ada").exit_code == 0
    assert users("list").output == ""
