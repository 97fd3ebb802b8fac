"""Text to telephone audio: the port, the engines behind it, and the cache and reserve in front of them."""

from voicebot.tts.port import Synthesizer

__all__ = ["Synthesizer"]
