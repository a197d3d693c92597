"""Per-text gradients from what goes in and out of each layer, in one forward and one backward pass of a batch.

Of a linear layer y = W x + b with inputs x_t and output gradients δ_t over the tokens t of one text:

    dW = Σ_t δ_t x_t',   db = Σ_t δ_t

which is one batched product for all texts. Any other layer that holds trained parameters (norms, embeddings, quantised
linear layers, those of AdaLoRA) is derived by itself, mapped over the texts with torch.func. No gradient of a parameter
is summed over texts first. Source: Goodfellow 2015, Efficient per-example gradient computations, arXiv:1510.01799.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, vjp, vmap

Tensors = dict[str, torch.Tensor]
CONTAINERS = (nn.ParameterDict, nn.ParameterList, nn.ModuleDict, nn.ModuleList)


@dataclass
class Layer:
    """A module through whose own call trained parameters act.

    Attributes:
        module: Itself.
        names: Full names of its trained parameters, by their names inside it.
        calls: Arguments and output of each call in the last forward pass.
    """

    module: nn.Module
    names: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[tuple[Any, ...], torch.Tensor]] = field(default_factory=list)


def by_layers(
    model: nn.Module,
    parameters: Mapping[str, torch.Tensor],
    objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    inputs: Mapping[str, torch.Tensor],
    targets: torch.Tensor,
) -> Tensors:
    """The gradients of all texts of a batch.

    Args:
        model: In eval mode, answers with `logits`.
        parameters: To derive by, by dotted name.
        objective: From logits and targets to the sum over texts of what is derived.
        inputs: What the model is called with, each of shape (n_texts, ...).
        targets: Class index of each text.

    Returns:
        For each parameter a tensor of its shape with the texts before it. Zero where it takes no part.

    Raises:
        ValueError: If a layer is called with states that are not one for each text.
    """
    layers = find_layers(model, parameters)
    with _frozen(model), _taped(layers, len(targets)), torch.enable_grad():
        value = objective(model(**inputs).logits.float(), targets)
    outputs = [output for layer in layers for _, output in layer.calls]
    found = iter(torch.autograd.grad(value, outputs, allow_unused=True))
    gradients = {name: parameter.new_zeros((len(targets), *parameter.shape)) for name, parameter in parameters.items()}
    with torch.no_grad():
        for layer in layers:
            for arguments, _ in layer.calls:
                if (delta := next(found)) is not None:
                    _add(gradients, layer, arguments, delta)
    return gradients


def find_layers(model: nn.Module, parameters: Mapping[str, torch.Tensor]) -> list[Layer]:
    """The innermost modules that can be called and hold the parameters, in the model's order."""
    layers: dict[str, Layer] = {}
    for name in parameters:
        path, _, inside = name.rpartition(".")
        while isinstance(model.get_submodule(path), CONTAINERS):
            path, _, last = path.rpartition(".")
            inside = f"{last}.{inside}"
        layers.setdefault(path, Layer(model.get_submodule(path))).names[inside] = name
    return list(layers.values())


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """No parameter requires a gradient, so that the backward pass computes those of states alone."""
    was = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.requires_grad_(False)
        yield
    finally:
        for parameter, flag in was:
            parameter.requires_grad_(flag)


@contextmanager
def _taped(layers: list[Layer], n_texts: int) -> Iterator[None]:
    handles = []
    for layer in layers:
        if isinstance(layer.module, nn.Embedding):
            handles.append(layer.module.register_forward_pre_hook(_spread(n_texts)))
        handles.append(layer.module.register_forward_hook(_record(layer, n_texts), with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _spread(n_texts: int) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    """Positions are looked up once for all texts; looked up for each, their gradients stay apart."""

    def hook(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        del module
        ids = arguments[0]
        return (ids.expand(n_texts, -1),) if ids.ndim == 2 and len(ids) == 1 else arguments

    return hook


def _record(layer: Layer, n_texts: int) -> Any:  # noqa: ANN401 (torch's hook type admits no keywords)
    def hook(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:  # noqa: ANN401
        states = [each for each in (*arguments, output) if isinstance(each, torch.Tensor)]
        is_plain = isinstance(output, torch.Tensor) and not any(isinstance(x, torch.Tensor) for x in named.values())
        if not is_plain or any(not each.ndim or len(each) != n_texts for each in states):
            raise ValueError(f"{type(module).__name__} is not called with one state for each text.")
        if not output.requires_grad:
            output.requires_grad_(True)
        kept = tuple(each.detach() if isinstance(each, torch.Tensor) else each for each in arguments)
        layer.calls.append((kept, output))

    return hook


def _add(gradients: Tensors, layer: Layer, arguments: tuple[Any, ...], delta: torch.Tensor) -> None:
    rule = _of_linear if type(layer.module) is nn.Linear else _of_any
    for name, found in rule(layer, arguments, delta).items():
        gradients[layer.names[name]] += found


def _of_linear(layer: Layer, arguments: tuple[Any, ...], delta: torch.Tensor) -> Tensors:
    n_texts = len(delta)
    delta = delta.reshape(n_texts, -1, delta.shape[-1])
    states = arguments[0].reshape(n_texts, -1, arguments[0].shape[-1]).to(delta.dtype)
    found = {}
    if "weight" in layer.names:
        found["weight"] = delta.transpose(1, 2) @ states
    if "bias" in layer.names:
        found["bias"] = delta.sum(1)
    return found


def _of_any(layer: Layer, arguments: tuple[Any, ...], delta: torch.Tensor) -> Tensors:
    parameters = dict(layer.module.named_parameters())
    free = {name: parameters[name].detach() for name in layer.names}
    places = [index for index, each in enumerate(arguments) if isinstance(each, torch.Tensor)]

    def of_one(states: tuple[torch.Tensor, ...], own: torch.Tensor) -> Tensors:
        given = list(arguments)
        for place, state in zip(places, states, strict=True):
            given[place] = state.unsqueeze(0)
        back = vjp(lambda weights: functional_call(layer.module, weights, tuple(given)), free)[1]
        found: Tensors = back(own.unsqueeze(0))[0]
        return found

    mapped: Tensors = vmap(of_one)(tuple(arguments[place] for place in places), delta)
    return mapped
