"""`voicebot deliveries` and `voicebot crm`, as an operator types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from tests.database import empty
from voicebot.call.record import Disposition, EndEntry
from voicebot.cli import app
from voicebot.crm.hubspot_oauth import ACCOUNT
from voicebot.crm.vault import Vault
from voicebot.errors import ConfigError, StoreConflict
from voicebot.settings import Settings
from voicebot.store.database import utc_now
from voicebot.store.oauth import OAuthTokens
from voicebot.store.records import Records

END = EndEntry(1.0, Disposition.COMPLETED, "goodbye", intent=None, confidence=0.0, slots={}, summary="")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database of an otherwise unset configuration."""
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "env_file"):
        monkeypatch.delenv(f"VOICEBOT_{name.upper()}", raising=False)
    monkeypatch.setenv("VOICEBOT_DATA_DIR", str(tmp_path / "var"))
    return empty(tmp_path / "var" / "voicebot.db")


@pytest.fixture
def owed(database: str) -> None:
    """Two calls: the first's note was given up, the second's waits for an hour; their CRM is stopped."""
    records = Records.open(database)
    for number in (1, 2):
        records.start(f"call-{number}", "+14155552671", "+14155550100", "jambonz", "shop", "node-1")
        records.finish(f"call-{number}", END, ["hubspot"])
    first = records.outbox.lease("worker", 60)
    assert first is not None
    records.outbox.dead(first.id, "worker", "HubSpot answered 400")
    second = records.outbox.lease("worker", 60)
    assert second is not None
    records.outbox.retry(second.id, "worker", 3600, "HubSpot answered 503", ambiguous=False)
    records.outbox.targets.refused("hubspot", "HubSpot answered 401", 300)
    records.close()


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


@pytest.mark.usefixtures("owed")
def test_list_begins_with_what_is_not_well() -> None:
    """Then every delivery with its state, error and next try."""
    lines = run("deliveries", "list").output.splitlines()
    assert lines[0].startswith("hubspot refuses our credential since")
    assert "HubSpot answered 401" in lines[0]
    assert "pending" in lines[1]
    assert "next 20" in lines[1]
    assert "dead" in lines[2]
    assert "HubSpot answered 400" in lines[2]


@pytest.mark.usefixtures("owed")
def test_list_can_be_narrowed() -> None:
    """To a state or a CRM; a state that does not exist is told with those that do."""
    assert "call-2" not in run("deliveries", "list", "--state", "dead").output
    assert "call-" not in run("deliveries", "list", "--target", "zendesk").output
    wrong = run("deliveries", "list", "--state", "lost")
    assert isinstance(wrong.exception, ConfigError)
    assert "pending, done, dead, dropped" in str(wrong.exception)


@pytest.mark.usefixtures("owed")
def test_retry_one_or_all() -> None:
    """Both say what became due; the CRM is no longer left alone."""
    assert run("deliveries", "retry", "1").output == "delivery 1 is due now\n"
    assert "refuses" not in run("deliveries", "list").output
    assert run("deliveries", "retry", "--all", "--target", "zendesk").output == "0 deliveries are due now\n"
    assert run("deliveries", "retry", "--all").output == "1 deliveries are due now\n"


@pytest.mark.parametrize("words", [(), ("1", "--all"), ("1", "--target", "hubspot")])
@pytest.mark.usefixtures("owed")
def test_retry_of_nothing_in_particular_is_refused(words: tuple[str, ...]) -> None:
    """A slip of the hand does not retry everything."""
    assert isinstance(run("deliveries", "retry", *words).exception, ConfigError)


@pytest.mark.usefixtures("owed")
def test_drop_and_take_back() -> None:
    """A dropped note stays listed; one that does not exist is told."""
    assert run("deliveries", "drop", "1").output == "delivery 1 will not be written\n"
    assert "dropped" in run("deliveries", "list").output
    assert run("deliveries", "retry", "1").output == "delivery 1 is due now\n"
    assert isinstance(run("deliveries", "drop", "77").exception, StoreConflict)


@pytest.mark.usefixtures("database")
def test_connect_needs_an_app() -> None:
    """It names the settings; for another CRM it says that nobody has to connect it."""
    assert "VOICEBOT_HUBSPOT_CLIENT_ID" in str(run("crm", "connect", "hubspot").exception)
    assert "only hubspot" in str(run("crm", "connect", "zendesk").exception)


def test_keys_are_rotated(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the old key sealed opens with the new one alone."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    store = OAuthTokens.open(database, utc_now)
    store.put(ACCOUNT, Vault(old).seal(ACCOUNT, {"refresh": "r"}), utc_now())
    monkeypatch.setenv("VOICEBOT_TOKEN_KEYS", f"{new} {old}")
    assert run("crm", "rotate-keys").output == "hubspot: encrypted anew\n"
    kept = store.get(ACCOUNT)
    store.close()
    assert kept is not None
    assert Vault(new).open(ACCOUNT, kept.sealed) == {"refresh": "r"}
