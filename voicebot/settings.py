"""Every setting of the server, read and checked in one place.

Settings come from the environment (`VOICEBOT_*`), from an env file (`VOICEBOT_ENV_FILE`, else `voicebot.env` in
the working directory if there is one) and from secret files in `/run/secrets`; the environment wins.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voicebot.errors import SettingsError
from voicebot.privacy.marks import Mark

PREFIX = "VOICEBOT_"
SECRETS_DIR = Path("/run/secrets")
ELSEWHERE = frozenset(
    f"{PREFIX}{name}"
    for name in ("ENV_FILE", "VENV", "HEALTH_PORT", "TEST_CACHE", "TEST_PICTURES", "TEST_WORKERS")
)
"""Names of ours that are read by scripts, the container's health check, or before there are settings."""

REPOSITORY = Path(__file__).resolve().parent.parent


class Crm(Enum):
    """Where notes about calls can go."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    ZENDESK = "zendesk"
    WEBHOOK = "webhook"


class Asr(Enum):
    """Which back end turns speech into text."""

    LOCAL = "local"
    OPENAI = "openai"
    RAY = "ray"


class Vad(Enum):
    """Which voice detector listens for speech."""

    SILERO = "silero"
    WEBRTC = "webrtc"


class Voice(Enum):
    """Which engine speaks."""

    ESPEAK = "espeak"
    PIPER = "piper"
    COQUI = "coqui"
    OPENAI = "openai"


_NEEDS: dict[Crm, tuple[str, ...]] = {
    Crm.HUBSPOT: (),
    Crm.SALESFORCE: ("salesforce_url", "salesforce_client_id"),
    Crm.ZENDESK: ("zendesk_url", "zendesk_client_id", "zendesk_client_secret"),
    Crm.WEBHOOK: ("crm_webhook_url", "crm_webhook_secret"),
}
_CRM_PAGES = {
    crm: f"docs/{'crm-webhook' if crm is Crm.WEBHOOK else crm.value}.md says where to get it" for crm in Crm
}


class Recordings(Enum):
    """Whether calls are recorded, and how."""

    OFF = "off"
    WAV = "wav"
    FLAC = "flac"


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """The whole configuration. Every field is the setting `VOICEBOT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address the HTTP and WebSocket servers listen on.")
    http_port: Port = Field(3000, description="Port of the webhooks and pages.")
    ws_port: Port = Field(3001, description="Port of the audio WebSocket server.")
    public_http_url: str = Field(
        "", description="How jambonz and agents reach the HTTP server, e.g. https://bot.example."
    )
    public_ws_url: str = Field("", description="How jambonz reaches the audio server, e.g. wss://bot.example.")
    trusted_proxy: str = Field(
        "",
        description="Address of the reverse proxy in front, or *: its X-Forwarded-For tells who asks, so that who "
        "guesses passwords locks out himself and not all agents.",
    )
    data_dir: Path = Field(Path("var"), description="Folder for everything the server writes.")
    dialog: Path = Field(REPOSITORY / "config" / "dialog.yaml", description="The bot: one YAML file.")

    jambonz_webhook_secret: SecretStr | None = Field(None, description="Webhook secret of the jambonz account.")
    jambonz_api_url: str = Field(
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

    asr: Asr = Field(Asr.LOCAL, description="Who hears: local, openai (any such server), or ray.")
    asr_url: str = Field(
        "", description="The server of openai, up to and with /v1; the address of a Ray cluster's proxy for ray."
    )
    asr_api_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    asr_model: str = Field(
        "auto",
        description="auto, demo, a Whisper size name, a hub id, or a folder; what the server calls it (openai).",
    )
    asr_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where recognition runs.")
    asr_compute_type: str = Field("default", description="CTranslate2 compute type, e.g. int8, float16.")
    asr_threads: int = Field(0, ge=0, le=64, description="CPU threads per decode; 0 chooses.")
    asr_workers: int = Field(0, ge=0, le=16, description="Decodes at once; 0 is 1 on a GPU, up to 4 on a CPU.")
    asr_batch: int = Field(0, ge=0, le=256, description="Utterances of different calls heard together; 0 chooses.")
    asr_context_seconds: float = Field(
        30.0, ge=5, le=30, description="Audio with padding (s) a Whisper is shown at least; less is faster."
    )
    asr_max_wait: float = Field(
        1.0, gt=0, le=30, description="Expected wait (s) for the recogniser beyond which no new calls are taken."
    )
    asr_timeout: float = Field(6.0, gt=0, le=60, description="Seconds after which a recognition has failed.")
    vad: Vad = Field(Vad.SILERO, description="silero or webrtc.")
    vad_threshold: float = Field(
        0.6, gt=0, lt=1, description="Speech probability from which a frame counts as voice."
    )

    voice: Voice = Field(Voice.ESPEAK, description="espeak, piper, coqui, or openai.")
    voice_name: str = Field(
        "",
        description="Voice of the engine: en-gb (espeak-ng), en_US-lessac-medium or an .onnx file (Piper), "
        "a model name or path (Coqui), alloy (openai).",
    )
    voice_url: str = Field("", description="Base URL of the server of VOICEBOT_VOICE=openai, up to and with /v1.")
    voice_api_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    voice_model: str = Field("tts-1", description="Model that server is asked for.")
    voice_format: Literal["pcm", "wav"] = Field(
        "pcm", description="What that server is asked for: pcm (24 kHz), or wav where it does not know pcm."
    )
    voice_cache_mb: int = Field(64, ge=1, le=4096, description="Memory for replies already spoken.")
    voice_disk_mb: int = Field(
        256, ge=0, le=65536, description="Room in the data folder for replies already spoken; 0 keeps none."
    )
    voices_url: str = Field(
        "https://huggingface.co/rhasspy/piper-voices/resolve/main",
        description="Where `voicebot voices get` finds Piper's voices: a copy of that tree.",
    )

    max_calls: int = Field(20, ge=1, le=2000, description="Calls this process holds at once.")
    max_call_seconds: int = Field(
        1800, ge=10, le=14400, description="After this the bot says goodbye or hands over."
    )
    max_message_bytes: int = Field(65536, ge=4096, le=1 << 20, description="Largest WebSocket message taken.")
    guess_after: float = Field(
        0.1,
        ge=0.04,
        le=1,
        description="Silence (s) after which what was said is recognised on the chance it is all.",
    )
    short_pause: float = Field(
        0.25,
        ge=0.1,
        le=3,
        description="Silence (s) that ends a turn which is just what was asked; min_pause at most.",
    )
    min_pause: float = Field(
        0.4, ge=0.1, le=3, description="Silence (s) that ends a turn which is complete but may go on."
    )
    max_pause: float = Field(
        1.2, ge=0.2, le=6, description="Silence (s) that ends a turn which sounds unfinished."
    )

    database_url: str = Field(
        "", description="SQLAlchemy URL of the call records; SQLite in the data folder if unset."
    )
    redis_url: str = Field("", description="Redis for sessions shared by several processes; memory if unset.")
    session_ttl: int = Field(14400, ge=60, description="Seconds a session lives without news.")
    context_ttl: int = Field(900, ge=30, description="Seconds an agent context id is valid.")
    node_name: str = Field("", description="Name of this media process; host name and port if unset.")

    crm: Annotated[tuple[Crm, ...], NoDecode] = Field(
        (), description="Who is told about calls: none, or some of hubspot,salesforce,zendesk,webhook."
    )
    summary_url: str = Field(
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
    hubspot_authorize_url: str = Field(
        "https://app.hubspot.com/oauth/authorize", description="Where people allow the app, once."
    )
    hubspot_oauth_version: str = Field("2026-03", description="Version of HubSpot's OAuth endpoints.")
    token_keys: SecretStr | None = Field(
        None,
        description="Keys that encrypt OAuth tokens at rest, newest first with spaces between; made up and kept "
        "in the data folder if unset.",
    )
    hubspot_base_url: str = Field("https://api.hubapi.com", description="HubSpot API address.")
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
    salesforce_url: str = Field(
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
    salesforce_login_url: str = Field(
        "https://login.salesforce.com",
        description="Audience of that flow; https://test.salesforce.com in a sandbox.",
    )
    salesforce_api_version: str = Field("67.0", description="Salesforce REST API version.")
    salesforce_external_id: str = Field(
        "", description="Unique External ID text field of Task that takes the call id, such as Voicebot_Call__c."
    )
    salesforce_create_lead: bool = Field(False, description="Create a lead when nobody has the caller's number.")
    zendesk_url: str = Field("", description="Address of the account, such as https://acme.zendesk.com.")
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

    recordings: Recordings = Field(
        Recordings.OFF,
        description="Record calls: off, wav, or flac (half the size). Callers must be told: the dialog needs "
        "says.notice.",
    )
    keep_recordings_days: int = Field(30, ge=1, le=3650, description="Days after which recordings are deleted.")
    keep_calls_days: int = Field(
        0, ge=0, le=36500, description="Days after which records of calls are deleted; 0 keeps them for good."
    )
    record_inputs: bool = Field(
        False,
        description="Record what every call is told, audio and numbers included, for `voicebot replay`; as "
        "personal as a recording, and deleted with them (docs/debugging.md).",
    )
    redact: Annotated[tuple[Mark, ...], NoDecode] = Field(
        tuple(Mark),
        description="Personal data taken out of everything kept of a call: any of card, iban, email, national_id, "
        "number, by commas; or none.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe event logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="json, or text; auto is text on a terminal."
    )

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

    @field_validator(
        "public_http_url",
        "jambonz_api_url",
        "asr_url",
        "voice_url",
        "voices_url",
        "summary_url",
    )
    @classmethod
    def _http(cls, value: str) -> str:
        return _base_url(value, ("http", "https"))

    @field_validator(
        "hubspot_base_url", "hubspot_authorize_url", "salesforce_url", "salesforce_login_url", "zendesk_url"
    )
    @classmethod
    def _vendor(cls, value: str) -> str:
        value = _base_url(value, ("http", "https"))
        if value.startswith("http:") and not is_loopback(urlsplit(value).hostname or ""):
            raise ValueError("must be https: the account's credential and what callers said go there")
        return value

    @field_validator("redact", mode="before")
    @classmethod
    def _marks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = [name.strip().lower() for name in value.split(",") if name.strip()]
        known = {mark.value for mark in Mark}
        if wrong := [name for name in names if name not in known | {"none"}]:
            raise ValueError(f"{wrong[0]!r} is none of {', '.join(sorted(known))}, none")
        return tuple(Mark(name) for name in dict.fromkeys(names) if name != "none")

    @field_validator("public_ws_url")
    @classmethod
    def _ws(cls, value: str) -> str:
        return _base_url(value, ("ws", "wss"))

    @field_validator("trusted_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        if value not in ("", "*"):
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise ValueError("must be the IP address of the proxy, or *") from None
        return value

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
    def _agree(self) -> Settings:
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
        api = (self.jambonz_api_url, self.jambonz_account_sid, self.jambonz_api_key)
        if any(api) and not all(api):
            raise ValueError(
                f"set all of {PREFIX}JAMBONZ_API_URL, {PREFIX}JAMBONZ_ACCOUNT_SID and {PREFIX}JAMBONZ_API_KEY, "
                "or none of them"
            )
        if self.asr is not Asr.LOCAL and not self.asr_url:
            raise ValueError(
                f"{PREFIX}ASR={self.asr.value} needs {PREFIX}ASR_URL, such as http://127.0.0.1:8000/v1"
            )
        if self.voice is Voice.OPENAI and not self.voice_url:
            raise ValueError(f"{PREFIX}VOICE=openai needs {PREFIX}VOICE_URL, such as http://127.0.0.1:8000/v1")
        if bool(self.webhook_user) != (self.webhook_password is not None):
            raise ValueError(f"set both {PREFIX}WEBHOOK_USER and {PREFIX}WEBHOOK_PASSWORD, or neither")
        if bool(self.ws_user) != (self.ws_password is not None):
            raise ValueError(f"set both {PREFIX}WS_USER and {PREFIX}WS_PASSWORD, or neither")
        if self.ws_password is not None and len(self.ws_user) + len(self.ws_password.get_secret_value()) > 88:
            raise ValueError(
                f"{PREFIX}WS_USER and {PREFIX}WS_PASSWORD together must be at most 88 characters: "
                "jambonz leaves longer credentials out without a word"
            )
        if self.max_pause < self.min_pause:
            raise ValueError(f"{PREFIX}MAX_PAUSE must not be below {PREFIX}MIN_PAUSE")
        if self.jambonz_webhook_secret is None and not self.allow_unsigned and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}HOST={self.host} is reachable from outside, but no {PREFIX}JAMBONZ_WEBHOOK_SECRET "
                "is set: anybody could forge calls. Set the secret from the jambonz portal, listen on 127.0.0.1, "
                f"or say {PREFIX}ALLOW_UNSIGNED=true if something in front checks the signature"
            )
        return self

    def table(self) -> list[tuple[str, str, str]]:
        """Every setting as (name, present value, description); secrets only as set or unset."""
        rows = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            shown = "(set)" if isinstance(value, SecretStr) else "(unset)" if value in (None, "") else str(value)
            shown = str(value.value) if isinstance(value, Enum) else shown
            if isinstance(value, tuple):
                shown = ",".join(str(item.value) for item in value) or "none"
            shown = ", ".join(each.value for each in value) or "none" if isinstance(value, tuple) else shown
            rows.append((PREFIX + name.upper(), shown, field.description or ""))
        return rows

    @property
    def http_url(self) -> str:
        """Public base URL of the HTTP server, without a trailing slash."""
        return self.public_http_url or f"http://{_reachable(self.host)}:{self.http_port}"

    @property
    def ws_url(self) -> str:
        """Public base URL of the audio server, without a trailing slash."""
        return self.public_ws_url or f"ws://{_reachable(self.host)}:{self.ws_port}"

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
    def delivery_targets(self) -> tuple[str, ...]:
        """Names of the CRMs that can be told about calls; a dialog may choose among them."""
        return tuple(each.value for each in self.crm)

    @property
    def agents_at_zendesk(self) -> dict[str, str]:
        """Ids of agents at Zendesk, by the name they sign in with."""
        pairs = (part.strip().partition("=") for part in self.zendesk_agents.split(",") if part.strip())
        return {name: identity for name, _, identity in pairs}

    @property
    def node(self) -> str:
        """Name under which this process announces itself and owns its live calls."""
        return self.node_name or f"{socket.gethostname()}:{self.ws_port}"


def port_refused(settings: Settings, name: str, error: OSError) -> SettingsError:
    """What to tell the operator when the port that the setting `name` gives cannot be listened on."""
    return SettingsError(
        f"{PREFIX}{name.upper()}={getattr(settings, name)} on {PREFIX}HOST={settings.host}: "
        f"{error.strerror or error}; choose another port or stop what uses it"
    )


def is_loopback(host: str) -> bool:
    """Whether `host` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def _base_url(value: str, schemes: tuple[str, ...]) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"must be a URL such as {schemes[-1]}://bot.example")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a plain base URL without credentials, query or fragment")
    return value.rstrip("/")


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host)  # noqa: S104
