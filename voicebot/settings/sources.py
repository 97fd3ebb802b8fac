"""Where settings come from, and what is said when one of them is wrong."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicebot.errors import SettingsError
from voicebot.settings.names import ELSEWHERE, PREFIX
from voicebot.settings.settings import Settings

SECRETS_DIR = Path("/run/secrets")


def load(**overrides: Any) -> Settings:
    """The settings as the environment, the env file and secret files give them.

    Raises SettingsError whose message names every wrong setting, where it was set, and what it should be.
    """
    env_file = _env_file()
    _refuse_unknown(env_file)
    try:
        return Settings(
            _env_file=env_file,
            _secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
            **overrides,
        )
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(item, env_file) for item in error.errors())) from None


def _env_file() -> Path | None:
    named = os.environ.get(f"{PREFIX}ENV_FILE")
    if named:
        path = Path(named)
        if not path.is_file():
            raise SettingsError(f"{PREFIX}ENV_FILE={named}: there is no such file")
        return path
    default = Path("voicebot.env")
    return default if default.is_file() else None


def _refuse_unknown(env_file: Path | None) -> None:
    """A misspelt setting would be ignored without a word, and a misspelt secret leaves a door open."""
    names = [(name, "") for name in os.environ if name.startswith(PREFIX)]
    if env_file is not None:
        lines = (
            line.removeprefix("export ").split("=", 1)[0].strip() for line in env_file.read_text().splitlines()
        )
        names += [(name, f"{env_file}:{at}: ") for at, name in enumerate(lines, 1) if name.startswith(PREFIX)]
    known = {PREFIX + field.upper() for field in Settings.model_fields} | ELSEWHERE
    complaints = []
    for name, where in names:
        if name.upper() not in known:
            near = get_close_matches(name.upper(), known, 1)
            hint = f"; did you mean {near[0]}?" if near else "; `voicebot settings` lists them all"
            complaints.append(f"{where}{name}: there is no such setting{hint}")
    if complaints:
        raise SettingsError("\n".join(complaints))


def _explain(item: Any, env_file: Path | None) -> str:
    message = item["msg"].removeprefix("Value error, ")
    if not item["loc"]:
        return str(message)
    name = f"{PREFIX}{str(item['loc'][0]).upper()}"
    return f"{_where(name, env_file)}{name}: {message}"


def _where(name: str, env_file: Path | None) -> str:
    if name in os.environ or env_file is None:
        return ""
    for number, line in enumerate(env_file.read_text().splitlines(), 1):
        if line.split("=", 1)[0].strip().removeprefix("export ").upper() == name:
            return f"{env_file}:{number}: "
    return ""
