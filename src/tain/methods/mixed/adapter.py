"""What one adapter changes of a network: thin matrices beside its layers, and a head of its own.

    linear     y = W0 x + b + s B A x,   DoRA: y = c (W0 x + s B A x) + b,   c = m / |W0 + s B A| by rows
    embedding  y = E[t] + s B A[t]

Each change is added in place to what the frozen layer answered, so that layers that an adapter leaves alone cost it
nothing, and no weight of the network is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn


class Change(Protocol):
    """What an adapter does to one layer."""

    def add_to(self, y: torch.Tensor, x: torch.Tensor) -> None:
        """Turn the frozen layer's answer into the adapter's, in place.

        Args:
            y: Answer of the layer, shape (n, d_out).
            x: What it was asked, shape (n, d_in), or token ids of shape (n,).
        """

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""


@dataclass(frozen=True, eq=False, slots=True)
class LinearChange:
    """A and B beside a linear layer.

    Attributes:
        down: A transposed, shape (d_in, r).
        up: s B transposed, shape (r, d_out).
        lengths: DoRA's c, shape (d_out,); None without DoRA.
        bias: Of the frozen layer, which DoRA leaves as it is; None where it has none.
    """

    down: torch.Tensor
    up: torch.Tensor
    lengths: torch.Tensor | None = None
    bias: torch.Tensor | None = None

    def add_to(self, y: torch.Tensor, x: torch.Tensor) -> None:
        """Add s B A x, and scale by DoRA's lengths."""
        y.addmm_(x.mm(self.down), self.up)
        if self.lengths is not None:
            y.mul_(self.lengths)
            if self.bias is not None:
                y.add_(self.bias * (1 - self.lengths))

    @property
    def size_bytes(self) -> int:
        """Of A, B and the lengths; the bias is the network's."""
        return sum(part.nbytes for part in (self.down, self.up, self.lengths) if part is not None)


@dataclass(frozen=True, eq=False, slots=True)
class EmbeddingChange:
    """A and B beside a table of token vectors.

    Attributes:
        down: A transposed, shape (n_tokens, r).
        up: s B transposed, shape (r, d).
    """

    down: torch.Tensor
    up: torch.Tensor

    def add_to(self, y: torch.Tensor, x: torch.Tensor) -> None:
        """Add s B A[t] for each token t."""
        y.addmm_(nn.functional.embedding(x, self.down), self.up)

    @property
    def size_bytes(self) -> int:
        """Of A and B."""
        return self.down.nbytes + self.up.nbytes


@dataclass(frozen=True, eq=False, slots=True)
class Adapter:
    """All that is one adapter's own.

    Attributes:
        changes: By the dotted name of the layer.
        head: From the network's features to logits.
        n_labels: Of the head.
    """

    changes: Mapping[str, Change]
    head: nn.Module
    n_labels: int

    @property
    def size_bytes(self) -> int:
        """Memory that it takes beside the network."""
        head = sum(parameter.nbytes for parameter in self.head.parameters())
        return head + sum(change.size_bytes for change in self.changes.values())
