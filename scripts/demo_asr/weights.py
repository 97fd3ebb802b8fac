"""Weights between CTranslate2's int8 file and the torch network, both ways."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import BinaryIO

import ctranslate2.specs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scripts.demo_asr.network import ENCODER_POSITIONS, Network, Shape

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""numpy's name for each type number of a CTranslate2 file, in order."""

_NORM = {"weight": "gamma", "bias": "beta"}

_ASIDE = ("tokenizer.json", "vocabulary.json", "preprocessor_config.json")
"""Files of a model folder that training does not change."""


def recover(model: Path) -> Network:
    """The float network of a converted model folder: int8 rows times their scales.

    Sizes are those of `Shape()`. The phone classifier, which no converted model has, starts anew.
    """
    with (model / "model.bin").open("rb") as file:
        stored = _floats(_variables(file))
    network, state = Network(Shape()), {}
    for name, parameter in network.state_dict().items():
        if name.startswith("phones."):
            state[name] = parameter
        elif name == "encoder.positions":
            state[name] = stored["encoder/position_encodings/encodings"][: len(parameter)]
        elif name == "encoder.padding":
            state[name] = stored["encoder/position_encodings/encodings"][-1]
    state.update({ours: stored[theirs] for ours, theirs in _PLAIN.items()})
    for ours, theirs in _layers(Shape()).items():
        for part in ("weight", "bias"):
            state.update(_unfused(ours, part, stored[_their_part(theirs, part)]))
    network.load_state_dict(state)
    return network


def convert(network: Network, shape: Shape, like: Path, out: Path) -> None:
    """Write a CTranslate2 int8 folder. like: the folder whose tokenizer and feature settings it shares."""
    spec = ctranslate2.specs.WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    state = network.state_dict()
    flat = {theirs: state[ours] for ours, theirs in _PLAIN.items()}
    after = state["encoder.padding"].expand(ENCODER_POSITIONS - shape.window, -1)
    flat["encoder/position_encodings/encodings"] = torch.cat([state["encoder.positions"], after])
    for ours, theirs in _layers(shape).items():
        for part in ("weight", "bias"):
            flat[_their_part(theirs, part)] = _fused(ours, part, state)
    flat["decoder/projection/weight"] = flat["decoder/embeddings/weight"]
    for name, value in flat.items():
        _set(spec, name, value)
    spec.register_vocabulary(json.loads((like / "vocabulary.json").read_text(encoding="utf-8")))
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = []
    spec.config.alignment_heads = [[shape.decoder_layers - 1, head] for head in range(shape.heads)]
    spec.validate()
    spec.optimize(quantization="int8")
    out.mkdir(parents=True, exist_ok=True)
    spec.save(str(out))
    for name in _ASIDE:
        shutil.copy(like / name, out / name)


_PLAIN = {
    "encoder.conv1.weight": "encoder/conv1/weight",
    "encoder.conv1.bias": "encoder/conv1/bias",
    "encoder.conv2.weight": "encoder/conv2/weight",
    "encoder.conv2.bias": "encoder/conv2/bias",
    "encoder.layer_norm.weight": "encoder/layer_norm/gamma",
    "encoder.layer_norm.bias": "encoder/layer_norm/beta",
    "decoder.embed_tokens.weight": "decoder/embeddings/weight",
    "decoder.embed_positions.weight": "decoder/position_encodings/encodings",
    "decoder.layer_norm.weight": "decoder/layer_norm/gamma",
    "decoder.layer_norm.bias": "decoder/layer_norm/beta",
}
"""Variables outside the layers: our name, theirs."""


