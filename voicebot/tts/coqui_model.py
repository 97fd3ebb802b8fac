"""A Coqui model that is loaded: text to telephone audio, whole or while it is being made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.audio import Pcm
from voicebot.errors import SynthesizerError
from voicebot.tts.telephone import telephone
from voicebot.tts.telephone_stream import TelephoneStream, VoiceLevel
from voicebot.tts.worker import Stopped

_MAX_SECONDS_PER_CHARACTER = 0.5
_NO_NUMBERS = "the Coqui model gave samples that are no numbers"


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model and how it is asked: `speaker` and `spoken` are passed on where it has several.

    sample: a recording to speak like. cast: how a streaming model (XTTS) sounds as its speaker, if it is one.
    level: how loud it came out so far.
    """

    tts: Any
    rate: int
    device: str
    speaker: str
    spoken: str
    language: str
    version: str
    sample: Path | None = None
    cast: Cast | None = None
    level: VoiceLevel = field(default_factory=VoiceLevel)

    def perform(self, text: str, stopped: Stopped) -> Iterator[Pcm]:
        """The audio of a sentence while it is being made; a stop is noticed within some 20 tokens."""
        cast = self.cast
        assert cast is not None
        stream = TelephoneStream(self.rate, self.level)
        left = self._longest(text)
        try:
            for part in cast.model.inference_stream(text, self.spoken, cast.latents, cast.embedding):
                if stopped() or left <= 0:
                    break
                samples = np.asarray(part.detach().cpu().numpy(), np.float32).reshape(-1)[:left]
                left -= len(samples)
                yield stream.feed(_whole(samples))
        except (Exception, SystemExit) as error:
            raise _failure(error) from error
        if not stopped():
            yield stream.finish()

    def speak(self, text: str, stopped: Stopped) -> Pcm:
        """The audio of a sentence. The model cannot be stopped half-way; a stop saves the work after it."""
        choice = (
            ({"speaker": self.speaker} if self.speaker else {})
            | ({"language": self.spoken} if self.spoken else {})
            | ({"speaker_wav": str(self.sample)} if self.sample else {})
        )
        try:
            samples = np.asarray(self.tts.tts(text=text, split_sentences=False, **choice), np.float32).reshape(-1)
        except (Exception, SystemExit) as error:
            raise _failure(error) from error
        if not np.isfinite(samples).all():
            raise SynthesizerError(_NO_NUMBERS)
        return telephone(samples[:0] if stopped() else samples[: self._longest(text)], self.rate)

    def _longest(self, text: str) -> int:
        """Samples after which a model babbles: attention models may do so for minutes after a short sentence."""
        return int(self.rate * (3 + _MAX_SECONDS_PER_CHARACTER * len(text)))


@dataclass(frozen=True, slots=True)
class Cast:
    """An XTTS model with the speaker it was told to be."""

    model: Any
    latents: Any
    embedding: Any


def _failure(error: BaseException) -> SynthesizerError:
    """Of the error only its kind: its words may be the caller's."""
    if isinstance(error, SynthesizerError):
        return error
    return SynthesizerError(f"the Coqui model failed on a sentence ({type(error).__name__})")


def _whole(samples: npt.NDArray[np.float32]) -> Pcm:
    """Samples of a stream as int16, at half of full scale: what is louder than 1 keeps its shape."""
    if not np.isfinite(samples).all():
        raise SynthesizerError(_NO_NUMBERS)
    scaled: Pcm = np.rint(np.clip(samples * np.float32(0.5), -1, 1) * 32767).astype(np.int16)
    return scaled
