"""Per-text gradients by torch.func: the gradient of the whole network, mapped over the texts of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.func import functional_call, grad, vmap


def by_network(
    model: nn.Module,
    parameters: Mapping[str, torch.Tensor],
    objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    inputs: Mapping[str, torch.Tensor],
    targets: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """The gradients of all texts; arguments and shapes as in `by_layers`.

    Raises:
        RuntimeError: If the network looks at a value to choose its way, as some do at a mask.
    """

    def value(free: dict[str, torch.Tensor], own: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        batch_of_one = {key: each.unsqueeze(0) for key, each in own.items()}
        return objective(functional_call(model, free, (), batch_of_one).logits.float(), target.unsqueeze(0))

    free = {name: parameter.detach() for name, parameter in parameters.items()}
    found: dict[str, torch.Tensor] = vmap(grad(value), in_dims=(None, 0, 0))(free, dict(inputs), targets)
    return {name: each.detach() for name, each in found.items()}
