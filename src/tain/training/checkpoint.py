"""The whole state of a training on disk, as safetensors and JSON: no pickle, bit for bit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tain.core.errors import TrainingError
from tain.core.files import read_json, whole_folder, write_json
from tain.methods.method import trainable

WEIGHTS, OPTIMISER, STATE = "weights.safetensors", "optimiser.safetensors", "state.json"
PREFIX = "checkpoint-"
Tensors = dict[str, torch.Tensor]


@dataclass
class Progress:
    """Where a training stands, besides its tensors.

    Attributes:
        step: Optimiser steps done.
        rate_scale: Halved at each rollback.
        n_rollbacks: Times it went back.
        best: Best validation score so far, as (TPR at the target FPR, AUROC) or (accuracy, minus the loss).
        best_step: Step of it.
        best_is_average: Whether the best weights were averaged ones.
        n_bad: Evaluations since the best.
        n_averaged: Steps in the average.
        guard: State of the divergence guard.
    """

    step: int = 0
    rate_scale: float = 1.0
    n_rollbacks: int = 0
    best: list[float] = field(default_factory=list)
    best_step: int = 0
    best_is_average: bool = False
    n_bad: int = 0
    n_averaged: int = 0
    guard: dict[str, Any] = field(default_factory=lambda: {"recent": [], "n_high": 0})


@dataclass
class TrainingState:
    """Everything a training needs to go on as if it had never stopped.

    Attributes:
        progress: Where it stands.
        best: Weights of the best evaluation so far; empty before the first.
        average: Running mean of the weights; empty until it starts.
        method: What the method keeps besides.
    """

    progress: Progress = field(default_factory=Progress)
    best: Tensors = field(default_factory=dict)
    average: Tensors = field(default_factory=dict)
    method: Tensors = field(default_factory=dict)


def save_checkpoint(
    folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, state: TrainingState, *, keep: int
) -> None:
    """Write a checkpoint, read it back to compare, and drop the oldest ones.

    Args:
        folder: The folder of all checkpoints.
        model: Its trainable parameters are kept.
        optimiser: Its moments are kept.
        state: Everything else.
        keep: How many checkpoints stay.

    Raises:
        TrainingError: If the file read back is not what was written.
    """
    weights = {name: p.detach().contiguous() for name, p in trainable(model).items()}
    tensors = {f"now.{name}": value for name, value in weights.items()}
    tensors |= {f"best.{name}": value for name, value in state.best.items()}
    tensors |= {f"average.{name}": value for name, value in state.average.items()}
    tensors |= {f"method.{name}": value.contiguous() for name, value in state.method.items()}
    target = folder / f"{PREFIX}{state.progress.step:08d}"
    with whole_folder(target) as part:
        save_file(tensors, part / WEIGHTS)
        save_file(_moments(model, optimiser) | _rng_states(), part / OPTIMISER)
        write_json(part / STATE, vars(state.progress))
        _compare(load_file(part / WEIGHTS), tensors, target)
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old)


def load_checkpoint(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> TrainingState:
    """Put a checkpoint's tensors in place and return the rest.

    Args:
        folder: One checkpoint.
        model: Prepared as it was; its trainable parameters are overwritten.
        optimiser: Over the same parameters in the same order.

    Raises:
        TrainingError: If the checkpoint holds other parameters than the model trains.
    """
    tensors = load_file(folder / WEIGHTS)
    parameters = trainable(model)
    now = _part(tensors, "now")
    if set(now) != set(parameters):
        odd = sorted(set(now) ^ set(parameters))[:3]
        raise TrainingError(f"{folder}: does not belong to this training ({', '.join(odd)}). Use another --output.")
    with torch.no_grad():
        for name, value in now.items():
            parameters[name].copy_(value)
    _restore_moments(parameters, optimiser, load_file(folder / OPTIMISER))
    progress = Progress(**read_json(folder / STATE))
    device = next(iter(parameters.values())).device
    tensors = {name: value.to(device) for name, value in tensors.items()}
    return TrainingState(progress, *(_part(tensors, part) for part in ("best", "average", "method")))


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints, oldest first."""
    return sorted(path for path in folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit())


def _part(tensors: Tensors, part: str) -> Tensors:
    return {name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")}


def _moments(model: nn.Module, optimiser: torch.optim.Optimizer) -> Tensors:
    return {
        f"moment.{key}.{name}": value.contiguous()
        for name, parameter in trainable(model).items()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def _restore_moments(parameters: dict[str, nn.Parameter], optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    optimiser.state.clear()
    for full_name, value in tensors.items():
        if full_name.startswith("moment."):
            _, key, name = full_name.split(".", 2)
            # Adam's step counter stays on the CPU; the moments go where the weights are.
            place = value if key == "step" else value.to(parameters[name].device)
            optimiser.state[parameters[name]][key] = place
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])


def _rng_states() -> Tensors:
    states = {"rng.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["rng.cuda"] = torch.cuda.get_rng_state()
    return states


def _compare(found: Tensors, written: Tensors, folder: Path) -> None:
    for name, value in written.items():
        if not torch.equal(found[name], value.cpu()):
            raise TrainingError(f"{folder}: {name} read back differs from what was written. Check the disk.")
