"""Coqui TTS in this process: neural voices by model name or from a folder, on the GPU if there is one.

The package (`coqui-tts`, imported as `TTS`) and torch are an extra, imported only when this voice is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from voicebot.audio import Pcm
from voicebot.audio.level import SPEECH_DBFS
from voicebot.tts.coqui_loading import load
from voicebot.tts.normalise import speakable_sentences
from voicebot.tts.packages import loaded
from voicebot.tts.relay import relayed
from voicebot.tts.sequence import in_sequence
from voicebot.tts.telephone import chunks

DEFAULT_MODEL = "tts_models/en/ljspeech/vits"
LOAD_SECONDS = 1800.0
"""A first start downloads the model: up to 2 GB."""


class CoquiSynthesizer:
    """Speaks with one Coqui model, a sentence at a time, on a thread of its own.

    name: a model name of Coqui (`tts_models/en/ljspeech/vits`), a folder with a `.pth` file and `config.json`, or
    a `.pth` file with `config.json` beside it. `#speaker` may follow: a name, or for models that clone (XTTS,
    Bark) a WAV file of the voice; then `@de`, the language of a model that knows several. XTTS is heard while it
    speaks. Raises ModelUnavailable.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name or DEFAULT_MODEL
        self._worker, self._model = loaded("Coqui", self._name, lambda: load(self._name), LOAD_SECONDS)

    @property
    def description(self) -> str:
        speaker = f", speaker {self._model.speaker}" if self._model.speaker else ""
        return f"coqui {self._name}{speaker} on {self._model.device}"

    @property
    def key(self) -> str:
        model = self._model
        return f"coqui/{model.version}/{self._name}/{model.speaker}/{model.language}/{SPEECH_DBFS:g}"

    @property
    def language(self) -> str:
        """Language tag of what the model speaks."""
        return self._model.language or "en"

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(speakable_sentences(text, self.language), self._sentence)

    async def aclose(self) -> None:
        self._worker.close()

    async def _sentence(self, said: str) -> AsyncGenerator[Pcm, None]:
        if self._model.cast is not None:
            async with aclosing(
                relayed(self._worker, lambda stopped: self._model.perform(said, stopped))
            ) as audio:
                async for piece in audio:
                    yield piece
            return
        for chunk in chunks(await self._worker.run(lambda stopped: self._model.speak(said, stopped))):
            yield chunk
