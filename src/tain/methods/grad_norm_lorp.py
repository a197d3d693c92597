"""GradNormLoRP: the length and the direction of each output row train apart, the direction by projected Adam.

    W = m V / ||V||,  one length m and one norm per output row;  G = gradient with respect to W
    dm = <G, V/||V||> per row,   dV = (m / ||V||) (G - dm V/||V||),   so that <dV, V> = 0 per row
    V <- V - lr scale Adam(dV Q^T) Q     (basis Q or P of dV's singular vectors, renewed every T steps, as in GaLore)
    m <- (1 - lr decay) (m - lr Adam(dm)),   then W is written anew

What is kept: the model holds W alone and stays a plain one. The state of a matrix (m, n) holds two numbers per row, m
and ||V||, from which V = W ||V|| / m; their Adam moments need two more; then basis and projected moments as GaLore's:
4 rows + r min + 2 r max numbers in all. Layers that compute W from parameters m and V would keep V / ||V|| and W
for each backward pass besides.

Source: Huang et al. 2024, arXiv:2412.19616 (AAAI 2025), and its code, commit 4033ee2. We could read the abstract, the
code and summaries, not the paper's text; summaries give it low-rank factors, W = m (W0 + I J) / ||W0 + I J||, and a
projection from both sides. Like the code we update V itself and project from one side. Differs from the code:

- The length accumulates, where the code sets it to ||V|| at the start of every step, so that what was learnt of it
  is lost; in another class of it, direction and length train as copies that the model never sees.
- dV has its orthogonal term. After projection and Adam the step is no longer orthogonal to V, but to first order what
  it has along V changes ||V|| alone, not W.
- No copy of V is kept, which there costs as much as the weights. Only matrices of target layers are normalised; the
  head trains by torch's AdamW.
- Decay shortens m, which is all of V and m that decay can change in W.
- A row of zeros has no direction, and stays.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from tain.methods.method import MethodConfig, Tensors
from tain.methods.projected_adam import ProjectedAdam, adam_direction, projected_direction
from tain.methods.target_weights import ProjectionSettings, TargetWeights

SHORTEST = 1e-12  # a length that reached zero would forget the direction, of which W holds the only copy


class GradNormLorpSettings(ProjectionSettings):
    """Settings of GradNormLoRP."""


class GradNormLorp(TargetWeights[GradNormLorpSettings]):
    """Weight-normalised training through projected gradients. Expect a learning rate near full fine-tuning's."""

    kind: ClassVar[str] = "grad_norm_lorp"
    config_type: ClassVar[type[MethodConfig]] = GradNormLorpSettings

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Projected Adam on directions and Adam on lengths of the targets, AdamW on the head."""
        return GradNormLorpAdam(groups)


class GradNormLorpAdam(ProjectedAdam):
    """Adam on the length and, projected, on the direction of every row."""

    def move(self, weight: torch.Tensor, gradient: torch.Tensor, state: Tensors, group: dict[str, Any]) -> None:
        """Move the lengths and directions, and write the matrix anew."""
        if "magnitude" not in state:
            state["magnitude"] = row_norms(weight.float())
            state["direction_norm"] = state["magnitude"].clone()
        magnitude, norm = state["magnitude"], state["direction_norm"]
        direction = direction_of(weight.float(), magnitude, norm)
        d_magnitude, d_direction = split_gradient(gradient.float(), direction, magnitude, norm)
        direction -= group["lr"] * projected_direction(d_direction, state, group)
        moved = magnitude - group["lr"] * adam_direction(d_magnitude, state, prefix="magnitude_")
        state["magnitude"] = _off_zero(moved * (1 - group["lr"] * group["weight_decay"]), magnitude)
        state["direction_norm"] = row_norms(direction)
        weight.copy_(weight_of(direction, state["magnitude"]))


def row_norms(matrix: torch.Tensor) -> torch.Tensor:
    """The Euclidean norm of every row, shape (rows, 1)."""
    norms: torch.Tensor = torch.linalg.vector_norm(matrix, dim=1, keepdim=True)
    return norms


def weight_of(direction: torch.Tensor, magnitude: torch.Tensor) -> torch.Tensor:
    """W from V, shape (rows, columns), and m, shape (rows, 1), which may be negative."""
    return direction * _ratio(magnitude, row_norms(direction))


def direction_of(weight: torch.Tensor, magnitude: torch.Tensor, norm: torch.Tensor) -> torch.Tensor:
    """V from W, shape (rows, columns), and from m and ||V||, both of shape (rows, 1); zero where m is."""
    return weight * _ratio(norm, magnitude)


def split_gradient(
    gradient: torch.Tensor, direction: torch.Tensor, magnitude: torch.Tensor, norm: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of m and V from that of W.

    Args:
        gradient: Of W, shape (rows, columns).
        direction: V, of the same shape.
        magnitude: m, shape (rows, 1).
        norm: ||V||, shape (rows, 1).

    Returns:
        That of m, shape (rows, 1), and that of V, orthogonal to V in every row. Both are zero where V is.
    """
    unit = direction * _ratio(torch.ones_like(norm), norm)
    d_magnitude = (gradient * unit).sum(dim=1, keepdim=True)
    return d_magnitude, _ratio(magnitude, norm) * (gradient - d_magnitude * unit)


def _ratio(above: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    return torch.where(below != 0, above / below, torch.zeros_like(below))


def _off_zero(moved: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    nearest = torch.copysign(torch.full_like(moved, SHORTEST), before)
    return torch.where((moved.abs() < SHORTEST) & (before != 0), nearest, moved)
