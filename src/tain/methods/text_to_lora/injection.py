"""Adapters beside a network for the time of one forward pass, another one for every text if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn


class SharedInputError(RuntimeError):
    """Raised when a layer reads something that all texts of a batch share, so that it can have but one adapter."""


@contextmanager
def injected(
    model: nn.Module, factors: Mapping[str, tuple[torch.Tensor, torch.Tensor]], *, scale: float
) -> Iterator[None]:
    """Add `scale` B A x to the output of each named layer within the block; gradients reach A and B.

    Args:
        model: Not changed.
        factors: Of one task, or one for each text of the batch, in order.
        scale: s.

    Raises:
        SharedInputError: If there are adapters for several texts, and a layer reads something else than these, such
            as the relative positions of DeBERTa.
    """
    modules = dict(model.named_modules())
    hooks = [modules[name].register_forward_hook(_adding(name, a, b, scale)) for name, (a, b) in factors.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


Hook = Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]


def _adding(name: str, a: torch.Tensor, b: torch.Tensor, scale: float) -> Hook:
    return partial(_add, name, a.transpose(-1, -2), scale * b.transpose(-1, -2))


def _add(
    name: str,
    a: torch.Tensor,
    b: torch.Tensor,
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    output: torch.Tensor,
) -> torch.Tensor:
    del module
    x = inputs[0]
    if len(a) == 1:
        return output + x @ a[0].to(x.dtype) @ b[0].to(x.dtype)
    if x.ndim != 3 or len(a) != len(x):
        raise SharedInputError(f"{name} reads an array of shape {tuple(x.shape)} with adapters for {len(a)} texts.")
    return output + x @ a.to(x.dtype) @ b.to(x.dtype)
