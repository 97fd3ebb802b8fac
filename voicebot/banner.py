"""What the server says about itself when it starts."""

from __future__ import annotations

from voicebot import __version__
from voicebot.runtime.secrets import AGENT_PASSWORD_FILE
from voicebot.settings import Settings


def starting(settings: Settings) -> str:
    """The first lines, before the models are loaded."""
    return f"voicebot {__version__}\n  bot       {settings.dialog}"


def serving(settings: Settings) -> str:
    """Where everything is, and what to do next."""
    signed = (
        "signed" if settings.jambonz_webhook_secret else "unsigned: VOICEBOT_JAMBONZ_WEBHOOK_SECRET is not set"
    )
    shown = settings.agent_user
    return f"""  webhooks  {settings.http_url}/voice ({signed})
  audio     {settings.ws_url}/audio/jambonz, {settings.ws_url}/audio (mu-law JSON)
  calls     {settings.http_url}/agent/calls (user {shown}, password in {settings.data_dir / AGENT_PASSWORD_FILE})
  records   {_records(settings)}
  CRM       {", ".join(settings.delivery_targets) or "none"}
Ready. Next:
  try it    .venv/bin/voicebot call --say "where is my order one two three four" --say "goodbye"
  jambonz   make an application whose calling webhook is {settings.http_url}/voice (POST)
            and whose call status webhook is {settings.http_url}/status; docs/jambonz.md
  check     .venv/bin/voicebot doctor"""


def _records(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url.rsplit("@", 1)[-1]
    return str(settings.data_dir / "voicebot.db")
