"""Whisper models with random weights: as fast as the real ones of the same shape, and deaf.

They are told apart from real checkpoints by nothing but their words. The number of words is arranged: a direction
of the embedding that only the positions and the end token use makes every decode stop after `TOKENS` tokens, as a
caller's sentence does; without that random weights would write until they are stopped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

TOKENS = 12
"""Text tokens of "Where is my order one two three four?": what one decode writes."""

_PROMPT = 4
"""Tokens before the text: start, language, task, no timestamps."""

_TEXT_TOKENS = 50257
_LANGUAGES = 99
_TIMESTAMPS = 1501
_VOCABULARY = 51865
_END = _TEXT_TOKENS


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that make a Whisper's speed; encoder and decoder have the same width."""

    name: str
    width: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    mels: int = 80


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("tiny", 384, 4, 4, 6),
        Shape("base", 512, 6, 6, 8),
        Shape("small", 768, 12, 12, 12),
        Shape("large-v3-turbo", 1280, 32, 4, 20, mels=128),
    )
}


def make(shape: Shape, folder: Path) -> Path:
    """A CTranslate2 model folder of `shape`, the same for the same shape; returns `folder`."""
    random = np.random.default_rng(0)
    spec = whisper_spec.WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    width = shape.width
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _normal(random, width, shape.mels, 3), _zeros(width)
    encoder.conv2.weight, encoder.conv2.bias = _normal(random, width, width, 3), _zeros(width)
    encoder.position_encodings.encodings = _normal(random, 1500, width)
    _norm(encoder.layer_norm, width)
    for layer in encoder.layer:
        _attention(random, layer.self_attention, width, parts=(3, 1))
        _feed_forward(random, layer.ffn, width)
    decoder.embeddings.weight = _normal(random, _VOCABULARY, width)
    decoder.position_encodings.encodings = _normal(random, 448, width)
    _stop_after(decoder.embeddings.weight, decoder.position_encodings.encodings)
    decoder.scale_embeddings = False
    decoder.projection.weight = decoder.embeddings.weight
    _norm(decoder.layer_norm, width)
    for layer in decoder.layer:
        _attention(random, layer.self_attention, width, parts=(3, 1))
        _attention(random, layer.attention, width, parts=(1, 2, 1))
        _feed_forward(random, layer.ffn, width)
    tokens = _tokens()
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [_END]
    spec.config.lang_ids = list(range(_END + 2, _END + 2 + _LANGUAGES))
    spec.config.alignment_heads = [[shape.decoder_layers - 1, 0]]
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    _tokenizer(tokens).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.mels}))
    return folder


def _stop_after(embeddings: npt.NDArray[np.float32], positions: npt.NDArray[np.float32]) -> None:
    """Give the first direction to the end token alone: against it at first, for it when the text is long."""
    embeddings[:, 0] = 0.0
    # The empty token before the end and the special ones after it are no text: they must never be most probable.
    embeddings[_END - 1 :] = 0.0
    embeddings[_END, 0] = 1.0
    positions[:, 0] = -20.0
    positions[_PROMPT - 1 + TOKENS :, 0] = 20.0


def _normal(random: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return random.standard_normal(shape, np.float32) * np.float32(0.02)


def _zeros(width: int) -> npt.NDArray[np.float32]:
    return np.zeros(width, np.float32)


def _norm(spec: Any, width: int) -> None:
    spec.gamma, spec.beta = np.ones(width, np.float32), _zeros(width)


def _attention(random: np.random.Generator, spec: Any, width: int, parts: tuple[int, ...]) -> None:
    """Projections joined as CTranslate2 wants them: `parts` matrices in each linear layer."""
    _norm(spec.layer_norm, width)
    for linear, joined in zip(spec.linear, parts, strict=True):
        linear.weight, linear.bias = _normal(random, joined * width, width), _zeros(joined * width)


def _feed_forward(random: np.random.Generator, spec: Any, width: int) -> None:
    _norm(spec.layer_norm, width)
    spec.linear_0.weight, spec.linear_0.bias = _normal(random, 4 * width, width), _zeros(4 * width)
    spec.linear_1.weight, spec.linear_1.bias = _normal(random, width, 4 * width), _zeros(width)


def _tokens() -> list[str]:
    """Whisper's vocabulary; CTranslate2 knows a multilingual model by the empty token before the end."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    text = [*letters, *(f"filler{number}" for number in range(_TEXT_TOKENS - 1 - len(letters))), ""]
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in _LANGUAGE_CODES[:_LANGUAGES])]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>", *(f"<|{index * 0.02:.2f}|>" for index in range(_TIMESTAMPS))]
    assert len(text) + len(special) == _VOCABULARY
    return text + special


def _tokenizer(tokens: list[str]) -> Tokenizer:
    plain = {token: number for number, token in enumerate(tokens[:_TEXT_TOKENS])}
    tokenizer = Tokenizer(models.BPE(vocab=plain, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in tokens[_TEXT_TOKENS:]])
    return tokenizer
