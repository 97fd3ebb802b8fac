"""The store's parts as the settings ask for them."""

from __future__ import annotations

from voicebot.settings import Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.sessions import Sessions


def sessions(settings: Settings) -> Sessions:
    """Sessions in Redis if `VOICEBOT_REDIS_URL` is set, else in this process.

    Raises SettingsError for a URL that is none; does not connect yet.
    """
    if settings.redis_url:
        # The client library is big, and most servers stand alone.
        from voicebot.store.redis import connect

        return connect(settings.redis_url, settings.session_ttl, settings.context_ttl)
    return MemorySessions(settings.session_ttl, settings.context_ttl)
