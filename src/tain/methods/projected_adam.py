"""Adam whose moments lie in a small space: what GaLore and GradNormLoRP share.

    every T steps: basis = the gradient's first r singular vectors         (projection.py)
    G~ = project(G);  M <- b1 M + (1 - b1) G~;  V <- b2 V + (1 - b2) G~^2
    direction = scale * project_back(M / (sqrt(V) + eps)) * sqrt(1 - b2^t) / (1 - b1^t)

Source: GaLore, Zhao et al. 2024, arXiv:2403.03507. As in its package galore-torch 1.0, eps = 1e-6 is added before the
bias is corrected, weights decay after the step, and the moments stay as they are when the basis is replaced, though
they are then read in the new one. State of a matrix: r min(m, n) numbers of basis and 2 r max(m, n) of moments, where
AdamW keeps 2 m n; all of it tensors, so that a checkpoint holds it. The gradient itself has its full size, as has
the weight.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, overload

import torch
from torch.optim.adamw import adamw

from tain.methods.eight_bit import dequantise, quantise
from tain.methods.method import BETAS, Tensors
from tain.methods.projection import gradient_basis, project, project_back

EPS = 1e-6
HEAD_EPS = 1e-8
Precision = Literal["float32", "8bit"]


class ProjectedAdam(torch.optim.Optimizer, ABC):
    """Moves the groups that have a `rank` through projected moments, and all others by torch's AdamW.

    A group with a `rank` holds matrices and has `update_gap`, `scale` and `moments` besides `lr` and `weight_decay`.
    """

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        """Keep the groups; a parameter's state is made at its first step."""
        super().__init__(groups, {"lr": 1e-3, "weight_decay": 0.0})

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient.

        Args:
            closure: Computes the loss anew, with gradients; none takes the gradients that are there.
        """
        loss = None if closure is None else closure()
        with torch.no_grad():
            for group in self.param_groups:
                move = self.move if "rank" in group else adamw_step
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        move(parameter, parameter.grad, self.state[parameter], group)
        return loss

    @abstractmethod
    def move(self, weight: torch.Tensor, gradient: torch.Tensor, state: Tensors, group: dict[str, Any]) -> None:
        """Change one matrix in place.

        Args:
            weight: Shape (m, n).
            gradient: Of the loss with respect to it.
            state: Its state, empty before the first step.
            group: Its settings.
        """


def projected_direction(gradient: torch.Tensor, state: Tensors, group: dict[str, Any]) -> torch.Tensor:
    """What a step at rate 1 takes off a matrix, of rank r at most; counts the step and moves the moments.

    Args:
        gradient: Shape (m, n).
        state: Gains `step`, `basis` and moments, or has them changed.
        group: `rank`, `update_gap`, `scale` and `moments`.
    """
    step = state.setdefault("step", torch.tensor(0.0))
    if int(step) % group["update_gap"] == 0:
        state["basis"] = gradient_basis(gradient, group["rank"])
    step += 1
    small = adam_direction(project(gradient, state["basis"]), state, precision=group["moments"])
    scale: float = group["scale"]
    return project_back(small, state["basis"]) * scale


def adam_direction(
    gradient: torch.Tensor, state: Tensors, *, precision: Precision = "float32", prefix: str = ""
) -> torch.Tensor:
    """Adam's direction with its bias corrected; moves the moments, which `state` keeps.

    Args:
        gradient: Any shape, float32.
        state: `step` counts from 1; gains `<prefix>exp_avg` and `<prefix>exp_avg_sq`.
        precision: How the moments are kept between steps.
        prefix: Tells apart several moments in one state.
    """
    first_rate, second_rate = BETAS
    first = _moment(f"{prefix}exp_avg", gradient, state, signed=True)
    second = _moment(f"{prefix}exp_avg_sq", gradient, state, signed=False)
    first.mul_(first_rate).add_(gradient, alpha=1 - first_rate)
    second.mul_(second_rate).addcmul_(gradient, gradient, value=1 - second_rate)
    direction = first / (second.sqrt() + EPS)
    for name, moment in (("exp_avg", first), ("exp_avg_sq", second)):
        _keep(f"{prefix}{name}", moment, state, precision)
    step = int(state["step"])
    return direction * (math.sqrt(1 - second_rate**step) / (1 - first_rate**step))


def _moment(name: str, like: torch.Tensor, state: Tensors, *, signed: bool) -> torch.Tensor:
    if name not in state:
        return torch.zeros_like(like)
    if f"{name}_scales" in state:
        return dequantise(state[name], state[f"{name}_scales"], signed=signed)
    return state[name]


def _keep(name: str, moment: torch.Tensor, state: Tensors, precision: Precision) -> None:
    if precision == "8bit":
        state[name], state[f"{name}_scales"] = quantise(moment, signed=not name.endswith("_sq"))
    else:
        state[name] = moment


def adamw_step(parameter: torch.Tensor, gradient: torch.Tensor, state: Tensors, group: dict[str, Any]) -> None:
    """One step of torch's own AdamW, its state kept under torch's names."""
    if not state:
        state |= {"step": torch.tensor(0.0)}
        state |= {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
    adamw(
        [parameter],
        [gradient],
        [state["exp_avg"]],
        [state["exp_avg_sq"]],
        [],
        [state["step"]],
        amsgrad=False,
        beta1=BETAS[0],
        beta2=BETAS[1],
        lr=group["lr"],
        weight_decay=group["weight_decay"],
        eps=HEAD_EPS,
        maximize=False,
    )
