"""Training: cross-entropy on the text, CTC on the phones, Muon for the layers' matrices and AdamW for the rest."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from scripts.demo_asr.examples import Batch, Batches
from scripts.demo_asr.network import Network, Shape
from scripts.demo_asr.weights import recover

_CONTEXTS = (500, 500, 1500)
"""Encoder positions to train for: the product shows the model 500, stock Whisper 1500."""

_SMOOTHING = 0.05
_PHONE_WEIGHT = 0.3
_FEW = 10
"""Phones an example counts for at least: those without any ask for nothing but blanks."""

_DROP = 0.05
_AVERAGE = 0.99
_REPORT = 20
_SAVE = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train.

    rate: of AdamW at its highest; Muon's is 1.7 times that. last: what it has fallen to when the minutes are over.
    processes: each takes batches of its own and a thread; they move by the mean of their gradients.
    """

    minutes: float
    rate: float = 7e-4
    last: float = 1.4e-5
    warm_up: int = 100
    processes: int = 1
    seed: int = 1


@dataclass(slots=True)
class _Tally:
    """Means since the last report."""

    loss: float = 0.0
    phones: float = 0.0
    right: int = 0
    asked: int = 0
    steps: int = 0


class Muon:
    """Momentum with its update made orthogonal (Newton-Schulz, five rounds), matrices of one shape at once."""

    def __init__(self, parameters: list[torch.nn.Parameter]) -> None:
        self._groups: dict[torch.Size, list[torch.nn.Parameter]] = {}
        for parameter in parameters:
            self._groups.setdefault(parameter.shape, []).append(parameter)
        self._momentum = {shape: torch.zeros(len(group), *shape) for shape, group in self._groups.items()}

    def step(self, rate: float) -> None:
        """Move every matrix; the update is scaled to the size AdamW's would have."""
        with torch.no_grad():
            for shape, group in self._groups.items():
                gradient = torch.stack([p.grad for p in group if p.grad is not None])
                momentum = self._momentum[shape].lerp_(gradient, 0.05)
                update = _orthogonal(gradient.lerp(momentum, 0.95)) * (0.2 * max(shape) ** 0.5)
                for parameter, change in zip(group, update, strict=True):
                    parameter.mul_(1 - rate * 0.02).add_(change, alpha=-rate)


def train(folder: Path, tokenizer: Path, out: Path, plan: Plan, start: Sequence[Path] = ()) -> None:
    """Train until the plan's minutes are over; `out` gets the running average of the weights every two minutes.

    start: a converted model folder, or checkpoints of this function, to go on from; from the mean of several.
    Where they have fewer layers than `Shape()`, new ones are put on top.
    """
    with tempfile.TemporaryDirectory() as meeting:
        arguments = (f"file://{meeting}/processes", folder, tokenizer, out, plan, start)
        torch.multiprocessing.spawn(_train, arguments, nprocs=plan.processes)


def _train(
    rank: int, meeting: str, folder: Path, tokenizer: Path, out: Path, plan: Plan, start: Sequence[Path]
) -> None:
    """One process of the training; the first one reports and saves."""
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=plan.processes)
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    network = _begin(start).train()
    average = deepcopy(network).eval()
    parameters = list(network.parameters())
    matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and ".layers." in name]
    chosen = {id(p) for p in matrices}
    others = [p for p in parameters if id(p) not in chosen]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, plan.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    # From here on chance differs between the processes.
    torch.manual_seed(plan.seed * 1000 + rank)
    batches = Batches(folder, tokenizer, plan.seed * 1000 + rank)
    loader = DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=6)
    began = saved = time.monotonic()
    tally, heard, passed = _Tally(), 0, 0.0
    for step, batch in enumerate(loader, 1):
        rate = min(1.0, step / plan.warm_up) * (plan.rate + passed * (plan.last - plan.rate))
        for group in adam.param_groups:
            group["lr"] = rate
        _loss(network, batch, step, tally).backward()
        passed = _shared(parameters, (time.monotonic() - began) / 60 / plan.minutes)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        muon.step(1.7 * rate)
        adam.step()
        network.zero_grad(set_to_none=True)
        if passed >= 1:
            break
        if rank:
            continue
        keep = min(_AVERAGE, 1 - 2 / (step + 2))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), parameters, 1 - keep)
        heard += len(batch.features) * plan.processes
        if step % _REPORT == 0:
            _report(tally, step, heard, time.monotonic() - began, rate)
            tally = _Tally()
        if time.monotonic() - saved > _SAVE:
            save(average, out)
            saved = time.monotonic()
    if not rank:
        save(average, out)
    torch.distributed.destroy_process_group()


