"""What the weights of a network take, those in few bits as they are packed."""

from __future__ import annotations

from torch import nn

from tain.methods.quantised.linear import QuantisedLinear

REPLACED = "original_module"


def weight_bytes(model: nn.Module) -> int:
    """Bytes of every weight: quantised matrices with their scales, all others in their own number format.

    Codebooks follow from the number of bits and are stored nowhere. Weights that two parts share count once, and the
    head as it was drawn, which peft keeps beside the trained one, not at all.

    Args:
        model: Whole, with adapters and head.
    """
    packed = sum(layer.packed.n_bytes for layer in _quantised(model))
    named = model.named_parameters()
    return packed + sum(parameter.nbytes for name, parameter in named if REPLACED not in name.split("."))


def bits_per_weight(model: nn.Module) -> float | None:
    """Bits of a quantised weight with its share of the scales, adapters not counted; None where none is quantised.

    Args:
        model: Its quantised layers are looked at.
    """
    layers = _quantised(model)
    n_weights = sum(layer.out_features * layer.in_features for layer in layers)
    return 8 * sum(layer.packed.n_bytes for layer in layers) / n_weights if n_weights else None


def _quantised(model: nn.Module) -> list[QuantisedLinear]:
    return [module for module in model.modules() if isinstance(module, QuantisedLinear)]
