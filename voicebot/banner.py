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
    return f"""  webhooks  {settings.http_url}/voice ({signed})
  audio     {settings.ws_url}/audio/jambonz, {settings.ws_url}/audio (mu-law JSON)
  desk      {settings.http_url}/agent ({_first_user(settings)}; more: `voicebot users add`)
  records   {_records(settings)}
  CRM       {", ".join(settings.delivery_targets) or "none"}
Ready. Next:
  try it    .venv/bin/voicebot call --say "where is my order one two three four" --say "goodbye"
  jambonz   make an application whose calling webhook is {settings.http_url}/voice (POST)
            and whose call status webhook is {settings.http_url}/status; docs/jambonz.md
  check     .venv/bin/voicebot doctor"""


def _first_user(settings: Settings) -> str:
    made_up = settings.data_dir / AGENT_PASSWORD_FILE
    place = f"in {made_up}" if made_up.is_file() else "as in VOICEBOT_AGENT_PASSWORD"
    return f"first user {settings.agent_user}, first password {place}"


def _records(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url.rsplit("@", 1)[-1]
    return str(settings.data_dir / "voicebot.db")