def _shared(parameters: Sequence[torch.nn.Parameter], passed: float) -> float:
    """Give every process the mean of all gradients, and of the share of the time that has passed."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    row = torch.cat([*(gradient.flatten() for gradient in gradients), torch.tensor([passed])])
    torch.distributed.all_reduce(row)
    row /= torch.distributed.get_world_size()
    at = 0
    for gradient in gradients:
        gradient.copy_(row[at : at + gradient.numel()].view_as(gradient))
        at += gradient.numel()
    return float(row[-1])


def save(network: Network, out: Path) -> None:
    """Write a checkpoint whole, or not at all."""
    partial = out.with_suffix(".partial")
    torch.save({"shape": asdict(Shape()), "weights": network.state_dict()}, partial)
    partial.rename(out)


def restore(checkpoint: Path) -> tuple[Network, Shape]:
    """The network of a checkpoint, and its sizes."""
    stored = torch.load(checkpoint, weights_only=True)
    shape = Shape(**stored["shape"])
    network = Network(shape)
    network.load_state_dict(stored["weights"])
    return network, shape


def mean(checkpoints: Sequence[Path]) -> tuple[Network, Shape]:
    """The network halfway between several checkpoints of one training, and its sizes."""
    (network, shape), *others = [restore(checkpoint) for checkpoint in checkpoints]
    with torch.no_grad():
        for count, (other, _) in enumerate(others, 2):
            torch._foreach_lerp_(list(network.parameters()), list(other.parameters()), 1 / count)
    return network, shape


def _begin(start: Sequence[Path]) -> Network:
    if not start:
        return Network(Shape())
    if start[0].is_dir():
        return recover(start[0])
    network = Network(Shape())
    differs = network.load_state_dict(mean(start)[0].state_dict(), strict=False)
    if differs.unexpected_keys:
        raise ValueError(f"{start[0]} has what the network has not: {', '.join(differs.unexpected_keys)}")
    return network


def _loss(network: Network, batch: Batch, step: int, tally: _Tally) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        hidden, bias, spoken = network.encoder(batch.features, _CONTEXTS[step % len(_CONTEXTS)])
        scores = network.decoder(batch.tokens, hidden, bias, _DROP).float()
        sounds = network.phones(hidden[:, :spoken]).float()
    text = F.cross_entropy(
        scores.flatten(0, 1), batch.targets.flatten(), ignore_index=-100, label_smoothing=_SMOOTHING
    )
    phones = (
        F.ctc_loss(
            sounds.log_softmax(-1).transpose(0, 1),
            batch.phones,
            batch.positions.clamp(max=spoken),
            batch.counts,
            reduction="none",
            zero_infinity=True,
        ).sum()
        / batch.counts.clamp(min=_FEW).sum()
    )
    asked = batch.targets != -100
    tally.loss += text.item()
    tally.phones += phones.item()
    tally.right += int(((scores.argmax(-1) == batch.targets) & asked).sum())
    tally.asked += int(asked.sum())
    tally.steps += 1
    return text + _PHONE_WEIGHT * phones


def _report(tally: _Tally, step: int, heard: int, seconds: float, rate: float) -> None:
    line = {
        "step": step,
        "seconds": round(seconds),
        "heard": heard,
        "loss": round(tally.loss / tally.steps, 4),
        "phones": round(tally.phones / tally.steps, 4),
        "right": round(tally.right / max(tally.asked, 1), 4),
        "rate": round(rate, 6),
    }
    print(json.dumps(line), flush=True)


def _orthogonal(matrices: Tensor) -> Tensor:
    """Nearly the orthogonal factor of each matrix; coefficients of the Muon paper (Jordan et al., 2024)."""
    x = matrices.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
    for _ in range(5):
        square = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x if wide else x.transpose(1, 2)).float()
