"""The offline voice: espeak-ng in this process, a sentence in about 2 ms."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np

from voicebot.audio import Pcm, silence
from voicebot.audio.level import SPEECH_DBFS
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.espeak_library import Language, Library
from voicebot.tts.normalise import speakable_sentences
from voicebot.tts.sequence import GAP_SECONDS, in_sequence
from voicebot.tts.telephone import chunks, telephone
from voicebot.tts.worker import Stopped, Worker

DEFAULT_VOICE = "en-us"
WORDS_PER_MINUTE = 160
"""A little below espeak-ng's default of 175: a telephone caller cannot see what was said."""

_START_SECONDS = 20.0


class _Engine:
    """The library, the thread that alone may use it, and the voice it is set to."""

    def __init__(self) -> None:
        self._worker = Worker("espeak")
        self._chosen = ""
        try:
            self.library = self._worker.call(lambda _stopped: _load(), _START_SECONDS)
        except BaseException as error:
            self._worker.close()
            if isinstance(error, TimeoutError):
                raise ModelUnavailable(f"espeak-ng did not start within {_START_SECONDS:g} s") from None
            raise

    async def speak(self, voice: str, text: str) -> Pcm:
        return await self._worker.run(lambda stopped: self._speak(voice, text, stopped))

    def speak_now(self, voice: str, text: str, timeout: float) -> Pcm:
        try:
            return self._worker.call(lambda stopped: self._speak(voice, text, stopped), timeout)
        except TimeoutError:
            raise SynthesizerError(f"espeak-ng did not answer within {timeout:g} s") from None

    def _speak(self, voice: str, text: str, stopped: Stopped) -> Pcm:
        if voice != self._chosen:
            self._chosen = ""
            self.library.choose(voice, WORDS_PER_MINUTE)
            self._chosen = voice
        samples = self.library.synthesise(text, stopped)
        if stopped():
            return telephone(samples[:0], self.library.rate)
        return telephone(samples, self.library.rate)


_engine_lock = threading.Lock()


@functools.cache
def _shared() -> _Engine:
    return _Engine()


def _engine() -> _Engine:
    with _engine_lock:
        return _shared()


def _load() -> Library:
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError:
        raise ModelUnavailable(
            "the voice espeak needs the package espeakng-loader: run `pip install -r requirements.txt`"
        ) from None
    return Library(Path(loader.get_library_path()), Path(loader.get_data_path()))


class EspeakSynthesizer:
    """Speaks with an espeak-ng voice; all instances of a process share the one engine.

    voice: a language tag, voice name or identifier of espeak-ng, plain or with a variant: en-gb, en-us+f3.
    Raises ModelUnavailable for a voice that is not there.
    """

    def __init__(self, voice: str = "") -> None:
        self._engine = _engine()
        self._name = voice or DEFAULT_VOICE
        self._voice, self.language = _resolve(self._engine.library, self._name)

    @property
    def description(self) -> str:
        return f"espeak-ng {self._engine.library.version}, voice {self._name}"

    @property
    def key(self) -> str:
        version = self._engine.library.version
        return f"espeak-ng/{version}/{self._voice}/{WORDS_PER_MINUTE}/{SPEECH_DBFS:g}"

    @property
    def count(self) -> int:
        """How many voices the library has."""
        return len(self._engine.library.languages)

    @property
    def tags(self) -> tuple[str, ...]:
        """The language tags it speaks, in order."""
        return tuple(sorted({tag for voice in self._engine.library.languages for tag, _ in voice.languages[:1]}))

    def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        return in_sequence(speakable_sentences(text, self.language), self._sentence)

    def render(self, text: str, timeout: float = 5.0) -> Pcm:
        """The whole of `text` in one piece, blocking; `timeout` is for each sentence. Raises SynthesizerError."""
        spoken: list[Pcm] = []
        for said in speakable_sentences(text, self.language):
            pcm = self._engine.speak_now(self._voice, said, timeout)
            spoken += [silence(GAP_SECONDS if spoken and len(pcm) else 0), pcm]
        return np.concatenate([silence(0), *spoken])

    async def aclose(self) -> None:
        """Nothing to give back: the engine lives as long as the process."""

    async def _sentence(self, said: str) -> AsyncGenerator[Pcm, None]:
        for chunk in chunks(await self._engine.speak(self._voice, said)):
            yield chunk


def _resolve(library: Library, name: str) -> tuple[str, str]:
    """What the library takes for `name`, and its language tag.

    Checked here because the library takes an unknown variant without complaint and speaks with the plain voice.
    """
    base, plus, variant = name.partition("+")
    found = _find(library.languages, base.lower())
    if found is None or (plus and variant not in library.variants):
        tags = {tag for voice in library.languages for tag, _ in voice.languages}
        examples = [tag for tag in ("en-us", "en-gb", "en-gb-scotland", "de", "es", "fr-fr") if tag in tags]
        some = sorted(v for v in library.variants if v[:1] in "fm" and v[1:].isdigit())
        raise ModelUnavailable(
            f"VOICEBOT_VOICE_NAME={name}: espeak-ng has no such voice. It has {len(library.languages)}, among "
            f"them {', '.join(examples)}; a variant may follow, as in en-us+f3 (variants: {', '.join(some)})"
        )
    language = found.languages[0][0] if found.languages else base
    return found.identifier + plus + variant, language


def _find(languages: tuple[Language, ...], wanted: str) -> Language | None:
    by_tag = sorted(
        (priority, index)
        for index, voice in enumerate(languages)
        for tag, priority in voice.languages
        if tag.lower() == wanted
    )
    if by_tag:
        return languages[by_tag[0][1]]
    for voice in languages:
        identifier = voice.identifier.lower()
        if wanted in (voice.name.lower(), identifier, identifier.rsplit("/", 1)[-1]):
            return voice
    return None
