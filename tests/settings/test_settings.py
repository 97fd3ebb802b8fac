"""Every setting: where it comes from, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from voicebot.errors import SettingsError
from voicebot.settings import Settings, load, need_two_ports, sources


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine the tests run on, and no env file but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "env_file"):
        monkeypatch.delenv(f"VOICEBOT_{name.upper()}", raising=False)


def test_defaults_need_nothing() -> None:
    """An empty environment gives a server on loopback without Redis, CRM or secret."""
    settings = load()
    assert (settings.host, settings.http_port, settings.ws_port) == ("127.0.0.1", 3000, 3001)
    assert settings.http_url == "http://127.0.0.1:3000"
    assert settings.ws_url == "ws://127.0.0.1:3001"
    assert settings.delivery_targets == ()


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set for one start overrides the file."""
    Path("voicebot.env").write_text("VOICEBOT_HTTP_PORT=4000\nVOICEBOT_WS_PORT=4001\n")
    monkeypatch.setenv("VOICEBOT_HTTP_PORT", "5000")
    assert (load().http_port, load().ws_port) == (5000, 4001)


def test_secret_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret mounted as a file needs no environment variable."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "voicebot_jambonz_webhook_secret").write_text("shh\n")
    monkeypatch.setattr(sources, "SECRETS_DIR", folder)
    assert load().jambonz_webhook_secret == SecretStr("shh")


def test_a_mistake_in_the_env_file_is_named_with_its_line() -> None:
    """The message leads to the line that is wrong."""
    Path("voicebot.env").write_text("# ports\nVOICEBOT_HTTP_PORT=80000\n")
    with pytest.raises(SettingsError, match=r"voicebot\.env:2: VOICEBOT_HTTP_PORT: .*65535"):
        load()


def test_a_misspelt_name_in_the_env_file_is_named_with_its_line() -> None:
    """A secret under a wrong name would leave the server open in silence."""
    Path("voicebot.env").write_text("\nVOICEBOT_JAMBONZ_SECRET=x\n")
    with pytest.raises(SettingsError, match=r"voicebot\.env:2: VOICEBOT_JAMBONZ_SECRET: .*WEBHOOK_SECRET"):
        load()


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong settings are two lines, not two starts."""
    monkeypatch.setenv("VOICEBOT_HTTP_PORT", "web")
    monkeypatch.setenv("VOICEBOT_VAD", "ears")
    with pytest.raises(SettingsError) as wrong:
        load()
    assert "VOICEBOT_HTTP_PORT" in str(wrong.value)
    assert "VOICEBOT_VAD" in str(wrong.value)


def test_two_servers_do_not_share_a_port() -> None:
    """Both settings are named; 0 takes whatever port is free, so two of them differ."""
    with pytest.raises(SettingsError, match="VOICEBOT_HTTP_PORT and VOICEBOT_WS_PORT are both 4000"):
        need_two_ports(Settings(http_port=4000, ws_port=4000))
    need_two_ports(Settings(http_port=4000, ws_port=4001))
    need_two_ports(Settings(http_port=0, ws_port=0))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"VOICEBOT_HOST": "0.0.0.0"}, "JAMBONZ_WEBHOOK_SECRET"),
        ({"VOICEBOT_CRM": "hubspot"}, "VOICEBOT_HUBSPOT_TOKEN"),
        ({"VOICEBOT_CRM": "hubspto"}, "did you mean hubspot"),
        ({"VOICEBOT_CRM": "none,hubspot"}, "'none' is not one of"),
        ({"VOICEBOT_CRM": "zendesk"}, "VOICEBOT_ZENDESK_URL and .*CLIENT_ID and .*CLIENT_SECRET"),
        (
            {
                "VOICEBOT_CRM": "salesforce",
                "VOICEBOT_SALESFORCE_URL": "https://acme.my.salesforce.com",
                "VOICEBOT_SALESFORCE_CLIENT_ID": "x",
            },
            "SALESFORCE_CLIENT_SECRET, or VOICEBOT_SALESFORCE_USERNAME",
        ),
        ({"VOICEBOT_SALESFORCE_API_VERSION": "v67"}, "67.0"),
        ({"VOICEBOT_WEBHOOK_USER": "x"}, "VOICEBOT_WEBHOOK_PASSWORD"),
        ({"VOICEBOT_WS_PASSWORD": "x"}, "VOICEBOT_WS_USER"),
        ({"VOICEBOT_WS_USER": "u", "VOICEBOT_WS_PASSWORD": "p" * 88}, "88 characters"),
        ({"VOICEBOT_MIN_PAUSE": "2", "VOICEBOT_MAX_PAUSE": "1"}, "VOICEBOT_MAX_PAUSE"),
        ({"VOICEBOT_PUBLIC_HTTP_URL": "bot.example"}, "https://bot.example"),
        ({"VOICEBOT_PUBLIC_WS_URL": "https://bot.example"}, "wss://bot.example"),
        ({"VOICEBOT_PUBLIC_HTTP_URL": "https://me:secret@bot.example"}, "without credentials"),
        ({"VOICEBOT_ASR": "openai", "VOICEBOT_ASR_URL": "http://asr:99999/v1"}, "VOICEBOT_ASR_URL: Port"),
        ({"VOICEBOT_HUBSPOT_API_VERSION": "latest"}, "2026-03"),
        ({"VOICEBOT_DEFAULT_REGION": "Europe"}, "two-letter"),
        ({"VOICEBOT_ENV_FILE": "nowhere.env"}, "nowhere.env"),
        ({"VOICEBOT_HTP_PORT": "80"}, "did you mean VOICEBOT_HTTP_PORT"),
    ],
)
def test_contradictions_are_refused_with_the_way_out(
    given: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration that cannot work does not start, and says what to change."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=complaint):
        load()


def test_several_crms_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names with commas between, in any case and spacing, each once; `none` and nothing are nobody."""
    monkeypatch.setenv("VOICEBOT_HUBSPOT_TOKEN", "pat-na1-x")
    monkeypatch.setenv("VOICEBOT_CRM_WEBHOOK_URL", "https://hooks.example/calls")
    monkeypatch.setenv("VOICEBOT_CRM_WEBHOOK_SECRET", "whsec_x")
    monkeypatch.setenv("VOICEBOT_CRM", "HubSpot, webhook,hubspot")
    assert load().delivery_targets == ("hubspot", "webhook")
    assert {name: value for name, value, _ in load().table()}["VOICEBOT_CRM"] == "hubspot, webhook"
    for nobody in ("none", ""):
        monkeypatch.setenv("VOICEBOT_CRM", nobody)
        assert load().delivery_targets == ()


