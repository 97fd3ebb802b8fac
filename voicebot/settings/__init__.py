"""Every setting of the server, read and checked in one place.

Settings come from the environment (`VOICEBOT_*`), from an env file (`VOICEBOT_ENV_FILE`, else `voicebot.env` in
the working directory if there is one) and from secret files in `/run/secrets`; the environment wins. There is one
module for each group of them, in the order of `voicebot settings`: `server`, `access`, `hearing`, `speaking`,
`calls`, `storage`, `crm`, `privacy`, `logs`.
"""

from voicebot.settings.addresses import is_loopback
from voicebot.settings.crm import Crm
from voicebot.settings.hearing import Asr, Vad
from voicebot.settings.names import PREFIX
from voicebot.settings.privacy import Recordings
from voicebot.settings.server import REPOSITORY, need_two_ports, port_refused
from voicebot.settings.settings import Settings
from voicebot.settings.sources import load
from voicebot.settings.speaking import Voice

__all__ = [
    "PREFIX",
    "REPOSITORY",
    "Asr",
    "Crm",
    "Recordings",
    "Settings",
    "Vad",
    "Voice",
    "is_loopback",
    "load",
    "need_two_ports",
    "port_refused",
]
