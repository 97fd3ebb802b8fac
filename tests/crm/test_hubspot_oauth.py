"""HubSpot by OAuth: connected once, renewed by one process at a time, kept encrypted."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from pydantic import SecretStr
from urllib3.filepost import encode_multipart_formdata

from tests.crm.support import Clock, Ledger
from tests.crm.test_note import NOTE
from tests.database import empty
from voicebot.crm.build import hubspot_app
from voicebot.crm.connect import code_of, connect
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.crm.hubspot_oauth import ACCOUNT, EARLY, App, StoredToken, Tokens, keep
from voicebot.crm.vault import KEY_FILE, Vault
from voicebot.errors import ConfigError, CrmThrottled, CrmUnauthorized, SettingsError
from voicebot.settings import Settings
from voicebot.store.oauth import OAuthTokens
from voicebot.testing.hubspot import FakeHubSpot
from voicebot.testing.hubspot_oauth import CLIENT_ID, CLIENT_SECRET, LIVES
from voicebot.testing.vendor import Fault

KEY, OLD = Fernet.generate_key().decode(), Fernet.generate_key().decode()
REDIRECT = "http://localhost:4020/oauth/hubspot"


class House:
    """A HubSpot with an app, and the tokens of one account in a database."""

    def __init__(self, folder: Path, hubspot: FakeHubSpot, clock: Clock) -> None:
        self.hubspot = hubspot
        self.clock = clock
        self.file = folder / "voicebot.db"
        self.store = OAuthTokens.open(empty(self.file), self.now)
        self.vault = Vault(KEY)
        secret = SecretStr(CLIENT_SECRET)
        self.app = App(hubspot.url, "https://app.example/authorize", "2026-03", CLIENT_ID, secret, (1.0, 1.0))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def connect(self) -> Tokens:
        wish = self.app.wish(REDIRECT)
        tokens = self.app.exchange(wish, code_of(wish, self.hubspot.oauth.allow(wish.url)))
        keep(self.store, self.vault, tokens, self.now())
        return tokens

    def token(self) -> StoredToken:
        return StoredToken(self.app, lambda: self.store, self.vault, self.now)

    def crm(self) -> HubSpot:
        return HubSpot(Api(self.hubspot.url, self.token(), "2026-03", (1.0, 1.0)), "US", True)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    with FakeHubSpot(clock=clock) as hubspot:
        made = House(tmp_path, hubspot, clock)
        yield made
        made.store.close()


def test_connected_account_takes_notes(house: House) -> None:
    """Code, verifier and redirect are HubSpot's; the note is written with the token that came of them."""
    assert house.connect().hub == "12345"
    house.crm().deliver(NOTE, Ledger().attempt())
    assert len(house.hubspot.notes) == 1


def test_wish_asks_for_what_is_needed(house: House) -> None:
    """Scopes, state and an S256 challenge, whose verifier is not in the address."""
    wish = house.app.wish(REDIRECT)
    asked = parse_qs(urlsplit(wish.url).query)
    assert asked["scope"] == ["oauth crm.objects.contacts.read crm.objects.contacts.write"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] == [wish.state]
    assert wish.verifier not in wish.url
    assert wish.verifier not in repr(wish)


def test_recordings_take_a_scope_of_their_own() -> None:
    """It is asked for where they are sent."""
    settings = Settings(
        _env_file=None,
        hubspot_client_id=CLIENT_ID,
        hubspot_client_secret=SecretStr("secret"),
        hubspot_upload_recordings=True,
    )
    asked = parse_qs(urlsplit(hubspot_app(settings).wish(REDIRECT).url).query)
    assert asked["scope"] == ["oauth crm.objects.contacts.read crm.objects.contacts.write files"]


def test_somebody_elses_answer_is_not_believed(house: House) -> None:
    """A state that is not this attempt's, or none, or a refusal."""
    wish = house.app.wish(REDIRECT)
    for address in (f"{REDIRECT}?code=x&state=other", f"{REDIRECT}?code=x", "nonsense"):
        with pytest.raises(ConfigError, match="begin again"):
            code_of(wish, address)
    with pytest.raises(ConfigError, match="access_denied"):
        code_of(wish, f"{REDIRECT}?error=access_denied&state={wish.state}")


def test_code_is_good_once_and_with_its_verifier_only(house: House) -> None:
    """A stolen code is of no use without what only we know."""
    wish, thief = house.app.wish(REDIRECT), house.app.wish(REDIRECT)
    code = code_of(wish, house.hubspot.oauth.allow(wish.url))
    with pytest.raises(CrmUnauthorized, match="invalid_grant"):
        house.app.exchange(thief, code)
    with pytest.raises(CrmUnauthorized):
        house.app.exchange(wish, code)


@pytest.mark.parametrize("pasted", [False, True])
def test_command_takes_the_browser_back(house: House, pasted: bool) -> None:
    """By a listener on this machine, or pasted from another; other paths are nobody's answer."""
    came: list[str] = []
    said: list[str] = []

    def browse() -> None:
        url = said[0].split("\n\n")[1].strip()
        came.append(house.hubspot.oauth.allow(url))
        if not pasted:
            other = urlsplit(came[0])._replace(path="/favicon.ico").geturl()
            assert requests.get(other.replace("localhost", "127.0.0.1"), timeout=5).status_code == 404
            assert requests.get(came[0].replace("localhost", "127.0.0.1"), timeout=5).status_code == 200

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("Waiting"):
            threading.Thread(target=browse, daemon=True).start()

    def ask() -> str:
        browse()
        return came[0]

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    assert connect(house.app, port, say, ask if pasted else None).access


