"""Passwords nobody chose: made up at first start and kept in the data folder, so nothing is open by default."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from voicebot.errors import SettingsError
from voicebot.settings import Settings

AGENT_PASSWORD_FILE = "agent-password"  # noqa: S105
AUDIO_TOKEN_FILE = "audio-token"  # noqa: S105
SESSION_KEY_FILE = "session-key"


def complete(settings: Settings) -> Settings:
    """`settings` with the first user's password, audio token and session key filled in from the data folder.

    Raises SettingsError when the folder cannot be written.
    """
    return settings.model_copy(
        update={
            "agent_password": settings.agent_password or _kept(settings.data_dir, AGENT_PASSWORD_FILE),
            "audio_token": settings.audio_token or _kept(settings.data_dir, AUDIO_TOKEN_FILE),
            "session_key": settings.session_key or _kept(settings.data_dir, SESSION_KEY_FILE),
        }
    )


def _kept(folder: Path, name: str) -> SecretStr:
    path = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return SecretStr(path.read_text().strip())
        with os.fdopen(handle, "w") as file:
            value = secrets.token_urlsafe(18)
            file.write(value + "\n")
        return SecretStr(value)
    except OSError as error:
        raise SettingsError(
            f"VOICEBOT_DATA_DIR={folder}: cannot write {name} there ({error.strerror}); "
            "choose a folder this user may write"
        ) from error
