"""Text to telephone audio: the port, the engines behind it, and the cache and reserve in front of them.

`build.build` makes the one voice of a process; it is not re-exported, so that types come without engines.
"""

from voicebot.tts.cache import CacheStats
from voicebot.tts.fallback import Voice
from voicebot.tts.port import Synthesizer

__all__ = ["CacheStats", "Synthesizer", "Voice"]
