"""Who may call on the server: the gateway by its secrets, people by their passwords."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from voicebot.settings.addresses import HttpAddress
from voicebot.settings.names import PREFIX


class AccessSettings(BaseModel):
    """What jambonz and plain clients sign in with, and the people at the pages, whose wrap-ups are waited for."""

    jambonz_webhook_secret: SecretStr | None = Field(None, description="Webhook secret of the jambonz account.")
    jambonz_api_url: HttpAddress = Field(
        "", description="The jambonz REST API, such as https://jambonz.example/api: tells which agents are there."
    )
    jambonz_account_sid: str = Field("", description="The account whose registered users are asked for.")
    jambonz_api_key: SecretStr | None = Field(None, description="Key of that API.")
    webhook_user: str = Field("", description="User name jambonz sends with HTTP Basic on webhooks, if set.")
    webhook_password: SecretStr | None = Field(None, description="Password for webhook_user.")
    allow_unsigned: bool = Field(False, description="Listen beyond loopback without a webhook secret.")
    ws_user: str = Field("", description="User name jambonz sends on the audio socket (wsAuth), if set.")
    ws_password: SecretStr | None = Field(None, description="Password for ws_user.")
    audio_token: SecretStr | None = Field(
        None,
        description="Token of plain mu-law clients on /audio; made up and kept in the data folder if unset.",
    )
    agent_user: str = Field(
        "agent", description="Name of the first user of the pages, made when there is none; see `voicebot users`."
    )
    agent_password: SecretStr | None = Field(
        None,
        description="First password of that user; made up at first start and kept in the data folder if unset.",
    )
    session_key: SecretStr | None = Field(
        None,
        description="Key that signs the cookies of signed-in people, the same in all web processes; made up and "
        "kept in the data folder if unset.",
    )
    wrap_up_seconds: int = Field(
        180,
        ge=0,
        le=3600,
        description="How long a call's note for the CRM waits for its agent's wrap-up once the agent is silent.",
    )

    @model_validator(mode="after")
    def _access_agrees(self) -> Self:
        api = (self.jambonz_api_url, self.jambonz_account_sid, self.jambonz_api_key)
        if any(api) and not all(api):
            raise ValueError(
                f"set all of {PREFIX}JAMBONZ_API_URL, {PREFIX}JAMBONZ_ACCOUNT_SID and {PREFIX}JAMBONZ_API_KEY, "
                "or none of them"
            )
        if bool(self.webhook_user) != (self.webhook_password is not None):
            raise ValueError(f"set both {PREFIX}WEBHOOK_USER and {PREFIX}WEBHOOK_PASSWORD, or neither")
        if bool(self.ws_user) != (self.ws_password is not None):
            raise ValueError(f"set both {PREFIX}WS_USER and {PREFIX}WS_PASSWORD, or neither")
        if self.ws_password is not None and len(self.ws_user) + len(self.ws_password.get_secret_value()) > 88:
            raise ValueError(
                f"{PREFIX}WS_USER and {PREFIX}WS_PASSWORD together must be at most 88 characters: "
                "jambonz leaves longer credentials out without a word"
            )
        return self
