"""The whole configuration, put together from its groups."""

from __future__ import annotations

import re
import socket
from enum import Enum
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from voicebot.settings.access import AccessSettings
from voicebot.settings.addresses import is_loopback
from voicebot.settings.calls import CallSettings
from voicebot.settings.crm import CrmSettings
from voicebot.settings.hearing import HearingSettings
from voicebot.settings.logs import LogSettings
from voicebot.settings.names import PREFIX
from voicebot.settings.privacy import PrivacySettings
from voicebot.settings.server import ServerSettings
from voicebot.settings.speaking import SpeakingSettings
from voicebot.settings.storage import StorageSettings

_PASSWORD = re.compile(r"://([^:/@]*):.*@")
"""As an address has one, such as that of a database."""

_LETS_IN = frozenset({"crm_webhook_url"})
"""Addresses of which the makers of workflows let whoever knows them in."""

_BEHIND_THE_HOST = re.compile(r"(://[^/?#]*)[/?#].*")


class Settings(
    # Pydantic takes the fields of the last base first: `voicebot settings` begins with the server.
    LogSettings,
    PrivacySettings,
    CrmSettings,
    StorageSettings,
    CallSettings,
    SpeakingSettings,
    HearingSettings,
    AccessSettings,
    ServerSettings,
    BaseSettings,
):
    """The whole configuration. Every field is the setting `VOICEBOT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    @model_validator(mode="after")
    def _closed_to_strangers(self) -> Self:
        if self.jambonz_webhook_secret is None and not self.allow_unsigned and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}HOST={self.host} is reachable from outside, but no {PREFIX}JAMBONZ_WEBHOOK_SECRET "
                "is set: anybody could forge calls. Set the secret from the jambonz portal, listen on 127.0.0.1, "
                f"or say {PREFIX}ALLOW_UNSIGNED=true if something in front checks the signature"
            )
        return self

    def table(self) -> list[tuple[str, str, str]]:
        """Every setting as (name, present value, description); secrets only as set or unset, or as `***`."""
        return [
            (PREFIX + name.upper(), _shown(getattr(self, name), name in _LETS_IN), field.description or "")
            for name, field in type(self).model_fields.items()
        ]

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the records."""
        return self.database_url or f"sqlite:///{self.data_dir / 'voicebot.db'}"

    @property
    def recordings_dir(self) -> Path:
        """Folder of the recordings made by this media process."""
        return self.data_dir / "recordings"

    @property
    def inputs_dir(self) -> Path:
        """Folder of what calls on this media process were told, for `voicebot replay`."""
        return self.data_dir / "inputs"

    @property
    def node(self) -> str:
        """Name under which this process announces itself and owns its live calls."""
        return self.node_name or f"{socket.gethostname()}:{self.ws_port}"


def _shown(value: object, lets_in: bool = False) -> str:
    match value:
        case SecretStr():
            return "(set)"
        case None | "":
            return "(unset)"
        case Enum():
            return str(value.value)
        case tuple():
            return ", ".join(each.value for each in value) or "none"
        case str() if lets_in:
            return _BEHIND_THE_HOST.sub(r"\1/***", value)
        case str():
            return _PASSWORD.sub(r"://\1:***@", value)
        case _:
            return str(value)
