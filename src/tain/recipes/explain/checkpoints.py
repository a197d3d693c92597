"""The checkpoints of a Run, each with the learning rates of the steps that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tain.core.errors import ConfigError, MethodError
from tain.core.files import read_json, sha256_of
from tain.recipes.explain.subject import Subject
from tain.training.checkpoint import STATE, WEIGHTS, checkpoints
from tain.training.folder import RunFolder
from tain.training.schedule import warmup_cosine

NOW = "now."


@dataclass(frozen=True, slots=True)
class KeptWeights:
    """One checkpoint.

    Attributes:
        step: Optimiser steps done.
        rate: Sum of the learning rates of the steps since the checkpoint before it, or since the beginning.
        sha256: Of its weights.
        names: Parameters that were trained.
    """

    step: int
    rate: float
    sha256: str
    names: tuple[str, ...]


def visit(subject: Subject) -> Iterator[KeptWeights]:
    """Each checkpoint in turn, its weights put into the subject's network while the caller looks at it.

    Args:
        subject: From a Run. Afterwards its network holds the weights of the last checkpoint.

    Raises:
        ConfigError: If there is no Run around it, or no checkpoint after the first step.
        MethodError: If a checkpoint is of another network.
    """
    run = RunFolder(subject.folder.parent)
    found = [path for path in checkpoints(run.checkpoints) if _state(path)["step"]]
    if subject.is_detector or not found or not run.is_complete:
        raise ConfigError(
            f"--estimator tracin follows a training, and {subject.folder} has no checkpoints beside it. Give a "
            "finished Run, trained with training.keep_checkpoints of 5 or so; or use --estimator datainf."
        )
    before = 0
    for path in found:
        state = _state(path)
        names = _put(subject, path)
        yield KeptWeights(state["step"], _rate(run, before, state), sha256_of(path / WEIGHTS), names)
        before = state["step"]


def _state(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = read_json(path / STATE)
    return state


def _rate(run: RunFolder, before: int, state: dict[str, Any]) -> float:
    training = read_json(run.path / "config.json")["training"]
    n_steps = read_json(run.path / "manifest.json")["n_steps"]
    shares = (
        warmup_cosine(step, n_steps=n_steps, warmup_share=training["warmup_share"])
        for step in range(before, state["step"])
    )
    return float(training["lr"] * state["rate_scale"] * sum(shares))


def _put(subject: Subject, path: Path) -> tuple[str, ...]:
    kept = load_file(path / WEIGHTS)
    weights = {name.removeprefix(NOW): value for name, value in kept.items() if name.startswith(NOW)}
    parameters = dict(subject.classifier.model.named_parameters())
    for name, value in weights.items():
        if name not in parameters or parameters[name].shape != value.shape:
            raise MethodError(
                f"{path}: its {name} does not fit the trained network, whose method changes shape while it trains. Use "
                "--estimator datainf."
            )
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
    return tuple(weights)
