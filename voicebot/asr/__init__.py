"""Speech to text: the port, the models, and the workers that serve all calls of a process.

`build` makes the recogniser the settings ask for; everything else speaks the port's types.
"""

from voicebot.asr.build import build
from voicebot.asr.port import JobKind, Recognizer, Speech, Transcript

__all__ = ["JobKind", "Recognizer", "Speech", "Transcript", "build"]
