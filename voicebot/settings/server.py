"""Where the server listens and writes, and how others reach it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from voicebot.errors import SettingsError
from voicebot.settings.addresses import HttpAddress, WsAddress, reachable
from voicebot.settings.names import PREFIX

REPOSITORY = Path(__file__).resolve().parents[2]

Port = Annotated[int, Field(ge=0, le=65535)]


class ServerSettings(BaseModel):
    """Addresses, ports, folders, and the bot."""

    host: str = Field("127.0.0.1", description="Address the HTTP and WebSocket servers listen on.")
    http_port: Port = Field(3000, description="Port of the webhooks and pages.")
    ws_port: Port = Field(3001, description="Port of the audio WebSocket server.")
    public_http_url: HttpAddress = Field(
        "", description="How jambonz and agents reach the HTTP server, e.g. https://bot.example."
    )
    public_ws_url: WsAddress = Field(
        "", description="How jambonz reaches the audio server, e.g. wss://bot.example."
    )
    trusted_proxy: str = Field(
        "",
        description="Address of the reverse proxy in front, or *: its X-Forwarded-For tells who asks, so that who "
        "guesses passwords locks out himself and not all agents.",
    )
    data_dir: Path = Field(Path("var"), description="Folder for everything the server writes.")
    dialog: Path = Field(REPOSITORY / "config" / "dialog.yaml", description="The bot: one YAML file.")

    @field_validator("trusted_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        if value not in ("", "*"):
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise ValueError("must be the IP address of the proxy, or *") from None
        return value

    @property
    def http_url(self) -> str:
        """Public base URL of the HTTP server, without a trailing slash."""
        return self.public_http_url or f"http://{reachable(self.host)}:{self.http_port}"

    @property
    def ws_url(self) -> str:
        """Public base URL of the audio server, without a trailing slash."""
        return self.public_ws_url or f"ws://{reachable(self.host)}:{self.ws_port}"


def need_two_ports(settings: ServerSettings) -> None:
    """Raises SettingsError where one process would listen twice on a port: 0, any free one, is never the same."""
    if settings.http_port == settings.ws_port != 0:
        raise SettingsError(
            f"{PREFIX}HTTP_PORT and {PREFIX}WS_PORT are both {settings.ws_port}: each needs its own; "
            "choose another for one of them"
        )


def port_refused(settings: ServerSettings, name: str, error: OSError) -> SettingsError:
    """What to tell the operator when the port that the setting `name` gives cannot be listened on."""
    return SettingsError(
        f"{PREFIX}{name.upper()}={getattr(settings, name)} on {PREFIX}HOST={settings.host}: "
        f"{error.strerror or error}; choose another port or stop what uses it"
    )
