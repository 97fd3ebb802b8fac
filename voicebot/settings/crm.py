"""Who is told about calls, and with which accounts."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from voicebot.settings.addresses import HttpAddress, VendorAddress
from voicebot.settings.names import PREFIX


class Crm(Enum):
    """Where notes about calls can go."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    ZENDESK = "zendesk"
    WEBHOOK = "webhook"


_NEEDS: dict[Crm, tuple[str, ...]] = {
    Crm.HUBSPOT: (),
    Crm.SALESFORCE: ("salesforce_url", "salesforce_client_id"),
    Crm.ZENDESK: ("zendesk_url", "zendesk_client_id", "zendesk_client_secret"),
    Crm.WEBHOOK: ("crm_webhook_url", "crm_webhook_secret"),
}
_CRM_PAGES = {
    crm: f"docs/{'crm-webhook' if crm is Crm.WEBHOOK else crm.value}.md says where to get it" for crm in Crm
}


class CrmSettings(BaseModel):
    """The CRMs, the model that sums calls up for them, and the country of their numbers."""

    crm: Annotated[tuple[Crm, ...], NoDecode] = Field(
        (), description="Who is told about calls: none, or some of hubspot,salesforce,zendesk,webhook."
    )
    summary_url: HttpAddress = Field(
        "",
        description="An OpenAI-compatible server, up to and with /v1, that sums calls up for CRMs; none if unset.",
    )
    summary_model: str = Field("", description="Model that server is asked for.")
    summary_api_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    summary_timeout: float = Field(
        10.0, gt=0, le=15, description="Seconds to wait for it; then the dialog's own summary is taken."
    )
    crm_pause: float = Field(
        300, ge=5, le=86400, description="Seconds a CRM that refuses our credential is left alone."
    )
    crm_callers: bool = Field(
        True, description="Ask HubSpot, Salesforce and Zendesk who calls when a call begins, for desk and routing."
    )
    hubspot_token: SecretStr | None = Field(None, description="HubSpot service key.")
    hubspot_client_id: str = Field("", description="Client id of the HubSpot app: OAuth instead of a service key.")
    hubspot_client_secret: SecretStr | None = Field(None, description="Its client secret.")
    hubspot_authorize_url: VendorAddress = Field(
        "https://app.hubspot.com/oauth/authorize", description="Where people allow the app, once."
    )
    hubspot_oauth_version: str = Field("2026-03", description="Version of HubSpot's OAuth endpoints.")
    token_keys: SecretStr | None = Field(
        None,
        description="Keys that encrypt OAuth tokens at rest, newest first with spaces between; made up and kept "
        "in the data folder if unset.",
    )
    hubspot_base_url: VendorAddress = Field("https://api.hubapi.com", description="HubSpot API address.")
    hubspot_api_version: str = Field(
        "2026-03", description="HubSpot dated API version, or v3 for the legacy paths."
    )
    hubspot_create_contact: bool = Field(True, description="Create a contact when none has the caller's number.")
    hubspot_activity: Literal["note", "call", "both"] = Field(
        "note", description="What HubSpot is told: a note, a call (in the calls index and reports), or both."
    )
    hubspot_several: Literal["newest", "none"] = Field(
        "newest", description="Who of several contacts with the number gets it: the one changed last, or none."
    )
    hubspot_contact_page: str = Field(
        "",
        description="Address of a contact's page, with {id} in it, for links at the desk: "
        "https://app.hubspot.com/contacts/YOUR-ACCOUNT/record/0-1/{id}.",
    )
    hubspot_call_property: str = Field(
        "", description="Unique text property of calls that takes the call id, such as voicebot_call_id."
    )
    hubspot_upload_recordings: bool = Field(
        False,
        description="Attach recordings to what HubSpot is told, as private files; the key needs the scope files.",
    )
    hubspot_rate: int = Field(100, ge=1, le=10000, description="Requests to HubSpot in ten seconds, at most.")
    salesforce_url: VendorAddress = Field(
        "", description="My Domain address of the org, such as https://acme.my.salesforce.com."
    )
    salesforce_client_id: str = Field("", description="Consumer key of the External Client App.")
    salesforce_client_secret: SecretStr | None = Field(
        None, description="Consumer secret: the client credentials flow."
    )
    salesforce_username: str = Field("", description="User the JWT bearer flow acts for.")
    salesforce_private_key: SecretStr | None = Field(
        None, description="RSA private key (PEM) of the JWT bearer flow; best as a secret file."
    )
    salesforce_login_url: VendorAddress = Field(
        "https://login.salesforce.com",
        description="Audience of that flow; https://test.salesforce.com in a sandbox.",
    )
    salesforce_api_version: str = Field("67.0", description="Salesforce REST API version.")
    salesforce_external_id: str = Field(
        "", description="Unique External ID text field of Task that takes the call id, such as Voicebot_Call__c."
    )
    salesforce_create_lead: bool = Field(False, description="Create a lead when nobody has the caller's number.")
    zendesk_url: VendorAddress = Field("", description="Address of the account, such as https://acme.zendesk.com.")
    zendesk_client_id: str = Field("", description="Unique identifier of the OAuth client.")
    zendesk_client_secret: SecretStr | None = Field(None, description="Secret of the OAuth client.")
    zendesk_scope: str = Field("read write", description="Scopes asked for at Zendesk.")
    zendesk_create_user: bool = Field(True, description="Create an end user when nobody has the caller's number.")
    zendesk_agents: str = Field(
        "",
        description="Agents' ids at Zendesk by their name at the desk, ada=123,bob=456: taking a call opens the "
        "caller's page in their browser (Talk Partner Edition).",
    )
    zendesk_rate: int = Field(180, ge=1, le=10000, description="Requests to Zendesk in a minute, at most.")
    crm_webhook_url: str = Field("", description="Where VOICEBOT_CRM=webhook posts what happened in a call.")
    crm_webhook_secret: SecretStr | None = Field(
        None, description="Its signing secret, whsec_…; two with a space between while one replaces the other."
    )
    crm_webhook_private: bool = Field(
        False, description="Let that address be plain http, or inside a private network."
    )
    crm_webhook_transcript: bool = Field(False, description="Send the transcript along.")
    default_region: str = Field("US", description="Country (ISO 3166) in which numbers without + are dialled.")

    @field_validator("crm", mode="before")
    @classmethod
    def _crms(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = [name for each in value.split(",") if (name := each.strip().lower())]
        known = [each.value for each in Crm]
        for name in names:
            if name not in known and names != ["none"]:
                near = get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"{name!r} is not one of none, {', '.join(known)} (with commas between){hint}")
        return () if names == ["none"] else tuple(Crm(name) for name in dict.fromkeys(names))

    @field_validator("hubspot_api_version")
    @classmethod
    def _version(cls, value: str) -> str:
        if value != "v3" and not (len(value) == 7 and value[4] == "-" and value.replace("-", "").isdigit()):
            raise ValueError("must be v3 or a dated version such as 2026-03")
        return value

    @field_validator("zendesk_agents")
    @classmethod
    def _agents(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            if not re.fullmatch(r"[a-z0-9._@-]+=[0-9]+", each):
                raise ValueError(f"{each!r} must be a name and a number, such as ada=123")
        return value

    @field_validator("salesforce_api_version")
    @classmethod
    def _salesforce_version(cls, value: str) -> str:
        if not re.fullmatch(r"\d{2,3}\.0", value):
            raise ValueError("must be a version such as 67.0")
        return value

    @field_validator("default_region")
    @classmethod
    def _region(cls, value: str) -> str:
        if len(value) != 2 or not value.isalpha():
            raise ValueError("must be a two-letter country code such as US or DE")
        return value.upper()

    @model_validator(mode="after")
    def _crm_agrees(self) -> Self:
        for crm in self.crm:
            lacking = [f"{PREFIX}{name.upper()}" for name in _NEEDS[crm] if not getattr(self, name)]
            if lacking:
                raise ValueError(f"{PREFIX}CRM={crm.value} needs {' and '.join(lacking)}; {_CRM_PAGES[crm]}")
        if bool(self.summary_url) != bool(self.summary_model):
            raise ValueError(f"set both {PREFIX}SUMMARY_URL and {PREFIX}SUMMARY_MODEL, or neither")
        app = self.hubspot_client_id and self.hubspot_client_secret
        if Crm.HUBSPOT in self.crm and self.hubspot_token is None and not app:
            raise ValueError(
                f"{PREFIX}CRM=hubspot needs {PREFIX}HUBSPOT_TOKEN (a HubSpot service key), or "
                f"{PREFIX}HUBSPOT_CLIENT_ID and {PREFIX}HUBSPOT_CLIENT_SECRET; docs/hubspot.md"
            )
        by_key = self.salesforce_private_key is not None and self.salesforce_username
        if Crm.SALESFORCE in self.crm and self.salesforce_client_secret is None and not by_key:
            raise ValueError(
                f"{PREFIX}CRM=salesforce needs {PREFIX}SALESFORCE_CLIENT_SECRET, or "
                f"{PREFIX}SALESFORCE_USERNAME and {PREFIX}SALESFORCE_PRIVATE_KEY; docs/salesforce.md"
            )
        return self

    @property
    def delivery_targets(self) -> tuple[str, ...]:
        """Names of the CRMs that can be told about calls; a dialog may choose among them."""
        return tuple(each.value for each in self.crm)

    @property
    def agents_at_zendesk(self) -> dict[str, str]:
        """Ids of agents at Zendesk, by the name they sign in with."""
        pairs = (part.strip().partition("=") for part in self.zendesk_agents.split(",") if part.strip())
        return {name: identity for name, _, identity in pairs}