def test_token_is_renewed_before_its_end(house: House) -> None:
    """Five minutes early, once, and kept for the others."""
    house.connect()
    token, other = house.token(), house.token()
    first = token.get()
    house.clock.now += LIVES - EARLY.total_seconds() - 1
    assert token.get() == first
    house.clock.now += 2
    second = token.get()
    assert second != first
    assert other.get() == second
    assert house.hubspot.oauth.given["refresh_token"] == 1


def test_many_processes_renew_once(house: House) -> None:
    """All come at the same moment; one renews, the others take what it got, or come back in two seconds."""
    house.connect()
    house.clock.now += LIVES
    got: list[str] = []

    def ask() -> None:
        try:
            got.append(house.token().get())
        except CrmThrottled:
            got.append("")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert house.hubspot.oauth.given["refresh_token"] == 1
    assert len({each for each in got if each}) == 1


def test_old_token_serves_while_another_renews(house: House) -> None:
    """In its last minutes it is still good."""
    first = house.connect().access
    house.clock.now += LIVES - 60
    assert house.store.take_turn(ACCOUNT, "another", 30)
    assert house.token().get() == first
    house.clock.now += 60
    assert house.store.take_turn(ACCOUNT, "another", 30)
    with pytest.raises(CrmThrottled):
        house.token().get()


def test_process_that_died_renewing_is_not_waited_for_long(house: House) -> None:
    """Its turn ends by itself."""
    house.connect()
    house.clock.now += LIVES
    assert house.store.take_turn(ACCOUNT, "dead", 30)
    house.clock.now += 31
    assert house.token().get()


def test_early_end_costs_one_renewal(house: House) -> None:
    """HubSpot refuses a token whose time is not over: renewed once, and the note is written."""
    house.connect()
    crm = house.crm()
    crm.deliver(NOTE, Ledger().attempt())
    house.hubspot.oauth.end()
    crm.check()
    assert house.hubspot.oauth.given["refresh_token"] == 1


def test_file_goes_out_whole_with_the_renewed_token(house: House) -> None:
    """What the first request had read of it is sent again."""
    house.connect()
    house.hubspot.oauth.end()
    options = json.dumps({"access": "PRIVATE"})
    sound = bytes(range(256)) * 400
    form, kind = encode_multipart_formdata(
        {"file": ("call.wav", sound, "audio/wav"), "folderPath": "/voicebot", "options": options}
    )
    api = Api(house.hubspot.url, house.token(), "2026-03", (1.0, 1.0))
    identity = api.upload(form, kind)["id"]
    assert house.hubspot.files.kept[identity].content == sound
    assert house.hubspot.oauth.given["refresh_token"] == 1


def test_app_that_is_refused_all_the_same_stops_the_target(house: House) -> None:
    """A renewed token is refused too: the message names the command, not the service key."""
    house.connect()
    house.hubspot.fail(Fault.UNAUTHORIZED, times=2)
    with pytest.raises(CrmUnauthorized, match="voicebot crm connect hubspot"):
        house.crm().check()


def test_revoked_app_wants_to_be_connected_again(house: House) -> None:
    """An operator is needed: the target stops, and the message names the command, not the token."""
    tokens = house.connect()
    house.hubspot.oauth.revoke()
    with pytest.raises(CrmUnauthorized, match="voicebot crm connect hubspot") as caught:
        house.crm().deliver(NOTE, Ledger().attempt())
    assert tokens.refresh not in str(caught.value)


def test_account_that_was_never_connected_says_how(house: House) -> None:
    """Before the first `crm connect`."""
    with pytest.raises(CrmUnauthorized, match="voicebot crm connect hubspot"):
        house.crm().check()


def test_tokens_are_not_readable_in_the_database(house: House) -> None:
    """Nor are they in any repr."""
    tokens = house.connect()
    database = sqlite3.connect(house.file)
    try:
        (sealed,) = database.execute("SELECT sealed FROM oauth_tokens").fetchone()
    finally:
        database.close()
    assert tokens.access not in sealed + repr(tokens)
    assert tokens.refresh not in sealed + repr(tokens)
    assert house.vault.open(ACCOUNT, sealed)["refresh"] == tokens.refresh


def test_keys_can_be_replaced() -> None:
    """The new key in front opens what the old one sealed; sealed anew, the old one may go."""
    sealed = Vault(OLD).seal("hubspot", {"refresh": "r"})
    both = Vault(KEY, OLD)
    assert both.open("hubspot", sealed) == {"refresh": "r"}
    assert Vault(KEY).open("hubspot", both.rotate(sealed)) == {"refresh": "r"}
    with pytest.raises(ConfigError, match="VOICEBOT_TOKEN_KEYS"):
        Vault(KEY).open("hubspot", sealed)
    with pytest.raises(ConfigError, match="VOICEBOT_TOKEN_KEYS"):
        Vault(KEY).rotate(sealed)


def test_tokens_of_one_account_do_not_serve_another() -> None:
    """A row copied over another is noticed."""
    vault = Vault(KEY)
    with pytest.raises(ConfigError, match="belong to other"):
        vault.open("hubspot", vault.seal("other", {}))


def test_key_is_made_up_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    """Without a setting; the file is nobody else's to read."""
    sealed = Vault.of(None, tmp_path / "var").seal("hubspot", {"a": "b"})
    assert Vault.of(None, tmp_path / "var").open("hubspot", sealed) == {"a": "b"}
    assert (tmp_path / "var" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="VOICEBOT_TOKEN_KEYS"):
        Vault.of(SecretStr("short"), tmp_path)


def test_expiry_is_kept_with_the_tokens(house: House) -> None:
    """As HubSpot said, not as anybody assumed."""
    house.connect()
    kept = house.store.get(ACCOUNT)
    assert kept is not None
    assert kept.expires_at == house.now() + timedelta(seconds=LIVES)
    assert house.store.accounts() == [ACCOUNT]
