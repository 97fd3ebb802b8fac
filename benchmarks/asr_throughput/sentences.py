"""What the callers of the benchmark say: sentences of one to six seconds in an offline voice."""

from __future__ import annotations

from voicebot.audio import Pcm
from voicebot.tts.espeak import EspeakSynthesizer

SENTENCES = (
    "Yes, please.",
    "No, thank you.",
    "Four five two nine.",
    "What are your opening hours?",
    "Where is my order?",
    "My order number is one two three four.",
    "I want to speak to an agent.",
    "I would like to return my shoes, they are too small.",
    "Where is my order? The number is four five two nine eight one.",
    "I ordered it two weeks ago and it has not arrived, can you tell me where it is?",
)


def utterances() -> list[Pcm]:
    """Each sentence as telephone audio."""
    voice = EspeakSynthesizer("en-us")
    return [voice.render(sentence) for sentence in SENTENCES]
