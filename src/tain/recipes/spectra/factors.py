"""The thin factors of what peft adds to each matrix, where the change is their product and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.analysis.spectra.change import Factors
from tain.methods.peft_adapter import lora_layers
from tain.models.transposed import is_turned

WRAPPED = "base_model.model."
ADALORA_GUARD = 1e-5  # peft's, beside the rank


def thin_factors(model: nn.Module, *, adapter: str = "default") -> dict[str, Factors]:
    """B and A of every matrix that is W0 + B A, scale included, by the name of the merged weight.

    Args:
        model: As loaded, not merged.
        adapter: peft's name of the adapter.

    Returns:
        B of shape (d_out, r) and A (r, d_in); of embeddings, d_out is the dimension and d_in the number of tokens.
        Layers of another form, as with DoRA, are left out.
    """
    found = {name.removeprefix(WRAPPED): _factors(layer, adapter) for name, layer in lora_layers(model)}
    return {f"{name}.weight": factors for name, factors in found.items() if factors is not None}


def _factors(layer: Any, adapter: str) -> Factors | None:  # noqa: ANN401 (peft has no types)
    kind = type(layer.get_base_layer())
    if adapter in getattr(layer, "lora_variant", {}) or getattr(layer, "use_dora", {}).get(adapter):
        return None
    scale = layer.scaling.get(adapter)
    if kind is nn.Linear and adapter in getattr(layer, "lora_E", {}):
        scale = scale / (float(layer.ranknum[adapter]) + ADALORA_GUARD)
        left, right = scale * _numbers(layer.lora_B[adapter]), _numbers(layer.lora_A[adapter] * layer.lora_E[adapter])
        return (right.T, left.T) if is_turned(layer.get_base_layer()) else (left, right)
    if kind is nn.Linear and adapter in layer.lora_A:
        left, right = scale * _numbers(layer.lora_B[adapter].weight), _numbers(layer.lora_A[adapter].weight)
        return (right.T, left.T) if is_turned(layer.get_base_layer()) else (left, right)
    if kind is nn.Embedding and adapter in layer.lora_embedding_A:
        return scale * _numbers(layer.lora_embedding_B[adapter]), _numbers(layer.lora_embedding_A[adapter])
    return None


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = tensor.detach().to(device="cpu", dtype=torch.float64).numpy()
    return found
