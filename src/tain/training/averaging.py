"""The running mean of weights over the late steps of a training.

Source: stochastic weight averaging, Izmailov et al. 2018, arXiv:1803.05407. Differs: every step counts, at the
rate the schedule gives it, not one point per cycle at a constant rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from tain.methods.method import trainable
from tain.training.checkpoint import TrainingState


@torch.no_grad()
def add_to_average(state: TrainingState, model: nn.Module) -> None:
    """Count the weights of this step in.

    Args:
        state: Holds the mean and the number of steps in it.
        model: Its trainable parameters are what is averaged.
    """
    state.progress.n_averaged += 1
    for name, parameter in trainable(model).items():
        if name not in state.average:
            state.average[name] = parameter.detach().clone()
        else:
            state.average[name] += (parameter.detach() - state.average[name]) / state.progress.n_averaged


def copy_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """The trainable parameters as they are now."""
    return {name: parameter.detach().clone() for name, parameter in trainable(model).items()}


@torch.no_grad()
def put(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Set the trainable parameters."""
    for name, parameter in trainable(model).items():
        parameter.copy_(weights[name])


@contextmanager
def swapped(model: nn.Module, weights: dict[str, torch.Tensor]) -> Iterator[None]:
    """The model with other weights, for the time of the block."""
    kept = copy_of(model)
    put(model, weights)
    try:
        yield
    finally:
        put(model, kept)
