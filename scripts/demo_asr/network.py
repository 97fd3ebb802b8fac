"""Whisper's architecture in torch, small, with the padding after an utterance shrunk to a handful of keys.

A stock Whisper sees 1500 encoder positions whatever was said. Here the positions that hold padding all carry the
same features, so attention over them is nearly attention over a few of them, counted many times: the logarithm of
the count is added to their scores. That makes training on three-second utterances ten times cheaper.
"""

# torch is not in the product's environment: without it its classes are of no known type.
# mypy: disable-error-code="misc"

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MELS = 80
ENCODER_POSITIONS = 1500
DECODER_POSITIONS = 448


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes. window: encoder positions (40 ms) that may hold speech; those after it share one vector."""

    width: int = 192
    heads: int = 4
    hidden: int = 768
    encoder_layers: int = 5
    decoder_layers: int = 3
    window: int = 250
    vocabulary: int = 1152
    phones: int = 40


class Attention(nn.Module):
    """Multi-head attention written out: on a CPU almost twice as fast as the fused one at these sizes."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """x: [batch, queries, width]; memory: [batch, keys, width]; bias: added to the scores."""
        q, k, v = (self._split(t) for t in (self.q_proj(x), self.k_proj(memory), self.v_proj(memory)))
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + bias
        mixed = scores.float().softmax(-1).to(v.dtype) @ v
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """One encoder layer or, with `crossed`, one decoder layer.

    A new one passes on what it gets: put on top of a trained network, it disturbs nothing.
    """

    def __init__(self, shape: Shape, crossed: bool) -> None:
        super().__init__()
        self.self_attn_layer_norm = nn.LayerNorm(shape.width)
        self.self_attn = Attention(shape.width, shape.heads)
        if crossed:
            self.encoder_attn_layer_norm = nn.LayerNorm(shape.width)
            self.encoder_attn = Attention(shape.width, shape.heads)
        self.final_layer_norm = nn.LayerNorm(shape.width)
        self.fc1 = nn.Linear(shape.width, shape.hidden)
        self.fc2 = nn.Linear(shape.hidden, shape.width)
        for last in (self.self_attn.out_proj, self.fc2, *([self.encoder_attn.out_proj] if crossed else [])):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(
        self, x: Tensor, bias: Tensor, drop: float, memory: Tensor | None = None, memory_bias: Tensor | None = None
    ) -> Tensor:
        """x: [batch, positions, width]; memory: the encoder's output, for a decoder layer."""
        normed = self.self_attn_layer_norm(x)
        x = x + self._drop(self.self_attn(normed, normed, bias), drop)
        if memory is not None:
            assert memory_bias is not None
            x = x + self._drop(self.encoder_attn(self.encoder_attn_layer_norm(x), memory, memory_bias), drop)
        return x + self._drop(self.fc2(F.gelu(self.fc1(self.final_layer_norm(x)))), drop)

    def _drop(self, x: Tensor, rate: float) -> Tensor:
        return F.dropout(x, rate, self.training)


class Encoder(nn.Module):
    """Log-mel frames to what was heard, 40 ms a position."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.window = shape.window
        self.conv1 = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(Layer(shape, crossed=False) for _ in range(shape.encoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)
        self.register_buffer("positions", sinusoids(shape.window, shape.width))
        self.padding = nn.Parameter(torch.zeros(shape.width))

    def forward(self, features: Tensor, context: int, drop: float = 0.0) -> tuple[Tensor, Tensor, int]:
        """Hidden states, stand-ins for padding last, the bias that counts those, and the positions of speech.

        features: [batch, 80, frames], frames even. context: positions in all, `window` at least.
        """
        x = self._convolved(features)
        spoken = x.shape[1]
        x = x + self.positions[:spoken]
        empty = self._convolved(features.new_zeros(1, MELS, 16))[:, 4]
        stand_ins, counts = self._stand_ins(spoken)
        stand_ins.append(self.padding[None])
        counts.append(max(context - self.window, 1e-4))
        pad = (empty[:, None] + torch.cat(stand_ins)[None]).expand(x.shape[0], -1, -1)
        x = torch.cat([x, pad.to(x.dtype)], 1)
        bias = torch.cat([torch.zeros(spoken), torch.tensor(counts).log()])
        for layer in self.layers:
            x = layer(x, bias, drop)
        return self.layer_norm(x), bias, spoken

    def _stand_ins(self, spoken: int) -> tuple[list[Tensor], list[float]]:
        """A few of the window's empty positions, drawn anew in training, and how many each stands for."""
        empty = self.window - spoken
        chosen = min(6, empty)
        if not chosen:
            return [], []
        edges = torch.linspace(spoken, self.window, chosen + 1)
        within = torch.rand(chosen) if self.training else torch.full((chosen,), 0.5)
        at = (edges[:-1] + within * edges.diff()).long().clamp(spoken, self.window - 1)
        return [self.positions[at]], [empty / chosen] * chosen

    def _convolved(self, features: Tensor) -> Tensor:
        return F.gelu(self.conv2(F.gelu(self.conv1(features)))).transpose(1, 2)


class Decoder(nn.Module):
    """Text so far to scores of the next token; the embedding is the projection too."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.embed_positions = nn.Embedding(DECODER_POSITIONS, shape.width)
        nn.init.normal_(self.embed_tokens.weight, std=shape.width**-0.5)
        nn.init.normal_(self.embed_positions.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(shape, crossed=True) for _ in range(shape.decoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)

    def forward(self, tokens: Tensor, memory: Tensor, memory_bias: Tensor, drop: float = 0.0) -> Tensor:
        """[batch, tokens, vocabulary] scores."""
        length = tokens.shape[1]
        x = self.embed_tokens(tokens) + self.embed_positions.weight[:length]
        x = F.dropout(x, drop, self.training)
        future = torch.full((length, length), -1e4).triu(1)
        for layer in self.layers:
            x = layer(x, future, drop, memory, memory_bias)
        return F.linear(self.layer_norm(x), self.embed_tokens.weight)


class Network(nn.Module):
    """The whole model, and the phone classifier that only training uses.

    The classifier starts at zero: beside a trained encoder it learns first and disturbs nothing.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = Encoder(shape)
        self.decoder = Decoder(shape)
        self.phones = nn.Linear(shape.width, shape.phones + 1)
        nn.init.zeros_(self.phones.weight)
        nn.init.zeros_(self.phones.bias)


def sinusoids(positions: int, width: int) -> Tensor:
    """Whisper's fixed encoder positions, [positions, width]."""
    half = width // 2
    rates = torch.exp(-math.log(10000) / (half - 1) * torch.arange(half))
    angles = torch.arange(positions)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)
