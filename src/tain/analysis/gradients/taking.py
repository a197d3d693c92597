"""The gradient of each text of a batch, by the fastest way that proves itself on the network at hand.

Three ways give the same rows. `by_layers` reads them off what goes in and out of each layer, in one backward pass of
the batch. `by_network` maps the whole network over the texts with torch.func. `by_texts` runs each text by itself:
always right, and slow. Which of the first two a network allows cannot be told from its classes (a layer may be called
with states that are shared by all texts; a mask may be looked at), so each is held against `by_texts` on a few texts
before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from tain.analysis.gradients.layers import by_layers
from tain.analysis.gradients.network import by_network
from tain.core.errors import MethodError

Inputs = Mapping[str, torch.Tensor]
Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From logits (n_texts, n_labels) and targets (n_texts,) to the sum over texts of what is derived, a scalar."""
Way = Literal["layers", "network", "texts"]
N_PROOF = 4
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Parameters whose gradients stand side by side in one block.

    Attributes:
        name: Of the parameter, or of the layer if it has weight and bias.
        parameters: Dotted names, in order.
        n_parameters: Numbers in all of them.
    """

    name: str
    parameters: tuple[str, ...]
    n_parameters: int


class GradientTaker:
    """Per-text gradients of the named parameters of a network.

    Attributes:
        blocks: What the columns of each block are.
        way: How they are taken; `texts` until `prove` has found a faster one.
    """

    def __init__(self, model: nn.Module, names: Sequence[str], objective: Objective) -> None:
        """Take note of what is derived by what.

        Args:
            model: In eval mode; called with a batch, answers with `logits`. Its parameters need not require gradients.
            names: Parameters to derive by.
            objective: What is derived.

        Raises:
            MethodError: If no parameter is named, or one is not there.
        """
        known = dict(model.named_parameters())
        if missing := [name for name in names if name not in known]:
            raise MethodError(f"{type(model).__name__} has no parameter {missing[0]}. Load it as it was trained.")
        if not names:
            raise MethodError("Nothing of this network was trained, so there are no gradients to look at. Train first.")
        self.model, self.objective = model, objective
        self.parameters = {name: known[name] for name in names}
        self.blocks = layout(self.parameters)
        self.way: Way = "texts"

    @property
    def n_parameters(self) -> int:
        """The numbers in one text's gradient."""
        return sum(block.n_parameters for block in self.blocks)

    def prove(self, inputs: Inputs, targets: torch.Tensor) -> Way:
        """Use the fastest way that gives these texts the gradients they have by themselves.

        Args:
            inputs: A batch; a few texts of unequal lengths prove most. The first four are taken.
            targets: Class index of each.
        """
        few, labels = {key: value[:N_PROOF] for key, value in inputs.items()}, targets[:N_PROOF]
        self.way = "texts"
        expected = self.take(few, labels)
        for way in ("layers", "network"):
            self.way = way
            if self._agrees(few, labels, expected):
                return self.way
        self.way = "texts"
        return self.way

    def take(self, inputs: Inputs, targets: torch.Tensor) -> list[torch.Tensor]:
        """The gradient of each text's share of the objective.

        Args:
            inputs: A batch, on the model's device.
            targets: Class index of each text.

        Returns:
            For each block a tensor of shape (n_texts, n_parameters), float32, without a graph.
        """
        ways = {"layers": by_layers, "network": by_network, "texts": by_texts}
        found = ways[self.way](self.model, self.parameters, self.objective, inputs, targets)
        n_texts = len(targets)
        return [
            torch.cat([found[name].reshape(n_texts, -1).float() for name in block.parameters], dim=1)
            for block in self.blocks
        ]

    def _agrees(self, inputs: Inputs, targets: torch.Tensor, expected: list[torch.Tensor]) -> bool:
        try:
            found = self.take(inputs, targets)
        except (RuntimeError, ValueError, TypeError, IndexError):  # torch and the network have many ways to refuse
            return False
        floor = 1e-3 * max(float(each.norm()) for each in expected)
        return all(
            float((one - other).norm()) <= TOLERANCE * (float(other.norm()) + floor)
            for one, other in zip(found, expected, strict=True)
        )


def layout(parameters: Mapping[str, torch.Tensor]) -> tuple[BlockLayout, ...]:
    """One block for each parameter; a layer's weight and bias share one.

    Args:
        parameters: By dotted name.
    """
    grouped: dict[str, list[str]] = {}
    for name in parameters:
        layer, _, last = name.rpartition(".")
        grouped.setdefault(layer if last in {"weight", "bias"} else name, []).append(name)
    return tuple(
        BlockLayout(name, tuple(members), sum(parameters[member].numel() for member in members))
        for name, members in grouped.items()
    )


def by_texts(
    model: nn.Module,
    parameters: Mapping[str, torch.Tensor],
    objective: Objective,
    inputs: Inputs,
    targets: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """The gradients of texts one after the other, each cut to its own length; shapes as in `by_layers`."""
    rows = []
    wanted = list(parameters.values())
    was = [parameter.requires_grad for parameter in wanted]
    try:
        for parameter in wanted:
            parameter.requires_grad_(True)
        for index in range(len(targets)):
            logits = model(**_one(inputs, index)).logits.float()
            value = objective(logits, targets[index : index + 1])
            rows.append(torch.autograd.grad(value, wanted, allow_unused=True, materialize_grads=True))
    finally:
        for parameter, flag in zip(wanted, was, strict=True):
            parameter.requires_grad_(flag)
    return {name: torch.stack(found) for name, found in zip(parameters, zip(*rows, strict=True), strict=True)}


def _one(inputs: Inputs, index: int) -> dict[str, torch.Tensor]:
    n_tokens = int(inputs["attention_mask"][index].sum()) if "attention_mask" in inputs else None
    return {key: value[index : index + 1, :n_tokens] for key, value in inputs.items()}
