"""Adapters that are trained directly: one for each task, or one for all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tain.methods.text_to_lora.factors import Factors, fresh_factors
from tain.methods.text_to_lora.places import Place


class AdapterBank(nn.Module):
    """One LoRA for each of several tasks, side by side; or one that all tasks share.

    All start from the same A, which the reconstruction of trained adapters needs: B A = (B R)(R^-1 A) for any R, and
    only a common start keeps tasks from choosing their own R.
    """

    def __init__(self, places: Sequence[Place], rank: int, *, n_tasks: int, seed: int, is_shared: bool = False) -> None:
        """Draw the start.

        Args:
            places: The layers.
            rank: r.
            n_tasks: How many tasks there are.
            seed: Of A.
            is_shared: One adapter for all tasks.
        """
        super().__init__()
        self.names = {place.name: place.name.replace(".", "-") for place in places}
        self.is_shared = is_shared
        n = 1 if is_shared else n_tasks
        fresh = fresh_factors(places, rank, seed=seed)
        self.a = nn.ParameterDict({self.names[name]: a.repeat(n, 1, 1) for name, (a, _) in fresh.items()})
        self.b = nn.ParameterDict({self.names[name]: b.repeat(n, 1, 1) for name, (_, b) in fresh.items()})

    def forward(self, tasks: torch.Tensor, descriptions: torch.Tensor | None = None) -> Factors:
        """The adapters of some tasks.

        Args:
            tasks: Indices, shape (n,).
            descriptions: Not looked at.
        """
        del descriptions
        rows = torch.zeros_like(tasks) if self.is_shared else tasks
        return {name: (self.a[key][rows], self.b[key][rows]) for name, key in self.names.items()}
