"""Secrets of others at rest: encrypted, with keys that can be replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from voicebot.errors import ConfigError, SettingsError

KEY_FILE = "token-key"
SETTING = "VOICEBOT_TOKEN_KEYS"


class Vault:
    """Seals with the first of its keys and opens with any.

    keys: Fernet keys, 32 bytes in URL-safe base64. Raises SettingsError for anything else.
    """

    def __init__(self, *keys: str) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(
                f"{SETTING} must be keys of 32 bytes in URL-safe base64, newest first, with spaces between: "
                "head -c 32 /dev/urandom | base64 | tr +/ -_"
            ) from None

    @classmethod
    def of(cls, keys: SecretStr | None, folder: Path) -> Vault:
        """With the `keys` given, else with one that is made up at first and kept in `folder`.

        Raises SettingsError.
        """
        if keys is not None:
            return cls(*keys.get_secret_value().replace(",", " ").split())
        return cls(_kept(folder))

    def seal(self, account: str, secrets: Mapping[str, str]) -> str:
        """`secrets` of `account`, encrypted. Fernet knows no associated data, so the account goes inside."""
        return self._fernet.encrypt(json.dumps({"account": account, "secrets": dict(secrets)}).encode()).decode()

    def open(self, account: str, sealed: str) -> dict[str, str]:
        """What was sealed for `account`. Raises ConfigError if no key fits, or it is somebody else's."""
        try:
            content = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise ConfigError(
                f"the tokens of {account} cannot be read with the keys of {SETTING} (or the file {KEY_FILE} in "
                f"the data folder): put the old key back behind the new one, or connect {account} again"
            ) from None
        if content["account"] != account:
            raise ConfigError(f"the tokens of {account} belong to {content['account']}: connect {account} again")
        return dict(content["secrets"])

    def rotate(self, sealed: str) -> str:
        """The same, sealed with the first key. Raises ConfigError if no key fits."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken:
            raise ConfigError(
                f"no key of {SETTING} opens what is kept: put the old key behind the new one"
            ) from None


def _kept(folder: Path) -> str:
    path = folder / KEY_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        key = Fernet.generate_key().decode()
        with os.fdopen(handle, "w") as file:
            file.write(key + "\n")
        return key
    except OSError as error:
        raise SettingsError(
            f"VOICEBOT_DATA_DIR={folder}: cannot write {KEY_FILE} there ({error.strerror})"
        ) from None