def _layer(ours: str, theirs: str, crossed: bool) -> dict[tuple[str, ...], str]:
    """Linear maps and norms of one layer: theirs may be several of ours, one above the other."""
    found: dict[tuple[str, ...], str] = {}
    for name, block in (("self_attn", "self_attention"), ("encoder_attn", "attention"))[: 2 if crossed else 1]:
        q, k, v, out = (f"{ours}.{name}.{part}_proj" for part in ("q", "k", "v", "out"))
        if name == "self_attn":
            maps: list[tuple[str, ...]] = [(q, k, v), (out,)]
        else:
            maps = [(q,), (k, v), (out,)]
        found.update({names: f"{theirs}/{block}/linear_{at}" for at, names in enumerate(maps)})
        found[(f"{ours}.{name}_layer_norm",)] = f"{theirs}/{block}/layer_norm"
    found[(f"{ours}.fc1",)] = f"{theirs}/ffn/linear_0"
    found[(f"{ours}.fc2",)] = f"{theirs}/ffn/linear_1"
    found[(f"{ours}.final_layer_norm",)] = f"{theirs}/ffn/layer_norm"
    return found


def _layers(shape: Shape) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for at in range(shape.encoder_layers):
        found.update(_layer(f"encoder.layers.{at}", f"encoder/layer_{at}", crossed=False))
    for at in range(shape.decoder_layers):
        found.update(_layer(f"decoder.layers.{at}", f"decoder/layer_{at}", crossed=True))
    return found


def _their_part(theirs: str, part: str) -> str:
    """A norm's weight and bias are gamma and beta there."""
    return f"{theirs}/{_NORM[part] if theirs.endswith('norm') else part}"


def _unfused(ours: tuple[str, ...], part: str, value: Tensor) -> dict[str, Tensor]:
    """Their stacked rows as our separate maps; keys have no bias."""
    pieces = value.chunk(len(ours))
    return {f"{name}.{part}": piece for name, piece in zip(ours, pieces, strict=True) if not _absent(name, part)}


def _fused(ours: tuple[str, ...], part: str, state: dict[str, Tensor]) -> Tensor:
    """Our maps one above the other, zeros for the bias that keys lack."""
    return torch.cat(
        [
            torch.zeros(len(state[f"{name}.weight"])) if _absent(name, part) else state[f"{name}.{part}"]
            for name in ours
        ]
    )


def _absent(name: str, part: str) -> bool:
    return part == "bias" and name.endswith("k_proj")


def _set(spec: ctranslate2.specs.WhisperSpec, path: str, value: Tensor) -> None:
    """Put a tensor at "encoder/layer_0/ffn/linear_0/weight" of the specification."""
    *folders, name = path.split("/")
    at = spec
    for folder in folders:
        stem, _, number = folder.rpartition("_")
        at = getattr(at, folder) if hasattr(at, folder) else getattr(at, stem)[int(number)]
    setattr(at, name, value.detach().float().contiguous().numpy())


def _floats(stored: dict[str, npt.NDArray[np.generic]]) -> dict[str, Tensor]:
    """Every float variable; int8 rows are divided by the scale of their row."""
    floats = {}
    for name, value in stored.items():
        if value.dtype == np.int8 and f"{name}_scale" in stored:
            scale = stored[f"{name}_scale"].astype(np.float32).reshape(-1, *[1] * (value.ndim - 1))
            floats[name] = torch.from_numpy(value.astype(np.float32) / scale)
        elif value.dtype == np.float32 and value.ndim:
            floats[name] = torch.from_numpy(value.copy())
    return floats


def _variables(file: BinaryIO) -> dict[str, npt.NDArray[np.generic]]:
    """What a CTranslate2 binary of version 6 holds: its own name and revision, then named arrays."""
    if (version := _number(file, "I")) != 6:
        raise ValueError(f"{file.name}: binary version {version}; only version 6 is known")
    _text(file)
    _number(file, "I")
    found: dict[str, npt.NDArray[np.generic]] = {}
    for _ in range(_number(file, "I")):
        name = _text(file)
        shape = tuple(_number(file, "I") for _ in range(_number(file, "B")))
        kind = _TYPES[_number(file, "B")]
        found[name] = np.frombuffer(file.read(_number(file, "I")), kind).reshape(shape)
    return found


def _number(file: BinaryIO, kind: str) -> int:
    return int(struct.unpack(kind, file.read(struct.calcsize(kind)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()
