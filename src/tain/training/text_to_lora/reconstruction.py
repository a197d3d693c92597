"""Training on trained adapters: many of them pressed into one network that writes them from their descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from tain.core.errors import DataError
from tain.core.progress import Advance
from tain.methods.text_to_lora import Factors, Hypernetwork
from tain.methods.text_to_lora.factors import mean_factors, take
from tain.training.text_to_lora.settings import ReconstructionSettings
from tain.training.text_to_lora.steps import run_steps
from tain.training.text_to_lora.tasks import TaskRows, draw_tasks, step_generator

LEAST_SPREAD = 1e-6


def train_reconstruction(
    hypernetwork: Hypernetwork,
    oracles: Factors,
    tasks: Sequence[TaskRows],
    settings: ReconstructionSettings,
    *,
    seed: int,
    folder: Path | None = None,
    advance: Advance | None = None,
) -> list[float]:
    """Train by the mean absolute difference to trained adapters, each number in units of its spread over tasks.

    Args:
        hypernetwork: Starts at the mean of the trained adapters.
        oracles: One adapter for each task, all trained from one A (see AdapterBank).
        tasks: In the order of the adapters; only their descriptions are read.
        settings: How.
        seed: Of what is drawn.
        folder: Of checkpoints; None keeps none.
        advance: Told the number of steps done.

    Returns:
        The loss of every step, in standard deviations.

    Raises:
        DataError: If there are not as many adapters as tasks.
        TrainingError: If it diverges or cannot resume.

    Source:
        Charakorn et al. 2025, arXiv:2506.06105, equation 4. Differs: nothing known.
    """
    n_oracles = {len(a) for a, _ in oracles.values()}
    if n_oracles != {len(tasks)}:
        raise DataError(f"There are {sorted(n_oracles)} trained adapters for {len(tasks)} tasks. Give one for each.")
    mean, spread = mean_and_spread(oracles)
    device = next(hypernetwork.parameters()).device
    hypernetwork.standardise(mean, spread)

    def loss_of(step: int) -> torch.Tensor:
        drawn = draw_tasks(tasks, settings, step_generator(seed, step))
        written = hypernetwork(None, drawn.descriptions.to(device))
        return reconstruction_error(written, take(oracles, drawn.tasks.to(device)), spread)

    return run_steps(hypernetwork, loss_of, settings, seed=seed, folder=folder, advance=advance)


def mean_and_spread(oracles: Factors) -> tuple[Factors, Factors]:
    """The mean and the standard deviation of each number over tasks, with a first axis of 1.

    A number that all tasks share has a spread of 1: there is nothing to learn of it, and nothing to divide by.
    """
    spread = {}
    for name, pair in oracles.items():
        found = (part.std(0, correction=0, keepdim=True) for part in pair)
        a, b = (torch.where(each > LEAST_SPREAD, each, torch.ones_like(each)) for each in found)
        spread[name] = (a, b)
    return mean_factors(oracles), spread


def reconstruction_error(written: Factors, wanted: Factors, spread: Factors) -> torch.Tensor:
    """The mean absolute difference over all numbers of all layers and tasks, in standard deviations; a scalar."""
    total, count = torch.zeros((), device=next(iter(wanted.values()))[0].device), 0
    for name, pair in wanted.items():
        for got, want, unit in zip(written[name], pair, spread[name], strict=True):
            total = total + ((got - want) / unit).abs().sum()
            count += want.numel()
    return total / count
