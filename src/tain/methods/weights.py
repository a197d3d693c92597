"""Writing the weights that train, and reading saved ones into a model, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from tain.core.errors import DetectorError, MethodError
from tain.methods.method import trainable


def save_trained(model: nn.Module, file: Path) -> None:
    """Write the weights that train.

    Args:
        model: Prepared or trained, not loaded for scoring, where nothing trains.
        file: Safetensors.

    Raises:
        MethodError: If nothing trains, so that an empty file would be written.
    """
    if not (weights := trained_weights(model)):
        raise MethodError(
            f"{file}: no weight of this model trains, so there is nothing to save. Copy its folder instead."
        )
    save_file(weights, file)


def trained_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that train, by name, each in the shape that `read_weights` expects: the one it is published in."""
    state = model.state_dict()
    return {name: state[name].contiguous() for name in trainable(model)}


def read_weights(model: nn.Module, file: Path, *, expected: Sequence[str] | None = None) -> None:
    """Copy the weights of a safetensors file into a model.

    Args:
        model: Changed in place.
        file: Names in it must be the model's.
        expected: Names that must be there; None means every parameter of the model, tied ones once.

    Raises:
        DetectorError: If the file cannot be read, or a weight is missing, unknown or of another shape.
    """
    try:
        weights = load_file(file)
    except (OSError, SafetensorError) as error:
        raise DetectorError(f"{file}: cannot be read as safetensors ({error}).") from error
    own = model.state_dict()
    wanted = {name for name, _ in model.named_parameters()} if expected is None else set(expected)
    problems = [f"{name} is missing" for name in sorted(wanted - set(weights))]
    problems += [f"{name} is unknown" for name in sorted(set(weights) - set(own))]
    problems += [
        f"{name} has shape {tuple(value.shape)}, expected {tuple(own[name].shape)}"
        for name, value in weights.items()
        if name in own and own[name].shape != value.shape
    ]
    if problems:
        raise DetectorError(
            f"{file}: does not fit the model: {'; '.join(problems[:5])}. Was it saved from another base?"
        )
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(value)
