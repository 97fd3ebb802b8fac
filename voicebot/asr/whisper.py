"""Whisper by faster-whisper's parts: loading a checkpoint once, and decoding utterances of many calls together."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from ctranslate2 import DataType, Device, StorageView
from ctranslate2.models import Whisper as Decoder
from ctranslate2.models import WhisperGenerationResult
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from voicebot.asr import guard, memory
from voicebot.asr.engine import Engine, Heard, Piece, hear
from voicebot.asr.layout import Layout
from voicebot.asr.manner import DEMO, Manner, released
from voicebot.asr.model import Checkpoint
from voicebot.asr.phrases import Stretch, phrases, windows
from voicebot.asr.port import JobKind, Speech, Word, context_of
from voicebot.asr.words import word_times
from voicebot.audio import SAMPLE_RATE, Pcm, resample, seconds, silence
from voicebot.errors import ModelUnavailable
from voicebot.settings import PREFIX

_RATE = 16000
"""Samples per second every Whisper expects."""

_TOKENS_PER_SECOND = 12
_TOKENS_AT_LEAST = 24
"""Bounds on the text of an utterance: twice what the fastest speech needs, so that a model in a loop stops."""

_SAMPLES = 5
"""Texts drawn at once when the most probable one is not believed; the reference decoder's figure."""

_WORTH_ANOTHER = ("improbable", "repetition", "too many words")
"""Doubts that other words can settle; silence stays silence."""

_Rows = npt.NDArray[np.float32]
"""Encoder output in the processor's memory [batch, positions, width]."""

_NUMBER_IN_PARTS = re.compile(r"(?<=[A-Z0-9])\. (?=[0-9])")
"""The full stop the demo model writes where a caller pauses within a number."""


def load(checkpoint: Checkpoint, layout: Layout, language: str = "en", manner: Manner | None = None) -> Engine:
    """The checkpoint in memory, tried out once on a second of silence.

    language: ISO 639-1 code it must know. manner: how to use it; as its kind wants if None.
    Raises ModelUnavailable for the language, and what CTranslate2 raises where files or GPU libraries are amiss.
    """
    if checkpoint.device == "cpu":
        memory.keep()
    split = layout.alone != layout.threads
    model = _open(checkpoint, layout.alone, 1 if split else layout.workers)
    if language not in model.supported_languages and not checkpoint.is_demo:
        raise ModelUnavailable(
            f"{PREFIX}ASR_MODEL: {checkpoint.name} does not know the dialog's language, {language}; "
            "take a multilingual model such as base, small or large-v3-turbo"
        )
    engine = Whisper(
        model,
        checkpoint,
        manner or (DEMO if checkpoint.is_demo else released()),
        _open(checkpoint, layout.threads, layout.workers).model if split else None,
    )
    hear(engine, Speech(silence(1.0), JobKind.GUESS, language))
    return engine


def _open(checkpoint: Checkpoint, threads: int, workers: int) -> WhisperModel:
    model = WhisperModel(
        str(checkpoint.folder),
        device=checkpoint.device,
        compute_type=checkpoint.compute_type,
        cpu_threads=threads,
        num_workers=workers,
        local_files_only=True,
    )
    if len(model.feature_extractor.mel_filters) != model.model.n_mels:
        # Conversions often lack preprocessor_config.json, without which 80 bands are taken; large-v3 has 128.
        model.feature_extractor = FeatureExtractor(feature_size=model.model.n_mels)
    return model


