"""The two thin matrices of every adapted layer, for one or many tasks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from zlib import crc32

import torch

from tain.methods.text_to_lora.places import Place

Factors = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""A of shape (n_tasks, r, d_in) and B of shape (n_tasks, d_out, r), by dotted name of the layer."""


def fresh_factors(places: Iterable[Place], rank: int, *, seed: int) -> Factors:
    """What LoRA starts from, for one task: A drawn as in peft, B = 0.

    Every place draws from a generator of its own, so its values do not hang on which others there are.

    Args:
        places: The layers.
        rank: r.
        seed: Of A.
    """
    found = {}
    for place in places:
        generator = torch.Generator().manual_seed(crc32(f"{seed}/{place.name}".encode()))
        a = (2 * torch.rand((1, rank, place.d_in), generator=generator) - 1) / math.sqrt(place.d_in)
        found[place.name] = (a, torch.zeros((1, place.d_out, rank)))
    return found


def take(factors: Mapping[str, tuple[torch.Tensor, torch.Tensor]], tasks: torch.Tensor) -> Factors:
    """The factors of some tasks, in the order of their indices, which may repeat."""
    return {name: (a[tasks], b[tasks]) for name, (a, b) in factors.items()}


def mean_factors(factors: Mapping[str, tuple[torch.Tensor, torch.Tensor]]) -> Factors:
    """The mean over tasks of each matrix. Of use only where all tasks started from one A: others have other axes."""
    return {name: (a.mean(0, keepdim=True), b.mean(0, keepdim=True)) for name, (a, b) in factors.items()}


def mean_square(factors: Mapping[str, tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """The mean of A squared and of B squared, averaged over layers; a scalar."""
    parts = [part.square().mean() for pair in factors.values() for part in pair]
    return torch.stack(parts).sum() / len(factors)
