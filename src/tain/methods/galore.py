"""GaLore: full weight matrices train, by Adam on gradients projected to a few directions.

    every T steps:  Q = the first r right singular vectors of G   (the left ones, P, where W has more columns than rows)
    each step:      W <- W - lr scale Adam(G Q^T) Q,   then   W <- (1 - lr decay) W

Between two bases W moves within r directions of its shorter side; over many, its change may have any rank, where
LoRA's has rank r for good. The optimiser keeps r min(m, n) numbers of basis and 2 r max(m, n) of moments for W (m, n)
instead of AdamW's 2 m n; 8-bit moments take a quarter of their bytes. Gradients are whole, and no smaller than AdamW's.

Source: Zhao et al. 2024, arXiv:2403.03507. Step by step equal to galore-torch 1.0, but for the signs of a basis, which
are fixed here (projection.py). The paper fine-tunes at scale 4, rank 4 or 8 and rates near 3e-5, and pretrains at
scale 0.25 and rate 0.01; for the targets only scale times rate counts, decay apart. Differs: only the weights of target
layers and the head train, the latter by torch's AdamW; basis and moments are float32 whatever the weights are; 8-bit
moments are our own (eight_bit.py) and for targets alone.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from tain.methods.method import MethodConfig, Tensors
from tain.methods.projected_adam import ProjectedAdam, projected_direction
from tain.methods.target_weights import ProjectionSettings, TargetWeights


class GaloreSettings(ProjectionSettings):
    """Settings of GaLore."""


class Galore(TargetWeights[GaloreSettings]):
    """Full-rank training with an optimiser state of LoRA's size. Expect a learning rate near full fine-tuning's."""

    kind: ClassVar[str] = "galore"
    config_type: ClassVar[type[MethodConfig]] = GaloreSettings

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Projected Adam on the targets, AdamW on the head."""
        return GaloreAdam(groups)


class GaloreAdam(ProjectedAdam):
    """Projected Adam on the weights as they are."""

    def move(self, weight: torch.Tensor, gradient: torch.Tensor, state: Tensors, group: dict[str, Any]) -> None:
        """Take the projected step, then decay."""
        weight.add_(projected_direction(gradient, state, group).to(weight.dtype), alpha=-group["lr"])
        if group["weight_decay"]:
            weight.add_(weight, alpha=-group["lr"] * group["weight_decay"])