class Whisper:
    """A checkpoint decoded by CTranslate2 directly: one call of `generate` for a whole batch.

    beside: the same checkpoint with fewer threads and more workers, for batches that begin while another runs.

    On a CPU the encoder takes the utterances one by one: that is as fast as together with a short context, and
    with 30 s of context a batch of 8 takes 1.4 times as long. On a GPU it takes them together.
    """

    def __init__(
        self, model: WhisperModel, checkpoint: Checkpoint, manner: Manner, beside: Decoder | None = None
    ) -> None:
        self._model = model
        self._beside = beside
        self._under_way = 0
        self._checkpoint = checkpoint
        self._manner = manner
        self._tokenizers: dict[str, Tokenizer] = {}
        self._lock = threading.Lock()

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        checkpoint = self._checkpoint
        line = f"faster-whisper, {checkpoint.name}, {checkpoint.device} {checkpoint.compute_type}"
        return f"{line} ({checkpoint.note})" if checkpoint.note else line

    def prepare(self, speech: Speech) -> list[Piece]:
        """Log-mel features of each stretch, padded with zeros to the manner's context, and its prompt."""
        manner = self._manner
        whole = phrases(speech.pcm) if manner.by_phrase else [Stretch(0, speech.pcm)]
        prompt = self._prompt(speech)
        return [
            Piece(
                speech=speech,
                features=self._features(pcm),
                prompt=prompt,
                most_tokens=_TOKENS_AT_LEAST + int(_TOKENS_PER_SECOND * seconds(pcm)),
                duration=seconds(pcm),
                start=start / SAMPLE_RATE,
            )
            for stretch in whole
            for start, pcm in windows(stretch, manner.window)
        ]

    def decode(self, pieces: Sequence[Piece]) -> list[Heard | Piece]:
        """Text for each piece, or the piece again where its text is not believed and another try is left."""
        with self._decoder() as decoder:
            encoded = self._encode(decoder, pieces)
            results = self._generate(decoder, pieces, encoded)
        rows = functools.cache(functools.partial(_rows, encoded))
        return [
            self._outcome(piece, rows, row, result)
            for row, (piece, result) in enumerate(zip(pieces, results, strict=True))
        ]

    def join(self, heard: Sequence[Heard]) -> Heard:
        """Log-probabilities weighted by tokens; the surest sign of speech counts."""
        spoken = [piece for piece in heard if piece.text]
        if not spoken:
            return Heard("", 0.0, max((piece.no_speech for piece in heard), default=1.0))
        weights = [max(1, len(piece.tokens)) for piece in spoken]
        text = " ".join(piece.text for piece in spoken)
        return Heard(
            text=_NUMBER_IN_PARTS.sub(" ", text) if self._manner.by_phrase else text,
            avg_logprob=float(np.average([piece.avg_logprob for piece in spoken], weights=weights)),
            no_speech=min(piece.no_speech for piece in spoken),
            tokens=tuple(token for piece in spoken for token in piece.tokens),
            words=tuple(word for piece in spoken for word in piece.words),
        )

    def close(self) -> None:
        """Give the model's memory back, on the GPU too."""
        self._model.model.unload_model()
        if self._beside is not None:
            self._beside.unload_model()

    @contextlib.contextmanager
    def _decoder(self) -> Iterator[Decoder]:
        """All threads for a batch that is alone; a share of them for one that others run beside."""
        with self._lock:
            alone = not self._under_way
            self._under_way += 1
        try:
            yield self._model.model if alone or self._beside is None else self._beside
        finally:
            with self._lock:
                self._under_way -= 1

    def _tokenizer(self, speech: Speech) -> Tokenizer:
        language = speech.language if self._model.model.is_multilingual else "en"
        with self._lock:
            if language not in self._tokenizers:
                multilingual = self._model.model.is_multilingual
                self._tokenizers[language] = Tokenizer(
                    self._model.hf_tokenizer, multilingual, task="transcribe", language=language
                )
            return self._tokenizers[language]

    def _prompt(self, speech: Speech) -> tuple[int, ...]:
        tokenizer = self._tokenizer(speech)
        context = context_of(speech.hints) if self._manner.hints else ""
        earlier = tokenizer.encode(" " + context) if context else []
        return tuple(self._model.get_prompt(tokenizer, earlier, without_timestamps=True))

    def _features(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        extractor = self._model.feature_extractor
        content = extractor(resample(pcm, SAMPLE_RATE, _RATE).astype(np.float32) / np.float32(32768))[:, :-1]
        frames = round(self._manner.context_for(seconds(pcm)) / extractor.time_per_frame)
        features = np.zeros((content.shape[0], frames), np.float32)
        features[:, : content.shape[1]] = content[:, :frames]
        return features

    def _encode(self, decoder: Decoder, pieces: Sequence[Piece]) -> StorageView:
        """Encoder output [batch, positions, width], on the model's device.

        Contexts are multiples of 250 positions: an output with as many positions as the model has mel bands (80 or
        128) would be taken for features and encoded again.
        """
        features = [piece.features for piece in pieces]
        if pieces[0].encoded:
            return StorageView.from_array(np.stack(features))
        if decoder.device != "cpu":
            return decoder.encode(StorageView.from_array(np.stack(features)))
        outputs = [decoder.encode(StorageView.from_array(one[None])) for one in features]
        return (
            outputs[0]
            if len(outputs) == 1
            else StorageView.from_array(np.concatenate(list(map(np.array, outputs))))
        )

    def _generate(
        self, decoder: Decoder, pieces: Sequence[Piece], encoded: StorageView
    ) -> list[WhisperGenerationResult]:
        first = pieces[0]
        most = max(piece.most_tokens for piece in pieces)
        results: list[WhisperGenerationResult] = decoder.generate(
            encoded,
            [list(piece.prompt) for piece in pieces],
            # CTranslate2 writes no more than half of max_length, and no more than is left of it after the prompt.
            max_length=min(self._model.max_length, max(2 * most, len(first.prompt) + most)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed(first.speech),
            **self._search(first.attempt),
        )
        return results

    def _search(self, attempt: int) -> dict[str, float]:
        if attempt == 0:
            return {"beam_size": self._manner.beam, "patience": self._manner.patience}
        return {
            "beam_size": 1,
            "num_hypotheses": _SAMPLES,
            "sampling_topk": 0,
            "sampling_temperature": self._manner.retries[attempt - 1],
        }

    def _suppressed(self, speech: Speech) -> list[int]:
        if self._manner.all_symbols:
            return []
        return list(get_suppressed_tokens(self._tokenizer(speech), [-1]) or ())

    def _outcome(
        self, piece: Piece, rows: Callable[[], _Rows], row: int, result: WhisperGenerationResult
    ) -> Heard | Piece:
        """The text, or the piece as the encoder left it for another try. rows: called only by what needs them."""
        tokens = result.sequences_ids[0]
        heard = Heard(
            text=self._tokenizer(piece.speech).decode(tokens).strip(),
            # CTranslate2 divides by the tokens without the end token, whose probability it counts in.
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech=result.no_speech_prob,
            tokens=tuple(tokens),
        )
        believed = not self._doubtful(heard, piece)
        if not believed and piece.best is not None and piece.best.avg_logprob > heard.avg_logprob:
            heard = piece.best
        if not believed and piece.attempt < len(self._manner.retries):
            return replace(piece, features=rows()[row], encoded=True, attempt=piece.attempt + 1, best=heard)
        if piece.speech.word_times and heard.text:
            return replace(heard, words=self._words(piece, rows()[row : row + 1], heard.tokens))
        return heard

    def _doubtful(self, heard: Heard, piece: Piece) -> bool:
        if not heard.text:
            return False
        if heard.avg_logprob < self._manner.improbable and heard.no_speech <= guard.NO_SPEECH:
            return True
        return guard.doubt(heard, piece.duration) in _WORTH_ANOTHER

    def _words(self, piece: Piece, encoded: _Rows, tokens: Sequence[int]) -> tuple[Word, ...]:
        per_frame = self._model.feature_extractor.time_per_frame
        return word_times(
            self._model.model,
            StorageView.from_array(encoded),
            self._tokenizer(piece.speech),
            tokens,
            round(piece.duration / per_frame),
            2 * per_frame,
            piece.start,
        )


def _rows(encoded: StorageView) -> _Rows:
    """What the encoder made of a batch, copied from the device."""
    rows: _Rows = np.asarray(encoded.to_device(Device.cpu).to(DataType.float32))
    return rows
