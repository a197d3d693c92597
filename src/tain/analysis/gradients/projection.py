"""Random projection of gradients, so that wide blocks take less room while their products stay.

Count sketch: each coordinate is added, with a random sign, to one of k places drawn at random.

    (P g)_j = Σ over i with h(i) = j of s_i g_i,   E <Pa, Pb> = <a, b>,   variance ≤ (|a|² |b|² + <a, b>²) / k

It takes O(d) time and memory where a dense random matrix takes O(dk). Source: Charikar, Chen, Farach-Colton 2002,
Finding frequent items in data streams; its products: Weinberger et al. 2009, arXiv:0902.2206.
"""

from __future__ import annotations

import torch


class Projection:
    """A fixed random map from d numbers to k."""

    def __init__(self, n_parameters: int, *, dimension: int, seed: int, index: int, device: torch.device) -> None:
        """Draw it; the same arguments give the same map on every machine.

        Args:
            n_parameters: d.
            dimension: k, 1 or more. A block that is no wider is left as it is.
            seed: Of all blocks.
            index: Of the block, so that no two share a map.
            device: Where gradients lie.
        """
        self.width = min(dimension, n_parameters)
        self._places: torch.Tensor | None = None
        if dimension >= n_parameters:
            return
        generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
        self._places = torch.randint(dimension, (n_parameters,), generator=generator).to(device)
        signs = torch.randint(2, (n_parameters,), generator=generator, dtype=torch.int8) * 2 - 1
        self._signs = signs.to(device)

    def __call__(self, gradients: torch.Tensor) -> torch.Tensor:
        """From shape (n_texts, d) to (n_texts, k)."""
        if self._places is None:
            return gradients
        empty = gradients.new_zeros((len(gradients), self.width))
        return empty.index_add_(1, self._places, gradients * self._signs)