def test_open_to_the_network_is_allowed_when_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whose proxy checks signatures can say so explicitly."""
    monkeypatch.setenv("VOICEBOT_HOST", "0.0.0.0")
    monkeypatch.setenv("VOICEBOT_ALLOW_UNSIGNED", "true")
    assert load().http_url == "http://127.0.0.1:3000"


def test_the_table_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """`voicebot settings` tells that a secret is set, not what it is."""
    monkeypatch.setenv("VOICEBOT_CRM", "hubspot")
    monkeypatch.setenv("VOICEBOT_HUBSPOT_TOKEN", "pat-na1-canary")
    settings = load()
    rows = {name: value for name, value, _ in settings.table()}
    assert rows["VOICEBOT_HUBSPOT_TOKEN"] == "(set)"
    assert rows["VOICEBOT_CRM"] == "hubspot"
    assert "canary" not in repr(settings)
    assert all(description for _, _, description in settings.table())


def test_the_table_shows_no_password_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and Redis take theirs in the address: who it is for and where it leads is shown."""
    monkeypatch.setenv("VOICEBOT_DATABASE_URL", "postgresql+psycopg://voicebot:canary@db:5432/voicebot")
    monkeypatch.setenv("VOICEBOT_REDIS_URL", "redis://:canary@redis:6379/0")
    rows = {name: value for name, value, _ in load().table()}
    assert rows["VOICEBOT_DATABASE_URL"] == "postgresql+psycopg://voicebot:***@db:5432/voicebot"
    assert rows["VOICEBOT_REDIS_URL"] == "redis://:***@redis:6379/0"
    assert rows["VOICEBOT_HUBSPOT_BASE_URL"] == "https://api.hubapi.com"


def test_the_table_shows_only_the_host_of_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows the rest of such an address may post to it."""
    for given, shown in (
        ("https://hooks.example/catch/17/canary?key=canary", "https://hooks.example/***"),
        ("https://hooks.example?canary", "https://hooks.example/***"),
        ("https://hooks.example", "https://hooks.example"),
    ):
        monkeypatch.setenv("VOICEBOT_CRM_WEBHOOK_URL", given)
        rows = {name: value for name, value, _ in load().table()}
        assert rows["VOICEBOT_CRM_WEBHOOK_URL"] == shown


@pytest.mark.parametrize("name", ["hubspot_base_url", "salesforce_url", "zendesk_url"])
def test_credentials_of_crms_are_never_sent_in_the_open(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http leads to this machine only, where the stand-ins listen; elsewhere it would show the token."""
    for refused in ("http://crm.example", "HTTP://crm.example", " http://crm.example"):
        monkeypatch.setenv(f"VOICEBOT_{name.upper()}", refused)
        with pytest.raises(SettingsError, match=rf"VOICEBOT_{name.upper()}.*must be https"):
            load()
    for allowed in ("https://crm.example", "http://127.0.0.1:4000", "http://localhost:4000", "http://[::1]:4000"):
        monkeypatch.setenv(f"VOICEBOT_{name.upper()}", allowed)
        assert getattr(load(), name) == allowed
