"""The output layers of the network that writes adapters: one for each kind of matrix."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tain.methods.text_to_lora.factors import fresh_factors
from tain.methods.text_to_lora.places import Place
from tain.methods.text_to_lora.settings import HypernetworkSettings

Pair = tuple[torch.Tensor, torch.Tensor]


class Head(nn.Module):
    """Writes A and the transpose of B of all layers of a kind: spread * (W x + bias) + mean.

    W = 0 at the start, and the bias is a fresh LoRA: A as drawn, B = 0. The spread is 1 and the mean 0 unless the
    network learns to repeat trained adapters, whose numbers differ in size a hundredfold.
    """

    mean_a: torch.Tensor
    mean_b: torch.Tensor
    spread_a: torch.Tensor
    spread_b: torch.Tensor

    def __init__(self, settings: HypernetworkSettings, places: Sequence[Place], *, seed: int) -> None:
        """Set the weights up.

        Args:
            settings: Form, rank and width.
            places: The layers of the kind, by depth.
            seed: Of the fresh A.
        """
        super().__init__()
        self.rank, self.d_in, self.d_out = settings.rank, places[0].d_in, places[0].d_out
        self.form = settings.form
        widest = max(self.d_in, self.d_out)
        n_out = {"L": places[0].n_parameters(self.rank), "M": self.rank * widest, "S": widest}[self.form]
        self.weight = nn.Parameter(torch.zeros(n_out, settings.head_width))
        fresh, _ = fresh_factors(places[:1], self.rank, seed=seed)[places[0].name]
        self.bias_a = nn.Parameter(fresh[0])
        self.bias_b = nn.Parameter(torch.zeros(self.rank, self.d_out))
        for side, d in (("a", self.d_in), ("b", self.d_out)):
            self.register_buffer(f"mean_{side}", torch.zeros(len(places), self.rank, d))
            self.register_buffer(f"spread_{side}", torch.ones(len(places), self.rank, d))

    def forward(self, x: torch.Tensor) -> Pair:
        """A and B transposed.

        Args:
            x: Shape (n, n_places, head_width); in M and S (n, n_places, 2, 1 or r, head_width), A's side first.

        Returns:
            Shapes (n, n_places, r, d_in) and (n, n_places, r, d_out).
        """
        a, b = self._split(x @ self.weight.T)
        return self.spread_a * (a + self.bias_a) + self.mean_a, self.spread_b * (b + self.bias_b) + self.mean_b

    def standardise(self, mean: Sequence[Pair], spread: Sequence[Pair]) -> None:
        """Take over the mean and the spread of trained adapters; untrained, the head then writes their mean.

        Args:
            mean: Of each layer of the kind: A of shape (1, r, d_in) and B of shape (1, d_out, r).
            spread: Likewise.
        """
        with torch.no_grad():
            for name, pairs in (("mean", mean), ("spread", spread)):
                getattr(self, f"{name}_a").copy_(torch.cat([a for a, _ in pairs]))
                getattr(self, f"{name}_b").copy_(torch.cat([b for _, b in pairs]).transpose(-1, -2))
            self.bias_a.zero_()
            self.bias_b.zero_()

    def _split(self, out: torch.Tensor) -> Pair:
        shape = out.shape[:2]
        if self.form == "L":
            n = self.rank * self.d_in
            a, b = out[..., :n], out[..., n:]
        else:
            # M and S write as much for the narrower side as for the wider one; the rest is not used.
            a, b = (side.reshape(*shape, self.rank, -1) for side in (out[:, :, 0], out[:, :, 1]))
            a, b = a[..., : self.d_in], b[..., : self.d_out]
        return a.reshape(*shape, self.rank, self.d_in), b.reshape(*shape, self.rank, self.d_out)
