"""Whisper by faster-whisper: loading a checkpoint once, and the two ways of decoding with it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import structlog
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from voicebot.asr.engine import Engine, Heard
from voicebot.asr.model import Checkpoint, cores
from voicebot.asr.phrases import phrases, windows
from voicebot.asr.port import JobKind, Speech
from voicebot.audio import SAMPLE_RATE, Pcm, resample, silence
from voicebot.dialog.types import Hints
from voicebot.errors import ModelUnavailable
from voicebot.settings import PREFIX

log = structlog.get_logger()

_RATE = 16000
"""Samples per second every Whisper expects."""

_BEAM = 5
"""Hypotheses kept; on a CPU it costs a few per cent more than one, for the encoder dominates."""

_MOST_THREADS = 4
"""Threads per decode after which more bring next to nothing."""

_TOKENS_PER_SECOND = 12
_TOKENS_AT_LEAST = 24
"""Bounds on the text of an utterance: twice what the fastest speech needs, so that a model in a loop stops."""

_STOCK_WINDOW = 29.0
"""Seconds one stock decode takes in; a little under the 30 s after which faster-whisper would cut anywhere."""

_DEMO_WINDOW = 9.8
"""Seconds of the demo model's positions, less its silence at both ends."""

_DEMO_FRAMES = 1000
"""Feature frames (20 ms) the demo model is shown: 10 s of speech, then padding, by which it finds the end.

Of 140 sentences 137 come out right, against 136 with the 3000 frames of the stock path, in an eighth of the time;
with 500 frames it writes digits twice.
"""


_NUMBER_IN_PARTS = re.compile(r"(?<=[A-Z0-9])\. (?=[0-9])")
"""The full stop the demo model writes where a caller pauses within a number."""


def load(checkpoint: Checkpoint, threads: int, workers: int, language: str = "en") -> Engine:
    """The checkpoint in memory, tried out once on a second of silence.

    threads: CPU threads per decode, 0 to choose. workers: decodes at once. language: ISO 639-1 code it must know.
    Raises ModelUnavailable for the language, and what CTranslate2 raises where files or GPU libraries are amiss.
    """
    model = WhisperModel(
        str(checkpoint.folder),
        device=checkpoint.device,
        compute_type=checkpoint.compute_type,
        cpu_threads=threads or max(1, min(_MOST_THREADS, cores() // workers)),
        num_workers=workers,
        local_files_only=True,
    )
    if language not in model.supported_languages and not checkpoint.is_demo:
        raise ModelUnavailable(
            f"{PREFIX}ASR_MODEL: {checkpoint.name} does not know the dialog's language, {language}; "
            "take a multilingual model such as base, small or large-v3-turbo"
        )
    engine: Engine = DemoWhisper(model, checkpoint) if checkpoint.is_demo else StockWhisper(model, checkpoint)
    engine.hear(Speech(silence(1.0), JobKind.GUESS))
    return engine


class StockWhisper:
    """Any Whisper checkpoint through `WhisperModel.transcribe`, which pads every utterance to 30 s."""

    def __init__(self, model: WhisperModel, checkpoint: Checkpoint) -> None:
        self._model = model
        self._checkpoint = checkpoint

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        return _describe(self._checkpoint)

    def hear(self, speech: Speech) -> Heard:
        """Decode piece by piece; thresholds of faster-whisper are off, the doubts are ours."""
        language = speech.language if self._model.model.is_multilingual else "en"
        pieces = []
        for piece in windows(speech.pcm, _STOCK_WINDOW):
            pieces.extend(self._decode(piece, language, _context(speech.hints)))
        return _join(pieces)

    def _decode(self, pcm: Pcm, language: str, context: str | None) -> list[tuple[Heard, int]]:
        bound = 2 * _most_tokens(pcm)
        segments, _ = self._model.transcribe(
            _waveform(pcm),
            language=language,
            beam_size=_BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=False,
            initial_prompt=context,
            max_new_tokens=bound if bound <= 200 else None,
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
        )
        return [
            (Heard(segment.text.strip(), segment.avg_logprob, segment.no_speech_prob), len(segment.tokens))
            for segment in segments
        ]


class DemoWhisper:
    """The built-in model, decoded by CTranslate2 directly with as much padding as it needs and no more.

    It takes no hints: with a prompt in front it hears worse.
    """

    def __init__(self, model: WhisperModel, checkpoint: Checkpoint) -> None:
        self._model = model
        self._checkpoint = checkpoint
        self._tokenizer = Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language="en"
        )
        self._prompt = model.get_prompt(self._tokenizer, [], without_timestamps=True)

    @property
    def description(self) -> str:
        """Engine, model and device in one line."""
        return _describe(self._checkpoint)

    def hear(self, speech: Speech) -> Heard:
        """Decode phrase by phrase: the model was trained on single sentences, of two at once it hears neither."""
        heard = _join(
            [self._decode(piece) for phrase in phrases(speech.pcm) for piece in windows(phrase, _DEMO_WINDOW)]
        )
        return replace(heard, text=_NUMBER_IN_PARTS.sub(" ", heard.text))

    def _decode(self, pcm: Pcm) -> tuple[Heard, int]:
        result = self._model.model.generate(
            StorageView.from_array(self._features(pcm)),
            [self._prompt],
            beam_size=_BEAM,
            # CTranslate2 writes at most half of max_length when no more is allowed in all.
            max_length=2 * _most_tokens(pcm),
            return_scores=True,
            return_no_speech_prob=True,
            # The usual list of symbols holds the colon, and with it every time of day.
            suppress_tokens=[],
        )[0]
        tokens = result.sequences_ids[0]
        text = self._tokenizer.decode(tokens).strip()
        logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return Heard(text, logprob, result.no_speech_prob), len(tokens)

    def _features(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """Log-mel features, [1, 80, _DEMO_FRAMES], padded with zeros as in training."""
        content = self._model.feature_extractor(_waveform(pcm))[:, :-1]
        features = np.zeros((1, content.shape[0], _DEMO_FRAMES), np.float32)
        features[0, :, : content.shape[1]] = content
        return features


def _describe(checkpoint: Checkpoint) -> str:
    line = f"faster-whisper, {checkpoint.name}, {checkpoint.device} {checkpoint.compute_type}"
    return f"{line} ({checkpoint.note})" if checkpoint.note else line


def _waveform(pcm: Pcm) -> npt.NDArray[np.float32]:
    return resample(pcm, SAMPLE_RATE, _RATE).astype(np.float32) / np.float32(32768)


def _most_tokens(pcm: Pcm) -> int:
    return _TOKENS_AT_LEAST + int(_TOKENS_PER_SECOND * len(pcm) / SAMPLE_RATE)


def _context(hints: Hints) -> str | None:
    return " ".join((*hints.hotwords, hints.prompt)).strip() or None


def _join(pieces: list[tuple[Heard, int]]) -> Heard:
    """One utterance from its pieces: log-probabilities weighted by tokens, the surest sign of speech counts."""
    spoken = [(heard, tokens) for heard, tokens in pieces if heard.text]
    if not spoken:
        return Heard("", 0.0, max((heard.no_speech for heard, _ in pieces), default=1.0))
    total = sum(tokens for _, tokens in spoken)
    return Heard(
        text=" ".join(heard.text for heard, _ in spoken),
        avg_logprob=sum(heard.avg_logprob * tokens for heard, tokens in spoken) / max(total, 1),
        no_speech=min(heard.no_speech for heard, _ in spoken),
    )
